"""What could go wrong without anything being broken: people who come again, wild events, wrong clocks, much at once."""

from typing import Any

import pytest
from psycopg import Connection

from onefold.lake.compact import compact
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from tests.lake.events import RECEIVED_US, rows_in_database, rows_in_snapshot, send, track

DAY_US = 86_400_000_000


@pytest.fixture
def folder(tmp_path: Any) -> Location:
    """A lake in a folder."""
    return Location(str(tmp_path / "lake"))


def demand_same(db: Connection[Any], pg_url: str, location: Location) -> None:
    assert rows_in_snapshot(take_snapshot(pg_url, location)) == rows_in_database(db)


def retract(*messages: str) -> dict[str, Any]:
    return {"type": "retract", "source": 1, "messageIds": list(messages), "messageId": f"r {messages}"}


def test_who_comes_again_after_a_retraction_has_today_s_profile(
    db: Connection[Any], pg_url: str, folder: Location
) -> None:
    send(db, [{"type": "track", "event": "Seen", "anonymousId": "a", "messageId": "m1"}, track("ana", "Seen", 2)])
    flush(db, pg_url, folder)
    send(db, [{"type": "identify", "userId": "ana", "anonymousId": "a", "messageId": "m3"}], RECEIVED_US + DAY_US)
    flush(db, pg_url, folder)
    assert db.execute("select count(*) from lake_override").fetchone() == (1,)
    send(db, [retract("m2", "m3")], RECEIVED_US + 2 * DAY_US)
    demand_same(db, pg_url, folder)
    flush(db, pg_url, folder)
    send(db, [track("ana", "Seen again", 4)], RECEIVED_US + 3 * DAY_US)
    demand_same(db, pg_url, folder)
    flush(db, pg_url, folder)
    demand_same(db, pg_url, folder)
    compact(db, folder, everything=True)
    demand_same(db, pg_url, folder)
