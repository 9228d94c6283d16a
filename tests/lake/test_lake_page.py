"""docs/reference/lake.md says what the tables are, and its examples run."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from psycopg import Connection
from pyarrow.dataset import field

from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.refresh import refresh
from onefold.lake.tables import TABLES
from tests.lake.cluster import demand_java
from tests.lake.events import send, track
from tests.lake.lake_page import PAGE, sections, written

NAMESPACES = {1: "user_id"}


def example(package: str) -> str:
    """The page's code that imports it."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if re.search(rf"^(import|from) {package}\b", block, re.MULTILINE)]
    return str(found)


@pytest.fixture
def folder(db: Connection[Any], pg_url: str, tmp_path: Path) -> Path:
    """Where a lake is as the examples look for it: two orders of Ana, who was two people, and one of Ben."""
    lake = Location(str(tmp_path / "onefold-data" / "lake"))
    order = "Order Completed"
    send(db, [{"type": "track", "event": order, "anonymousId": "a", "messageId": "m0", "properties": {"revenue": 5}}])
    send(db, [track("ana", order, 1, properties={"revenue": 10}), track("ben", order, 2, properties={"revenue": 7.5})])
    flush(db, pg_url, lake)
    names = {"ana": "Ana", "ben": "Ben"}
    send(
        db,
        [
            {"type": "identify", "userId": user, "messageId": user, "traits": {"name": name}}
            for user, name in names.items()
        ],
    )
    send(db, [{"type": "identify", "userId": "ana", "anonymousId": "a", "messageId": "i"}])
    flush(db, pg_url, lake)
    for kind in (1, 2, 1):
        change = (
            "insert into membership_move (audiences, profile, kinds, at, cause, versions)"
            " values ('{1}', 5, array[%s]::smallint[], now(), 1, '{1}')"
        )
        db.execute(change, [kind])
    refresh(db, pg_url, lake, NAMESPACES)
    return tmp_path


def output_of(code: str, folder: Path) -> str:
    """What it prints, run in that folder."""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tables_are_documented_as_they_are() -> None:
    assert written().strip() == sections().strip(), "Run `python -m tests.lake.lake_page`."


def test_the_duckdb_example_runs(folder: Path) -> None:
    assert "[('Ana', 2, 15.0), ('Ben', 1, 7.5)]" in output_of(example("duckdb"), folder)


def test_the_spark_example_runs(folder: Path, pytestconfig: pytest.Config) -> None:
    demand_java(pytestconfig)
    counts = re.findall(r"\| *(-?\d+)\| +(\d+)\|", output_of(example("pyspark"), folder))
    assert [n for _, n in counts] == ["2", "1"]


def test_the_polars_example_runs(folder: Path) -> None:
    counts = re.findall(r"│ (-?\d+) +┆ (\d+) +│", output_of(example("polars"), folder))
    assert [n for _, n in counts] == ["2", "1"]


def test_every_column_can_be_filtered_by(folder: Path) -> None:
    """deltalake drops rows by statistics that it misses, unless the table says which there are."""
    for table in TABLES:
        found = DeltaTable(str(folder / "onefold-data" / "lake" / table.name)).to_pyarrow_dataset()
        rows = found.to_table()
        assert rows.num_rows or table.name == "companies"
        for name in rows.column_names:
            for value in {row[name] for row in rows.to_pylist()} - {None}:
                assert found.to_table(filter=field(name) == value).num_rows, f"{table.name}.{name}"
