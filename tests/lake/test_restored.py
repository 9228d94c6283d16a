"""PostgreSQL restored from a backup that is older than the lake: both are of the backup's moment again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from onefold.config import load_settings
from onefold.infra.postgres import connect
from onefold.lake.compact import compact
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.promote import promote
from onefold.lake.reading import take_snapshot
from onefold.lake.refresh import refresh
from onefold.lake.verify import verify
from onefold.programs.backup import back_up, restore
from tests.lake.events import RECEIVED_US, rows_in_database, rows_in_snapshot, send, track

pytestmark = pytest.mark.usefixtures("django_elsewhere")

HOUR_US = 3_600_000_000


def live(url: str, lake: Location, hours: Iterator[int]) -> None:
    """An hour: events, merges, a flush, and everything compacted."""
    with connect(url, "tests", autocommit=True) as conn:
        hour = next(hours)
        batch: list[dict[str, Any]] = [track(f"user {k % 7}", "Seen", hour * 100 + k) for k in range(20)]
        batch.append({"type": "identify", "userId": f"user {hour}", "anonymousId": f"a{hour}", "messageId": f"i{hour}"})
        send(conn, batch, RECEIVED_US + hour * HOUR_US)
        flush(conn, url, lake)
        promote(conn, lake, f"property {hour}", "string")
        refresh(conn, url, lake, {1: "user_id"})
        compact(conn, lake, everything=True)


def is_whole(conn: Connection[Any], url: str, lake: Location) -> bool:
    """Whether the lake says what the database does."""
    return rows_in_snapshot(take_snapshot(url, lake)) == rows_in_database(conn) and verify(url, lake).faults == []


def test_the_lake_follows_a_database_that_went_back(own_pg_url: str, tmp_path: Path) -> None:
    lake, hours = Location(str(tmp_path / "lake")), iter(range(100))
    settings = load_settings({"DATABASE_URL": own_pg_url, "ONEFOLD_DATA_DIR": str(tmp_path / "data")})
    (tmp_path / "data").mkdir()
    for _ in range(2):
        live(own_pg_url, lake, hours)
    back_up(settings, tmp_path / "one.zip", with_lake=False)
    for _ in range(3):
        live(own_pg_url, lake, hours)
    restore(settings, tmp_path / "one.zip", is_replacing=True)
    with connect(own_pg_url, "tests", autocommit=True) as conn:
        assert is_whole(conn, own_pg_url, lake)
        assert set(take_snapshot(own_pg_url, lake).promoted) == {"property 0", "property 1"}
        for _ in range(2):
            live(own_pg_url, lake, hours)
            assert is_whole(conn, own_pg_url, lake)
