"""Connections, back-off and named queries."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from onefold.infra.postgres import connect, connect_async, load_queries, pauses, reconnecting
from onefold.kernel.errors import Broken, Unavailable


def test_db_begins_with_what_migrations_left(db: Connection[tuple[Any, ...]]) -> None:
    assert db.execute("select slug from source").fetchall() == [("onefold",)]
    assert db.execute("select lane from log_position order by lane").fetchall() == [(0,), (1,)]


@pytest.mark.parametrize("_", [1, 2])
def test_db_does_not_see_what_another_test_wrote(db: Connection[tuple[Any, ...]], _: int) -> None:
    db.execute("insert into source (slug, name, kind) values ('shop', 'Shop', 'server')")
    assert db.execute("select id from source where slug = 'shop'").fetchone() == (2,)


def test_connections_carry_their_name(pg_url: str) -> None:
    with connect(pg_url, "processor") as connection:
        assert connection.execute("show application_name").fetchone() == ("onefold processor",)

    async def name() -> tuple[Any, ...] | None:
        async with await connect_async(pg_url, "collector") as connection:
            return await (await connection.execute("show application_name")).fetchone()

    assert asyncio.run(name()) == ("onefold collector",)


def test_unreachable_database_is_unavailable_and_keeps_the_password() -> None:
    url = "postgresql://me:hunter2@127.0.0.1:1/x"
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1") as refusal:
        connect(url, "tests")
    assert "hunter2" not in str(refusal.value)
    with pytest.raises(Unavailable):
        asyncio.run(connect_async(url, "tests"))


def test_pauses_grow_and_stay_bounded() -> None:
    found = list(itertools.islice(pauses(), 200))
    assert 0.05 <= found[0] <= 0.1
    assert max(found) <= 5.0
    assert min(found[10:]) >= 2.5


def test_reconnecting_repeats_what_is_unavailable_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onefold.infra.postgres.FIRST_PAUSE_S", 0.001)
    faults: list[Exception] = [Unavailable("down"), psycopg.OperationalError("lost"), Unavailable("down")]

    def attempt() -> str:
        if faults:
            raise faults.pop()
        return "done"

    assert reconnecting(attempt) == "done"
    faults.append(psycopg.InterfaceError("lost"))
    assert reconnecting(attempt) == "done"
    faults.append(Broken("a defect"))
    with pytest.raises(Broken):
        reconnecting(attempt)


def test_reconnecting_gives_up_in_time_or_when_told() -> None:
    def attempt() -> None:
        raise psycopg.OperationalError("lost")

    with pytest.raises(Unavailable):
        reconnecting(attempt, timeout_s=0)
    with pytest.raises(Unavailable):
        reconnecting(attempt, is_stopped=lambda: True)


def test_queries_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "with_queries"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "good.sql").write_text("-- one: gives one\nselect 1 -- not a name\n\n-- two: gives two\nselect 2\n")
    (package / "twice.sql").write_text("-- one: x\nselect 1\n-- one: y\nselect 2\n")
    (package / "nameless.sql").write_text("select 1\n-- one: x\nselect 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_queries("with_queries", "good.sql") == {"one": "select 1 -- not a name", "two": "select 2"}
    for name in ("twice.sql", "nameless.sql"):
        with pytest.raises(Broken):
            load_queries("with_queries", name)
