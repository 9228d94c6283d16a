"""Engines answer as a plain reading of the plan over plain rows does; within limits, and of the snapshot alone."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import S3FileSystem

from onefold.config import EngineSettings
from onefold.kernel.errors import Broken, Rejected, Unavailable
from onefold.lake.compile import compile_plan
from onefold.lake.engine import (
    Cancel,
    EngineBusy,
    FileGone,
    Limits,
    QueryCancelled,
    QueryTooLarge,
    QueryTooSlow,
    SumTooLarge,
    engine_of,
)
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.kernels.coding import Condition
from onefold.lake.kernels.funnel import Funnel as KernelFunnel
from onefold.lake.kernels.funnel import funnel
from onefold.lake.plans import (
    Aggregate,
    Column,
    Funnel,
    Metric,
    Not,
    Output,
    Property,
    Rows,
    Text,
)
from onefold.lake.snapshot import File, Snapshot
from tests.lake.awkward import HOT, IN_FILES, PEOPLE_TABLE, awkward_snapshot
from tests.lake.conftest import BUCKET
from tests.lake.questions import NAMES, QUESTIONS, each_as_every_type, named
from tests.lake.reference import answer, comparable
from tests.lake.small import event, snapshot_of, truth

START: Final = datetime(2026, 3, 20, tzinfo=UTC)
SLOW: Final = Aggregate(
    metrics=(Metric("n", "distinct", Column("body")), Metric("m", "quantile", Property("a", "double"))),
    dimensions=(Output("b", Column("body")),),
    where=Not(Text(Column("body"), "contains", "nowhere")),
)


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> DuckDBEngine:
    return DuckDBEngine(EngineSettings(), tmp_path_factory.mktemp("spill"))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return awkward_snapshot(tmp_path_factory.mktemp("lake"))


@pytest.mark.parametrize(
    "name", [name for name in QUESTIONS if name not in ("known_people", "companies", "identifiers")]
)
def test_duckdb_answers_as_a_plain_reading_does(name: str, duck: DuckDBEngine, snapshot: Snapshot) -> None:
    plan = QUESTIONS[name]
    result = duck.run(plan, snapshot)
    expected = answer(plan, truth(snapshot, IN_FILES, HOT), PEOPLE_TABLE)
    assert comparable(result.table.to_pylist()) == comparable(expected)
    assert expected


def test_a_promoted_property_answers_as_the_json_does(tmp_path: Path, duck: DuckDBEngine) -> None:
    plain = awkward_snapshot(tmp_path / "json", promoted=())
    plan = each_as_every_type(NAMES)
    expected = duck.run(plan, plain).table
    for kind in ("long", "double", "string", "boolean"):
        promoted = awkward_snapshot(tmp_path / kind, promoted=[(name, kind) for name in NAMES if name != "cart.total"])
        assert "given.p_3 AS" in compile_plan(plan, promoted, "duckdb").sql()
        assert duck.run(plan, promoted).table.equals(expected), kind


def test_a_column_that_older_files_lack_is_null_in_them(tmp_path: Path, duck: DuckDBEngine) -> None:
    old = snapshot_of(tmp_path / "old", [event(1, 1, START)])
    new = snapshot_of(tmp_path / "new", [event(2, 1, START, properties={"n": 5})], promoted=[("n", "long")])
    files = old.tables["events"].files
    plan = Rows(columns=(Output("position", Column("position")), Output("n", Property("n", "long"))))
    for all_files in ((*files, *new.tables["events"].files), (*new.tables["events"].files, *files)):
        both = replace(new, tables={**new.tables, "events": replace(new.tables["events"], files=all_files)})
        rows = duck.run(plan, both).table.to_pylist()
        assert rows == [{"position": 2, "n": 5}, {"position": 1, "n": None}]
    lacking = replace(new, tables={**new.tables, "events": replace(new.tables["events"], files=files)})
    assert duck.run(plan, lacking).table.to_pylist() == [{"position": 1, "n": None}]


def test_a_funnel_is_walked_as_the_kernel_walks_it(duck: DuckDBEngine, snapshot: Snapshot) -> None:
    """Spark's tasks and DuckDB walk the steps that SQL has found; the kernel reads the files itself."""
    names = ("Opened", "Bought", "Bought", "it's \\ % _")
    for hours in (1, 24, 240, 2_400):
        plan = Funnel(steps=tuple(named(name) for name in names), within_s=hours * 3_600)
        steps = tuple(Condition(names=frozenset((name,))) for name in names)
        walked = funnel(snapshot, KernelFunnel(steps=steps, window_us=plan.within_s * 10**6))
        profiles = [step.profiles for step in walked.steps]
        assert duck.run(plan, snapshot).table["profiles"].to_pylist() == profiles
        assert profiles[0] > 0


