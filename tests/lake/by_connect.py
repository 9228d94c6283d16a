"""`python -m tests.lake.by_connect URL FOLDER`: asks all questions by Spark Connect and of DuckDB, and compares.

A process of its own: one that has a classic session can't have one by Connect.
"""

import sys
from pathlib import Path

from onefold.config import EngineSettings
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.engines.spark import SparkEngine
from tests.lake.awkward import awkward_snapshot
from tests.lake.questions import QUESTIONS
from tests.lake.reference import comparable


def main(url: str, folder: Path) -> None:
    """Prints how many answers are equal, and the names of the others."""
    snapshot = awkward_snapshot(folder / "lake")
    duck, spark = DuckDBEngine(EngineSettings(), folder / "spill"), SparkEngine(EngineSettings(spark_url=url))
    differing = []
    for name, plan in QUESTIONS.items():
        one, other = (engine.run(plan, snapshot).table for engine in (spark, duck))
        if not one.schema.equals(other.schema) or comparable(one.to_pylist()) != comparable(other.to_pylist()):
            differing.append(name)
    spark.close()
    sys.stdout.write(" ".join([str(len(QUESTIONS) - len(differing)), *differing]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
