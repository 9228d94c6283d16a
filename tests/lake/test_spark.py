"""Spark answers as DuckDB does, row by row: on a cluster of a master and two workers."""

import threading
from pathlib import Path

import pytest

from onefold.config import EngineSettings
from onefold.lake.engine import Cancel, Engine, FileGone, Limits, QueryCancelled, QueryTooSlow, SumTooLarge
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.plans import Aggregate, Column, Metric, Property
from onefold.lake.snapshot import Snapshot
from tests.lake.awkward import START, awkward_snapshot
from tests.lake.questions import QUESTIONS
from tests.lake.reference import comparable
from tests.lake.small import event, snapshot_of

# of what mapInArrow needs of pandas nothing has changed
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.timeout(300),  # five JVMs start, on two cores that do other things too
]


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return DuckDBEngine(EngineSettings(), tmp_path_factory.mktemp("spill"))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return awkward_snapshot(tmp_path_factory.mktemp("lake [of] {odd}"))


@pytest.mark.parametrize("name", QUESTIONS)
def test_spark_answers_as_duckdb_does(name: str, spark: Engine, duck: Engine, snapshot: Snapshot) -> None:
    one, other = (engine.run(QUESTIONS[name], snapshot).table for engine in (spark, duck))
    assert one.schema.equals(other.schema)
    assert comparable(one.to_pylist()) == comparable(other.to_pylist())


def test_a_question_to_spark_ends_when_its_time_is_over(spark: Engine, snapshot: Snapshot) -> None:
    with pytest.raises(QueryTooSlow, match=r"longer than the 0.05 s it may"):
        spark.run(QUESTIONS["funnel"], snapshot, limits=Limits(timeout_s=0.05))
    assert spark.run(QUESTIONS["count"], snapshot).table.num_rows == 1


def test_a_question_to_spark_ends_when_it_is_cancelled(spark: Engine, snapshot: Snapshot) -> None:
    cancel = Cancel()
    timer = threading.Timer(0.05, cancel.cancel)
    timer.start()
    with pytest.raises(QueryCancelled):
        spark.run(QUESTIONS["funnel"], snapshot, cancel=cancel)
    timer.join()


def test_spark_refuses_a_sum_beyond_64_bits(tmp_path: Path, spark: Engine) -> None:
    big = Property("n", "long")
    rows = [event(i, 1, START, properties={"n": 2**62}) for i in range(3)]
    with pytest.raises(SumTooLarge):
        spark.run(Aggregate(metrics=(Metric("s", "sum", big),)), snapshot_of(tmp_path, rows))


def test_spark_says_when_a_file_is_gone(tmp_path: Path, spark: Engine) -> None:
    snapshot = snapshot_of(tmp_path, [event(1, 1, START)])
    Path(snapshot.tables["events"].files[0].uri).unlink()
    with pytest.raises(FileGone):
        spark.run(Aggregate(metrics=(Metric("n", "distinct", Column("name")),)), snapshot)


def test_an_empty_lake_answers_on_spark(tmp_path: Path, spark: Engine) -> None:
    assert spark.run(QUESTIONS["count"], snapshot_of(tmp_path, [])).table.to_pylist() == [{"n": 0}]