@pytest.fixture
def bucket(object_store: dict[str, str]) -> S3FileSystem:
    """Another client of the store than the one under test."""
    return S3FileSystem(
        access_key=object_store["AWS_ACCESS_KEY_ID"],
        secret_key=object_store["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=object_store["AWS_ENDPOINT_URL"].removeprefix("http://"),
        scheme="http",
        region=object_store["AWS_REGION"],
    )


@pytest.fixture
def in_a_bucket(object_store: dict[str, str], bucket: S3FileSystem, snapshot: Snapshot) -> Snapshot:
    """The same snapshot, its files in an object store."""

    def moved(file: File) -> File:
        key = f"{BUCKET}/engines{file.uri.rpartition('/lake')[2]}"
        with bucket.open_output_stream(key) as output:
            output.write(Path(file.uri).read_bytes())
        return replace(file, uri=f"s3://{key}")

    tables = {
        name: replace(table, files=tuple(moved(file) for file in table.files))
        for name, table in snapshot.tables.items()
    }
    return replace(snapshot, tables=tables, storage_options=object_store)


def test_an_object_store_answers_as_a_folder_does(
    duck: DuckDBEngine, snapshot: Snapshot, in_a_bucket: Snapshot, bucket: S3FileSystem
) -> None:
    for name in ("count", "window", "timeline", "did_not", "companies", "properties"):
        plan = QUESTIONS[name]
        assert duck.run(plan, in_a_bucket).table.equals(duck.run(plan, snapshot).table), name
    key = in_a_bucket.tables["events"].files[0].uri.removeprefix("s3://")
    bucket.delete_file(key)
    with pytest.raises(FileGone):
        duck.run(QUESTIONS["count_by_name"], in_a_bucket)


def test_an_empty_lake_answers(tmp_path: Path, duck: DuckDBEngine) -> None:
    empty = snapshot_of(tmp_path, [])
    for name, plan in QUESTIONS.items():
        table = duck.run(plan, empty).table
        assert isinstance(table, pa.Table), name
    assert duck.run(QUESTIONS["count"], empty).table.to_pylist() == [{"n": 0}]


def test_an_answer_says_of_when_it_is(duck: DuckDBEngine, snapshot: Snapshot) -> None:
    result = duck.run(Rows(columns=(Output("ts", Column("ts")),), profiles=(1,)), snapshot)
    assert (result.position, result.taken_at) == (snapshot.position, snapshot.taken_at)
    whole = duck.run(QUESTIONS["count"], snapshot)
    assert 0 < result.file_bytes < whole.file_bytes
    assert result.rows < whole.rows == len(IN_FILES) + len(HOT)
    assert result.n_files < whole.n_files == len(snapshot.tables["events"].files)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Large enough for a question to be caught in the middle: 600,000 rows that all differ."""
    folder = tmp_path_factory.mktemp("large")
    small = snapshot_of(folder, [event(1, 1, START)])
    file = small.tables["events"].files[0]
    n = 600_000
    body = pa.array([f'{{"properties":{{"a":{i}}},"rest":"{i:0300}"}}' for i in range(n)])
    table = pa.table({"body": body, "ts": pa.array([START] * n), "position": pa.array(range(n), pa.int64())})
    pq.write_table(table, file.uri, compression="zstd")
    return small


def test_a_question_ends_when_its_time_is_over(duck: DuckDBEngine, large: Snapshot) -> None:
    with pytest.raises(QueryTooSlow, match=r"longer than the 0.2 s it may"):
        duck.run(SLOW, large, limits=Limits(timeout_s=0.2))


def test_a_question_ends_when_it_is_cancelled(duck: DuckDBEngine, large: Snapshot) -> None:
    cancel = Cancel()
    timer = threading.Timer(0.2, cancel.cancel)
    timer.start()
    with pytest.raises(QueryCancelled):
        duck.run(SLOW, large, cancel=cancel)
    timer.join()
    with pytest.raises(QueryCancelled):  # so is one that hasn't begun
        duck.run(QUESTIONS["count"], large, cancel=cancel)


def test_a_question_takes_no_more_memory_than_it_may(tmp_path: Path, large: Snapshot) -> None:
    engine = DuckDBEngine(EngineSettings(memory_mb=60, temp_mb=10, max_running=1), tmp_path / "spill")
    with pytest.raises(QueryTooLarge, match="more memory, or room for temporary files"):
        engine.run(SLOW, large)
    assert list((tmp_path / "spill").iterdir()) == []


def test_only_so_many_questions_run_at_a_time(tmp_path: Path, large: Snapshot) -> None:
    engine = DuckDBEngine(EngineSettings(max_running=1), tmp_path, wait_s=0.05)
    cancel = Cancel()

    def ask() -> None:
        with pytest.raises(QueryCancelled):
            engine.run(SLOW, large, cancel=cancel)

    asking = threading.Thread(target=ask)
    asking.start()
    while not list(tmp_path.iterdir()):
        time.sleep(0.01)
    with pytest.raises(EngineBusy, match="1 questions are running"):
        engine.run(QUESTIONS["count"], large)
    cancel.cancel()
    asking.join()
    assert engine.run(QUESTIONS["count"], large).table.num_rows == 1


def test_a_sum_beyond_64_bits_is_refused(tmp_path: Path, duck: DuckDBEngine) -> None:
    rows = [event(i, 1, START, properties={"n": 2**62}) for i in range(3)]
    snapshot = snapshot_of(tmp_path, rows)
    with pytest.raises(SumTooLarge):
        duck.run(Aggregate(metrics=(Metric("s", "sum", Property("n", "long")),)), snapshot)


def test_a_file_that_is_gone_or_torn_is_told(tmp_path: Path, duck: DuckDBEngine) -> None:
    snapshot = snapshot_of(tmp_path, [event(1, 1, START)])
    path = Path(snapshot.tables["events"].files[0].uri)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises((FileGone, Broken)):
        duck.run(QUESTIONS["count_by_name"], snapshot)
    path.unlink()
    with pytest.raises(FileGone):
        duck.run(QUESTIONS["count_by_name"], snapshot)


def test_settings_choose_the_engine(tmp_path: Path) -> None:
    assert isinstance(engine_of(EngineSettings(), tmp_path), DuckDBEngine)


def test_spark_that_nobody_runs_is_told(snapshot: Snapshot) -> None:
    from onefold.lake.engines.spark import SparkEngine

    with pytest.raises(Rejected, match="ONEFOLD_ENGINE_SPARK_URL"):
        SparkEngine(EngineSettings(kind="spark"))
    engine = SparkEngine(EngineSettings(kind="spark", spark_url="sc://127.0.0.1:1"))
    with pytest.raises(Unavailable, match=r"can't be reached at 127\.0\.0\.1:1: "):
        engine.run(QUESTIONS["count"], snapshot)
