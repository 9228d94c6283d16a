"""The lake's tables of people and companies are what PostgreSQL has, and only what changed is written."""

from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from psycopg import Connection

from onefold.audiences.api import forget_changes
from onefold.audiences.membership import Cause, Kind
from onefold.kernel.errors import Unavailable
from onefold.lake import people
from onefold.lake.delta import schema_of, stored_columns
from onefold.lake.files import register_files, working_memory
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from onefold.lake.refresh import refresh
from onefold.lake.verify import verify
from onefold.programs.processor import erase
from tests.lake.events import RECEIVED_US, send, track

DAY_US = 86_400_000_000
NAMES = {1: "user_id", 2: "email", 3: "anonymous_id"}


def _table(url: str, location: Location, name: str, *, is_current: bool = False) -> list[dict[str, Any]]:
    files = take_snapshot(url, location, tables=[name] if is_current else []).tables[name]
    with working_memory() as memory:
        register_files(memory, "found", location, files.table, files.files, schema_of(stored_columns(files.table)))
        rows: pa.Table = memory.sql("select * from found order by all").to_arrow_table()
    replaced = set(files.replaced["profile_id"].to_pylist()) if files.replaced else set()
    found = [row for row in rows.to_pylist() if row.get("profile_id") not in replaced]
    if files.hot:
        found += files.hot.select(rows.column_names).to_pylist()
    return sorted(found, key=lambda row: (row.get("profile_id", 0), row.get("identifier_id", 0)))


def _expected(db: Connection[Any]) -> tuple[list[Any], list[Any]]:
    people = db.execute("select id, name, email, is_known from profile order by id").fetchall()
    identifiers = db.execute("select prof, h, val, n from node order by prof, h").fetchall()
    return people, identifiers


def _found(url: str, location: Location, *, is_current: bool = False) -> tuple[list[Any], list[Any]]:
    people = [
        (row["profile_id"], row["name"], row["email"], row["is_known"])
        for row in _table(url, location, "profiles", is_current=is_current)
    ]
    identifiers = [
        (row["profile_id"], row["identifier_id"], row["value"], row["n_events"])
        for row in _table(url, location, "identifiers", is_current=is_current)
    ]
    return people, identifiers


def test_people_are_as_postgresql_has_them_after_each_refresh(
    db: Connection[Any], pg_url: str, location: Location
) -> None:
    send(db, [track(f"user {n}", "Seen", n) | {"anonymousId": f"anon {n}"} for n in range(30)])
    send(db, [{"type": "group", "userId": "user 1", "groupId": "acme", "traits": {"name": "Acme"}, "messageId": "g"}])
    assert _found(pg_url, location, is_current=True) == _expected(db)
    assert [row["name"] for row in _table(pg_url, location, "companies", is_current=True)] == ["Acme"]
    assert refresh(db, pg_url, location, NAMES) == 30
    assert _found(pg_url, location) == _expected(db)
    assert [row["name"] for row in _table(pg_url, location, "companies")] == ["Acme"]
    send(db, [track("ana", "Seen", 100) | {"anonymousId": "new"}], RECEIVED_US + DAY_US)
    identify = {"type": "identify", "traits": {"name": "Ben", "email": "ben@example.com"}}
    send(db, [identify | {"userId": "user 2", "anonymousId": "new", "messageId": "i"}], RECEIVED_US + DAY_US + 10)
    send(db, [{"type": "retract", "source": 1, "messageIds": ["m5"], "messageId": "r"}], RECEIVED_US + 2 * DAY_US)
    assert _found(pg_url, location) != _expected(db)
    assert _found(pg_url, location, is_current=True) == _expected(db)
    before = {file.uri for file in take_snapshot(pg_url, location).tables["profiles"].files}
    refresh(db, pg_url, location, NAMES)
    assert _found(pg_url, location) == _expected(db)
    kept = before & {file.uri for file in take_snapshot(pg_url, location).tables["profiles"].files}
    assert kept, "buckets that nobody touched stay"
    assert refresh(db, pg_url, location, NAMES) == 0


@pytest.mark.parametrize("location", ["folder"], indirect=True)
def test_identifiers_have_the_names_of_their_namespaces(db: Connection[Any], pg_url: str, location: Location) -> None:
    send(db, [track("ana", "Seen", 1) | {"anonymousId": "a"}])
    codes = {code: f"namespace {code}" for (code,) in db.execute("select ns from node")}
    refresh(db, pg_url, location, codes)
    assert {row["namespace"] for row in _table(pg_url, location, "identifiers")} == set(codes.values())


