"""`python -m tests.lake.by_connect URL FOLDER`: asks all questions by Spark Connect and of DuckDB, and compares.

Besides it asks who is in some rules of audiences: those need functions of ours.

A process of its own: one that has a classic session can't have one by Connect.
"""

import sys
from pathlib import Path
from typing import Final

from onefold.audiences.compile import Memberships
from onefold.config import EngineSettings
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.engines.spark import SparkEngine
from tests.audiences.asking import lists_of, scope_of
from tests.audiences.rich_world import MOMENTS, rich_snapshot, rich_world
from tests.audiences.two_hundred import RULES
from tests.lake.awkward import awkward_snapshot
from tests.lake.questions import QUESTIONS
from tests.lake.reference import comparable

OF_AUDIENCES: Final = ("regex_12", "regex_in_an_event", "steps_without", "listed", "list_number", "computed_first_text")


def main(url: str, folder: Path) -> None:
    """Prints how many answers are equal, and the names of the others."""
    snapshot, world = awkward_snapshot(folder / "lake"), rich_world()
    rules = Memberships(
        rules=[RULES[name] for name in OF_AUDIENCES], scope=scope_of(world), now=MOMENTS[0], lists=lists_of(world)
    )
    asked = {name: (plan, snapshot) for name, plan in QUESTIONS.items()}
    audiences = {"audiences": (rules, rich_snapshot(folder / "other lake", world))}
    duck, spark = DuckDBEngine(EngineSettings(), folder / "spill"), SparkEngine(EngineSettings(spark_url=url))
    differing = []
    for name, (plan, lake) in {**asked, **audiences}.items():
        one, other = (engine.run(plan, lake).table for engine in (spark, duck))
        if not one.schema.equals(other.schema) or comparable(one.to_pylist()) != comparable(other.to_pylist()):
            differing.append(name)
    spark.close()
    sys.stdout.write(" ".join([str(len(QUESTIONS) + 1 - len(differing)), *differing]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
