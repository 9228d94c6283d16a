"""Sources: what may be said of them, and that collectors hear of every change."""

from typing import Any

import pytest
from psycopg import Connection

from onefold.events.api import (
    NewSource,
    SourceRejected,
    create_source,
    disable_source,
    get_source,
    list_sources,
    update_source,
)
from onefold.kernel.errors import NotFound

Conn = Connection[Any]
GOOD: dict[str, Any] = {"slug": "shop", "name": "Shop", "kind": "server"}


def test_a_source_is_created_and_found(db: Conn) -> None:
    created = create_source(db, NewSource(**GOOD, user_space="shop", priority=50, rate_limit=9), acting_user="alice")
    assert get_source(db, "shop") == created
    assert (created.user_space, created.priority, created.rate_limit, created.is_enabled) == ("shop", 50, 9, True)
    assert [source.slug for source in list_sources(db)] == ["onefold", "shop"]


@pytest.mark.parametrize(("kind", "lane"), [("browser", 0), ("server", 0), ("import", 1)])
def test_imports_take_the_bulk_lane(db: Conn, kind: str, lane: int) -> None:
    assert create_source(db, NewSource(slug="x", name="X", kind=kind), acting_user="alice").lane == lane


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ({"slug": ""}, "slug"),
        ({"slug": "-x"}, "slug"),
        ({"slug": "Shop"}, "slug"),
        ({"slug": "a" * 64}, "slug"),
        ({"slug": "a\n"}, "slug"),
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"kind": "internal"}, "kind"),
        ({"user_space": "a:b"}, "user_space"),
        ({"lane": 2}, "lane"),
        ({"priority": -1}, "priority"),
        ({"ip_policy": "sell"}, "ip_policy"),
        ({"rate_limit": 0}, "rate_limit"),
        ({"rate_limit": 2**31}, "rate_limit"),
        ({"allowed_origins": ("example.com",)}, "allowed_origins"),
        ({"allowed_origins": ("https://example.com/path",)}, "allowed_origins"),
        ({"allowed_origins": ("https://a.b",) * 101}, "allowed_origins"),
    ],
)
def test_a_wrong_source_is_refused_and_nothing_is_stored(db: Conn, fault: dict[str, Any], word: str) -> None:
    with pytest.raises(SourceRejected, match=word):
        create_source(db, NewSource(**(GOOD | fault)), acting_user="alice")
    assert [source.slug for source in list_sources(db)] == ["onefold"]


def test_all_faults_are_told_at_once(db: Conn) -> None:
    with pytest.raises(SourceRejected, match=r"slug.*kind.*ip_policy"):
        create_source(db, NewSource(slug="!", name="x", kind="?", ip_policy="?"), acting_user="alice")


def test_a_slug_is_taken_once(db: Conn) -> None:
    create_source(db, NewSource(**GOOD), acting_user="alice")
    with pytest.raises(SourceRejected, match="taken"):
        create_source(db, NewSource(**GOOD), acting_user="bob")


def test_a_source_is_changed(db: Conn) -> None:
    create_source(db, NewSource(**GOOD), acting_user="alice")
    changes = {"name": "Store", "allowed_origins": ("https://Shop.Example.com/",), "rate_limit": 5, "ip_policy": "drop"}
    changed = update_source(db, "shop", changes, acting_user="alice")
    assert get_source(db, "shop") == changed
    assert (changed.name, changed.rate_limit, changed.ip_policy) == ("Store", 5, "drop")
    assert changed.allowed_origins == ("https://shop.example.com",)
    assert not disable_source(db, "shop", acting_user="alice").is_enabled
    assert update_source(db, "shop", {"is_enabled": True}, acting_user="alice").is_enabled


@pytest.mark.parametrize("changes", [{"slug": "x"}, {"kind": "browser"}, {"id": 9}, {"user_space": "y"}, {"lane": 7}])
def test_what_can_not_change_does_not(db: Conn, changes: dict[str, Any]) -> None:
    before = create_source(db, NewSource(**GOOD), acting_user="alice")
    with pytest.raises(SourceRejected):
        update_source(db, "shop", changes, acting_user="alice")
    assert get_source(db, "shop") == before


def test_onefolds_own_source_stays_as_it_is(db: Conn) -> None:
    with pytest.raises(SourceRejected):
        disable_source(db, "onefold", acting_user="alice")
    assert get_source(db, "onefold").is_enabled


def test_an_unknown_source_is_not_found(db: Conn) -> None:
    with pytest.raises(NotFound):
        update_source(db, "nobody", {"name": "x"}, acting_user="alice")


def test_every_change_is_announced(db: Conn) -> None:
    db.execute("listen onefold_sources")
    create_source(db, NewSource(**GOOD), acting_user="alice")
    update_source(db, "shop", {"name": "Store"}, acting_user="alice")
    assert len(list(db.notifies(timeout=0.2))) == 2
