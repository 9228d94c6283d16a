"""Spark answers as DuckDB does, row by row: on a cluster of a master and two workers."""

import math
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onefold.config import EngineSettings
from onefold.kernel.errors import Rejected, Unavailable
from onefold.lake.engine import Cancel, Engine, FileGone, Limits, QueryCancelled, QueryTooSlow, SumTooLarge
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.plans import Aggregate, Column, Metric, Property
from onefold.lake.snapshot import Snapshot
from tests.lake.awkward import awkward_snapshot
from tests.lake.cluster import cluster, environment, java_there
from tests.lake.questions import QUESTIONS
from tests.lake.small import event, snapshot_of

# of what mapInArrow needs of pandas nothing has changed
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
LOUD = "SPARK IS NOT TESTED: no Java 17 or later is here. Debian: apt-get install openjdk-17-jre-headless"


@pytest.fixture(scope="module")
def spark_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not java_there():
        warnings.warn(LOUD, stacklevel=1)  # an error in a run where warnings are
    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        environ = environment(folder)
        for name, value in environ.items():
            patch.setenv(name, value)
        with cluster(folder, environ) as url:
            yield url


@pytest.fixture(scope="module")
def spark(spark_url: str) -> Iterator[Engine]:
    from onefold.lake.engines.spark import SparkEngine

    engine = SparkEngine(EngineSettings(kind="spark", spark_url=spark_url))
    yield engine
    engine.close()


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
    assert _comparable(one.to_pylist()) == _comparable(other.to_pylist())


def _comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sums of doubles depend on the order in which they are added, so their last digits are left out."""
    return [
        {name: f"{value:.12g}" if isinstance(value, float) and math.isfinite(value) else value for name, value in row.items()}
        for row in rows
    ]
