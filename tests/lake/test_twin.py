"""Whatever comes in whatever order, the lake says what PostgreSQL says, and what the slow reference says."""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from onefold.events.api import INTERNAL_SOURCE, LogRow, Trust
from onefold.infra.postgres import connect
from onefold.kernel.hashing import company_hash
from onefold.lake.compact import compact
from onefold.lake.delta import schema_of, stored_columns
from onefold.lake.files import register_files, working_memory
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from onefold.lake.refresh import refresh
from onefold.lake.snapshot import Snapshot
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

CODES: Final = {code: str(code) for code in range(200)}
KEY: Final = b"a key of 32 characters and a few more"
Clean = Callable[[], None]
Work = Callable[[Connection[Any], str, Location], object]
WORK: Final[dict[str, Work]] = {
    "flush": flush,
    "flush in chunks": lambda conn, url, location: flush(conn, url, location, chunk_events=3),
    "refresh": lambda conn, url, location: refresh(conn, url, location, CODES),
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
        snapshot = take_snapshot(url, location)
        assert rows_in_snapshot(snapshot) == rows_in_database(conn)
        if step == "refresh":
            demand_people(conn, location, snapshot)
    return rows_in_database(conn)


def demand_people(conn: Connection[Any], location: Location, snapshot: Snapshot) -> None:
    """The tables of people are what PostgreSQL has."""
    found = {name: rows_of_table(location, snapshot, name) for name in ("profiles", "identifiers", "companies")}
    assert {(row["profile_id"], row["traits"]) for row in found["profiles"]} == set(
        conn.execute("select id, traits::text from profile")
    )
    assert {(row["profile_id"], row["identifier_id"], row["n_events"]) for row in found["identifiers"]} == set(
        conn.execute("select prof, h, n from node")
    )
    assert {(row["company_id"], row["n_events"]) for row in found["companies"]} == set(
        conn.execute("select h, n from company")
    )


def rows_of_table(location: Location, snapshot: Snapshot, name: str) -> list[dict[str, Any]]:
    files = snapshot.tables[name]
    with working_memory() as memory:
        register_files(memory, "found", location, files.table, files.files, schema_of(stored_columns(files.table)))
        rows: pa.Table = memory.sql("select * from found").to_arrow_table()
    return list(rows.to_pylist())


def erase(conn: Connection[Any], whom: Ident) -> None:
    """What the web program logs, processed to its end. Nobody is suppressed: who is erased may come again."""
    row = conn.execute(
        "insert into privacy_request (kind, requested_by, identifier, is_suppressed)"
        " values ('erase', 'test', %s, false) returning id",
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
    """The rows are the reference's accepted events, each of them its profile's, or a company's own."""
    companies = {company_hash(*key) for key in world.companies}
    assert {(row.event_id, round(row.received_at.timestamp() * 1_000_000)) for row in rows} == world.accepted
    assert len(rows) == len(world.accepted)
    for row in rows:
        if row.kind not in ("link", "retract"):
            node = world.nodes.get(row.fragment_id)  # type: ignore[call-overload]  # H is an int
            assert node or row.fragment_id in companies
            assert row.profile_id == (node.profile if node else row.fragment_id)


@pytest.fixture
def conn(pg_url: str) -> Iterator[Connection[Any]]:
    with connect(pg_url, "tests", autocommit=True) as connection:
        yield connection


def examples(n: int) -> settings:
    """So many of them; each takes half a second or more."""
    return settings(max_examples=n, deadline=None, suppress_health_check=SUPPRESSED)


def demand_agreement(conn: Connection[Any], url: str, location: Location, data: st.DataObject) -> None:
    """Lake and database agree after each step, and at the end with the reference."""
    history, steps = data.draw(stories(erasures=False))
    rows = play(conn, url, location, history, steps)
    demand_world(expected(history.events, history.config), rows)


@examples(5)
@given(data=st.data())
def test_lake_database_and_reference_agree(
    conn: Connection[Any], pg_url: str, clean_database: Clean, tmp_path: Path, data: st.DataObject
) -> None:
    clean_database()
    demand_agreement(conn, pg_url, Location(f"{tmp_path}/lake{next(_numbers)}"), data)


@examples(5)
@given(data=st.data())
def test_lake_and_database_agree_while_people_are_erased(
    conn: Connection[Any], pg_url: str, clean_database: Clean, tmp_path: Path, data: st.DataObject
) -> None:
    clean_database()
    play(conn, pg_url, Location(f"{tmp_path}/lake{next(_numbers)}"), *data.draw(stories(erasures=True)))


@examples(2)
@given(data=st.data())
def test_they_agree_in_an_object_store(
    conn: Connection[Any], pg_url: str, clean_database: Clean, object_store: dict[str, str], data: st.DataObject
) -> None:
    clean_database()
    address = f"s3://{BUCKET}/twin-{os.getpid()}-{next(_numbers)}"
    play(conn, pg_url, Location(address, object_store), *data.draw(stories(erasures=True)))


@pytest.mark.soak
@examples(300)
@given(data=st.data())
def test_they_agree_for_hours(
    conn: Connection[Any], pg_url: str, clean_database: Clean, tmp_path: Path, data: st.DataObject
) -> None:
    clean_database()
    location = Location(f"{tmp_path}/lake{next(_numbers)}")
    if data.draw(st.booleans()):
        demand_agreement(conn, pg_url, location, data)
    else:
        play(conn, pg_url, location, *data.draw(stories(erasures=True)))