@pytest.mark.parametrize("location", ["folder"], indirect=True)
def test_who_is_being_erased_is_in_no_table_even_before_the_next_refresh(
    db: Connection[Any], pg_url: str, location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(db, [track("ana", "Seen", n) for n in range(5)] + [track("ben", "Seen", 10)])
    refresh(db, pg_url, location, NAMES)
    row = db.execute(
        "insert into privacy_request (kind, requested_by, identifier, is_suppressed)"
        " values ('erase', 'test', '[\"user_id\", \"ana\"]', false) returning id"
    ).fetchone()
    monkeypatch.setattr(erase, "PIECES_AT_ONCE", 0)
    send(db, [{"type": "request", "request": row[0] if row else 0, "messageId": "q"}], RECEIVED_US + DAY_US)
    assert db.execute("select count(*) from withheld").fetchone() == (1,)
    assert [row["value"] for row in _table(pg_url, location, "identifiers")] == ["ben"]
    assert _found(pg_url, location) == _expected(db)


@pytest.mark.parametrize("location", ["folder"], indirect=True)
def test_more_changes_than_can_be_read_at_once_are_said(
    db: Connection[Any], pg_url: str, location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(db, [track(f"user {n}", "Seen", n) for n in range(30)])
    monkeypatch.setattr(people, "MAX_CHANGED_BYTES", 100)
    with pytest.raises(Unavailable, match="More profiles changed since the lake's last refresh"):
        take_snapshot(pg_url, location, tables=["profiles"])
    refresh(db, pg_url, location, NAMES)
    assert len(take_snapshot(pg_url, location, tables=["profiles"]).tables["profiles"].files) > 0


def _change(
    db: Connection[Any], profile: int, kind: Kind, cause: Cause = Cause.EVENT, other: int | None = None
) -> None:
    """Of audience 7, as the processor writes it; by event `profile`."""
    db.execute(
        "insert into membership_move (audiences, profile, kinds, at, cause, event, versions, other)"
        " values ('{7}', %s, array[%s]::smallint[], clock_timestamp(), %s, %s, '{2}', %s)",
        [profile, kind, cause, UUID(int=profile) if cause is Cause.EVENT else None, other],
    )
    if kind in (Kind.ENTERED, Kind.MOVED_HERE):
        db.execute("insert into member_of values (%s, '\\x80')", [profile])
    else:
        db.execute("delete from member_of where profile = %s", [profile])


def _intervals(url: str, location: Location, *, is_current: bool) -> list[tuple[Any, ...]]:
    """Profile, causes and ends of merges; checked that times and events are there where they should be."""
    rows = _table(url, location, "memberships", is_current=is_current)
    for row in rows:
        assert (row["left_at"] is None) == (row["left_cause"] is None)
        assert row["left_at"] is None or row["left_at"] > row["entered_at"]
        assert (row["entered_cause"] == "event") == (row["entered_event"] == row["profile_id"].to_bytes(16, "big"))
        assert (row["audience_id"], row["version"]) == (7, 2)
    names = ("profile_id", "entered_cause", "entered_from", "left_cause", "left_to")
    rows.sort(key=lambda row: (row["profile_id"], row["entered_at"]))
    return [tuple(row[name] for name in names) for row in rows]


def test_memberships_are_from_entering_to_leaving(db: Connection[Any], pg_url: str, location: Location) -> None:
    for profile in range(1, 40):
        _change(db, profile, Kind.ENTERED)
    _change(db, 1, Kind.LEFT, Cause.TIME)
    _change(db, 1, Kind.ENTERED, Cause.RULE)
    expected: list[tuple[Any, ...]] = [(1, "event", None, "time", None), (1, "rule", None, None, None)]
    expected += [(profile, "event", None, None, None) for profile in range(2, 40)]
    assert _intervals(pg_url, location, is_current=True) == expected
    assert _intervals(pg_url, location, is_current=False) == []
    refresh(db, pg_url, location, NAMES)
    assert _intervals(pg_url, location, is_current=False) == expected

    _change(db, 3, Kind.LEFT, Cause.REMOVED)
    _change(db, 2, Kind.MOVED_AWAY, Cause.IDENTITY, 50)
    _change(db, 50, Kind.MOVED_HERE, Cause.IDENTITY, 2)
    expected[2:4] = [(2, "event", None, "identity", 50), (3, "event", None, "removed", None)]
    expected.append((50, "identity", 2, None, None))
    before = {file.uri for file in take_snapshot(pg_url, location).tables["memberships"].files}
    assert _intervals(pg_url, location, is_current=True) == expected
    refresh(db, pg_url, location, NAMES)
    assert _intervals(pg_url, location, is_current=False) == expected
    kept = before & {file.uri for file in take_snapshot(pg_url, location).tables["memberships"].files}
    assert kept, "buckets that nobody touched stay"
    assert refresh(db, pg_url, location, NAMES) == 0


@pytest.mark.parametrize("location", ["folder"], indirect=True)
def test_memberships_of_who_was_erased_go(db: Connection[Any], pg_url: str, location: Location) -> None:
    for profile in (1, 2):
        _change(db, profile, Kind.ENTERED)
    refresh(db, pg_url, location, NAMES)
    forget_changes(db, [1])
    _change(db, 1, Kind.LEFT, Cause.TAKEN_BACK)
    assert _intervals(pg_url, location, is_current=True) == [(2, "event", None, None, None)]
    refresh(db, pg_url, location, NAMES)
    assert _intervals(pg_url, location, is_current=False) == [(2, "event", None, None, None)]


@pytest.mark.parametrize("location", ["folder"], indirect=True)
def test_members_that_the_lake_does_not_have_so_are_found(db: Connection[Any], pg_url: str, location: Location) -> None:
    db.execute(
        "insert into audience (id, name, state, created_by) overriding system value"
        " select id, id::text, 'live', 'test' from generate_series(7, 8) id"
    )
    for profile in (1, 2):
        _change(db, profile, Kind.ENTERED)
    assert verify(pg_url, location).faults == []
    refresh(db, pg_url, location, NAMES)
    assert verify(pg_url, location).faults == []
    db.execute("delete from member_of where profile = 1")
    db.execute("insert into member_of values (3, '\\x0001')")
    assert verify(pg_url, location).faults == [
        "Profile 1: is not in audience 7, by the lake it is.", "Profile 3: is in audience 8, by the lake it is not.",
    ]  # fmt: skip
