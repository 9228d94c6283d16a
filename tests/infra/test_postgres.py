"""Connections, back-off and named queries."""

from typing import Any

from psycopg import Connection


def test_db_begins_with_what_migrations_left(db: Connection[tuple[Any, ...]]) -> None:
    assert db.execute("select slug from source").fetchall() == [("onefold",)]
    db.execute("insert into source (slug, name, kind) values ('shop', 'Shop', 'server')")
    assert db.execute("select id from source where slug = 'shop'").fetchone() == (2,)


def test_db_does_not_see_what_another_test_wrote(db: Connection[tuple[Any, ...]]) -> None:
    db.execute("insert into source (slug, name, kind) values ('shop', 'Shop', 'server')")
    assert db.execute("select id from source where slug = 'shop'").fetchone() == (2,)
