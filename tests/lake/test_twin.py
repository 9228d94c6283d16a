"""Whatever comes in whatever order, the lake says what PostgreSQL says, and what the slow reference says."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from onefold.events.api import INTERNAL_SOURCE, LogRow, Trust
from onefold.infra.postgres import connect
from onefold.lake.compact import compact
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.erase import erase_piece
from onefold.programs.processor.steps import process
from tests.lake.conftest import BUCKET
from tests.lake.events import Row, rows_in_database, rows_in_snapshot
from tests.processor.driving import deliver, install
from tests.reference.oracle import expected
from tests.reference.strategies import NAMES, History, deliveries, histories, ident
from tests.reference.world import Ident, World

KEY: Final = b"a key of 32 characters and a few more"
Work = Callable[[Connection[Any], str, Location], object]
WORK: Final[dict[str, Work]] = {
    "flush": flush,
    "flush in chunks": lambda conn, url, location: flush(conn, url, location, chunk_events=3),
    "compact": lambda conn, _, location: compact(conn, location),
    "compact everything": lambda conn, _, location: compact(conn, location, everything=True),
}
SUPPRESSED: Final = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
_numbers: Final = itertools.count()

Step = str | Ident | list[Any]
"""Work on the lake, somebody to erase, or a batch to process."""


@st.composite
def stories(draw: st.DrawFn, *, erasures: bool) -> tuple[History, list[Step]]:
    """Batches of a history, and what happens to the lake between them."""
    history = draw(histories(max_events=40))
    idents = st.builds(ident, st.sampled_from(NAMES), st.integers(0, 3))
    between = st.sampled_from(sorted(WORK))
    acts = st.lists(st.one_of(between, between, idents) if erasures else between, max_size=3)
    steps: list[Step] = []
    for batch in draw(deliveries(history.events, is_log_order=True)):
        steps += [batch, *draw(acts)]
    return history, [*steps, "flush"]


def play(conn: Connection[Any], url: str, location: Location, history: History, steps: list[Step]) -> list[Row]:
    """After each step a snapshot holds what the database holds; what that is in the end."""
    install(conn, history.config)
    offset = 1
    for step in steps:
        if isinstance(step, str):
            WORK[step](conn, url, location)
        elif isinstance(step, Ident):
            erase(conn, step)
        else:
            offset = deliver(conn, step, offset)
        assert rows_in_snapshot(take_snapshot(url, location)) == rows_in_database(conn)
    return rows_in_database(conn)


def erase(conn: Connection[Any], whom: Ident) -> None:
    """What the web program logs, processed to its end. Nobody is suppressed: who is erased may come again."""
    row = conn.execute(
        "insert into privacy_request (kind, requested_by, identifier, is_suppressed) values ('erase', 'test', %s, false)"
        " returning id",
        [json.dumps([whom.namespace, whom.value])],
    ).fetchone()
    assert row is not None
    body = json.dumps({"batch": [{"type": "request", "request": row[0], "messageId": f"erase {row[0]}"}]}).encode()
    request = LogRow(1, 1000, 1, 0, INTERNAL_SOURCE, Trust.SECRET, 1_900_000_000_000_000, 1, "", "", body)
    with conn.transaction():
        context = load_context(conn, suppression_key=KEY)
        process(conn, context, prepare([request], context))
    while _goes_on(conn):
        pass


def _goes_on(conn: Connection[Any]) -> bool:
    with conn.transaction():
        return erase_piece(conn, load_context(conn, suppression_key=KEY))


def demand_world(world: World, rows: list[Row]) -> None:
    """The rows are the reference's accepted events, each of them its profile's."""
    assert {(row.event_id, round(row.received_at.timestamp() * 1_000_000)) for row in rows} == world.accepted
    assert len(rows) == len(world.accepted)
    assert [row for row in rows if row.kind not in ("link", "retract")] == [
        row._replace(profile_id=world.nodes[row.fragment_id].profile)  # type: ignore[index]  # H is an int
        for row in rows
        if row.kind not in ("link", "retract")
    ]


@pytest.fixture
def conn(pg_url: str) -> Iterator[Connection[Any]]:
    with connect(pg_url, "tests", autocommit=True) as connection:
        yield connection


@settings(max_examples=25, deadline=None, suppress_health_check=SUPPRESSED)
@given(story=stories(erasures=False))
def test_lake_database_and_reference_agree(
    conn: Connection[Any], pg_url: str, clean_database: Callable[[], None], tmp_path: Path, story: Any
) -> None:
    clean_database()
    history, steps = story
    rows = play(conn, pg_url, Location(str(tmp_path / f"lake{next(_numbers)}")), history, steps)
    demand_world(expected(history.events, history.config), rows)


@settings(max_examples=25, deadline=None, suppress_health_check=SUPPRESSED)
@given(story=stories(erasures=True))
def test_lake_and_database_agree_while_people_are_erased(
    conn: Connection[Any], pg_url: str, clean_database: Callable[[], None], tmp_path: Path, story: Any
) -> None:
    clean_database()
    play(conn, pg_url, Location(str(tmp_path / f"lake{next(_numbers)}")), *story)


@settings(max_examples=3, deadline=None, suppress_health_check=SUPPRESSED)
@given(story=stories(erasures=True))
def test_they_agree_in_an_object_store(
    conn: Connection[Any],
    pg_url: str,
    clean_database: Callable[[], None],
    object_store: dict[str, str],
    tmp_path: Path,
    story: Any,
) -> None:
    clean_database()
    address = f"s3://{BUCKET}/{tmp_path.parent.name}-twin{next(_numbers)}"
    play(conn, pg_url, Location(address, object_store), *story)
