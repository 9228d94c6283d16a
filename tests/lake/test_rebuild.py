"""`onefold rebuild` computes the same from the lake as from PostgreSQL, and mends whatever differs."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from onefold.events.api import LogRow, Trust
from onefold.infra.postgres import connect
from onefold.lake.compact import compact
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.state import LakeDamaged
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.rebuild import rebuild
from onefold.programs.processor.steps import process
from tests.processor.driving import NOWHERE, check_rebuild, deliver, install, read_world, undone
from tests.reference.oracle import expected
from tests.reference.strategies import deliveries, histories
from tests.reference.world import diff

DAY_US = 86_400_000_000
RECEIVED_US = 1_767_225_600_000_000
STATE = {
    "node": "h, ns, val, rcv, comp, prof, fl, deg, n, own_rcv, first_ts, last_ts, nullif(substr(doc, 2), '')",
    **dict.fromkeys(
        ("edge", "link_rule", "profile", "company", "company_member", "consent", "profile_search", "profile_traits"),
        "*",
    ),
}
"""Tables and what of them is compared; an empty document is none."""


def send(conn: Connection[Any], *bodies: bytes, source: int = 2, at_us: int = RECEIVED_US) -> None:
    """Requests as they lie in the log, a microsecond apart, in one batch."""
    rows = [
        LogRow(1, 1000, n, 0, source, Trust.PUBLIC, at_us + n, 1, "", "", body)
        for n, body in enumerate(bodies, start=1)
    ]
    with conn.transaction():
        context = load_context(conn)
        process(conn, context, prepare(rows, context))


def batch(*events: dict[str, Any]) -> bytes:
    """A request; each event has the name that its place gives it."""
    return json.dumps({"batch": [{"messageId": f"m{n}", **event} for n, event in enumerate(events)]}).encode()


@pytest.fixture
def shop(db: Connection[Any]) -> Connection[Any]:
    db.execute("insert into source (id, slug, name, kind, user_space) values (2, 'shop', 'Shop', 'server', 'shop')")
    return db


def differing(conn: Connection[Any], location: Location = NOWHERE) -> list[str]:
    with conn.transaction():
        return check_rebuild(conn, location)


def state_of(conn: Connection[Any]) -> dict[str, list[str]]:
    """Rows as texts."""
    query = "select {} from {}"
    return {table: sorted(map(repr, conn.execute(query.format(what, table)))) for table, what in STATE.items()}


@settings(
    max_examples=15, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(data=st.data())
def test_stream_reference_and_rebuilds_from_lake_and_postgresql_are_one(
    pg_url: str, clean_database: Callable[[], None], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    clean_database()
    location = Location(str(tmp_path_factory.mktemp("lake")))
    history = data.draw(histories(max_events=60))
    with connect(pg_url, "tests", autocommit=True) as conn:
        install(conn, history.config)
        off = 1
        for events in data.draw(deliveries(history.events, is_log_order=True)):
            off = deliver(conn, events, off)
            for act in data.draw(st.lists(st.sampled_from(("flush", "compact")), max_size=2)):
                if act == "flush":
                    flush(conn, pg_url, location)
                else:
                    compact(conn, location, everything=True)
        assert diff(expected(history.events, history.config), read_world(conn, history.config)) == []
        assert differing(conn, location) == []
        with undone(conn):  # what the lake has is read from there
            conn.execute("delete from event where position <= (select flushed from lake_progress)")
            assert check_rebuild(conn, location) == []
        with undone(conn):  # and of PostgreSQL nothing is left out if the lake has nothing
            conn.execute("delete from lake_table")
            conn.execute("update lake_progress set flushed = 0")
            assert check_rebuild(conn, NOWHERE) == []


DENIED = {"categoryPreferences": {"ads": False}}
AWKWARD: Sequence[bytes] = (
    b'{"batch":[{"type":"track","event":"A","userId":"first","userId":"last","messageId":"1"}]}',
    b'{"batch":[{"type":"Track","event":"A","user\\u0049d":1e3,"messageId":"2","context":{"device":{"id":7}}}]}',
    b'{"gpc":true,"batch":[{"type":"page","anonymousId":"a1","messageId":"3"}]}',
    b'{"gpc":true,"batch":[{"type":"page","anonymousId":"a1","messageId":"4"}]}',
    batch(
        {"type": "identify", "userId": "u1", "context": {"traits": {"email": "A@b.ro", "plan": "pro"}}},
        {"type": "identify", "userId": "u1", "traits": {"plan": "free", "phone": {"no": "text"}}},
        {"type": "identify", "userId": "u1", "traits": {"plan": "free", "phone": {"no": "text"}}},
        {"type": "identify", "userId": "u1", "traits": {}},
        {"type": "group", "userId": "u1", "groupId": 12, "traits": {"name": "Acme", "email": "of@the.firm"}},
        {"type": "group", "userId": "u1", "groupId": "12", "context": {"traits": {"email": "a@b.ro"}}},
        {"type": "alias", "userId": "u1", "previousId": "a1"},
        {"type": "screen", "userId": "u1", "context": {"externalIds": [{"type": "email", "id": "x@y.ro"}]}},
        {"type": "track", "event": "Consent Updated", "userId": "u1", "properties": {"purposes": {"ads": True}}},
        {"type": "track", "event": "Seen", "userId": "u1", "context": {"consent": DENIED}},
        {"type": "track", "event": "Seen", "userId": "u2", "context": {"consent": DENIED}},
        {"type": "track", "event": "Seen", "userId": "null", "anonymousId": "a2"},
    ),
)  # fmt: skip


def test_awkward_events_are_read_as_the_stream_reads_them(
    shop: Connection[Any], pg_url: str, location: Location
) -> None:
    send(shop, *AWKWARD)
    send(shop, *AWKWARD, at_us=RECEIVED_US + 3 * DAY_US)  # accepted again
    assert differing(shop) == []
    flush(shop, pg_url, location)
    send(shop, *AWKWARD, at_us=RECEIVED_US + 5 * DAY_US)
    assert differing(shop, location) == []
    compact(shop, location, everything=True)
    flush(shop, pg_url, location)
    assert differing(shop, location) == []


def test_a_rebuild_mends_whatever_is_wrong(shop: Connection[Any], pg_url: str, location: Location) -> None:
    send(shop, *AWKWARD)
    flush(shop, pg_url, location)
    before = state_of(shop)
    shop.execute("delete from node where ns = 3")
    shop.execute("update node set prof = 5, n = n + 1 where n = 1")
    shop.execute("insert into node (h, ns, val, rcv, comp, prof) values (5, 3, 'who@is.it', 7, 5, 5)")
    shop.execute("delete from edge")
    shop.execute("update profile set name = 'Somebody else'")
    shop.execute("insert into company_member values (1, 2, 3, 4)")
    shop.execute("truncate consent, company")
    shop.execute("update lake_progress set refreshed = 100")
    n = len(differing(shop, location))
    with connect(pg_url, "rebuild") as conn:
        checked = rebuild(conn, location, is_check=True)
    with connect(pg_url, "rebuild") as conn:
        mended = rebuild(conn, location, is_check=False)
    assert n == checked.n == mended.n > 20
    assert mended.first == checked.first
    assert differing(shop, location) == []
    assert state_of(shop) == before
    assert shop.execute("select refreshed from lake_progress").fetchone() == (0,)
    assert shop.execute("select count(*) from identity_move where from_prof = 5").fetchone() != (0,)


def test_what_is_being_erased_is_in_sums_only(shop: Connection[Any], pg_url: str, location: Location) -> None:
    send(
        shop, batch({"type": "page", "userId": "u1", "name": "Home"}, {"type": "page", "userId": "u2", "name": "Home"})
    )
    flush(shop, pg_url, location)
    shop.execute("insert into withheld select h from node where val = 'u1'")
    shop.execute("delete from profile where id in (select fragment from withheld)")
    shop.execute("delete from node where h in (select fragment from withheld)")
    assert differing(shop, location) == []
    with connect(pg_url, "rebuild") as conn:
        rebuild(conn, location, is_check=False)
    assert shop.execute("select page, n from page_tally").fetchall() == [("Home", 2)]
    assert shop.execute("select sum(n) from event_tally").fetchone() == (2,)


def test_a_lake_that_has_lost_a_file_is_not_taken_for_history(
    shop: Connection[Any], pg_url: str, tmp_path: Path
) -> None:
    location = Location(str(tmp_path / "lake"))
    send(shop, *AWKWARD)
    flush(shop, pg_url, location)
    for path in tmp_path.rglob("*.parquet"):
        path.unlink()
    with pytest.raises(LakeDamaged, match="is not there"):
        differing(shop, location)
