"""Spark says of audiences what DuckDB says: 200 rules at two moments, and each other plan."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pytest

from onefold.audiences.company_compile import Companies, CompanyCounts
from onefold.audiences.compile import Concerned, Members, Memberships, Share
from onefold.audiences.evaluate import metrics_of
from onefold.audiences.metrics import Kept, Metric
from onefold.audiences.older import Older, buckets_by_fragment
from onefold.audiences.rules import COMPUTED, Scope
from onefold.filters import api as f
from onefold.lake.compile import Compilable
from onefold.lake.engine import Engine
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.snapshot import Snapshot
from tests.audiences.asking import lists_of, memberships_by, scope_of
from tests.audiences.rich_world import MOMENTS, rich_snapshot, rich_world
from tests.audiences.two_hundred import RULES

pytestmark = [
    # of what mapInArrow needs of pandas nothing has changed
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.timeout(300),  # five JVMs start, on two cores that do other things too
]
AT_ONCE: Final = 50
WORLD: Final = rich_world()
ASKED: Final = ("text_0", "regex_12", "listed", "audience_not", "company_list", "did_last_3", "steps_without", "deep")
TIMED: Final = (
    "text_1", "born_within", "company_date", "audience", "did_last_4", "steps_then_not", "computed_days_since",
    "computed_sum_30_days", "top_computed", "deep",
)  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return rich_snapshot(tmp_path_factory.mktemp("lake [of] {odd}"), WORLD)


def some_metrics() -> list[Any]:
    """One of each fold and type, and of each grain."""
    kept_of: dict[str, Kept] = {}
    for kept in metrics_of(RULES.values(), scope_of(WORLD)).values():
        kind = f"{kept.fold} of {kept.value_type}" if isinstance(kept, Metric) else "moments"
        kept_of.setdefault(kind, kept)
        if isinstance(kept, Metric) and kept.fold == "count":
            kept_of.setdefault(f"count by {kept.grain_us} µs", kept)
    return [pytest.param(kept, id=kind) for kind, kept in kept_of.items()]


@pytest.mark.parametrize("begin", range(0, len(RULES), AT_ONCE))
@pytest.mark.parametrize("now", MOMENTS[:2], ids=str)
def test_spark_says_who_is_in_a_rule_as_duckdb_does(
    now: datetime, begin: int, spark: Engine, engine: DuckDBEngine, lake: Snapshot
) -> None:
    rules: Mapping[str, Any] = dict(list(RULES.items())[begin : begin + AT_ONCE])
    one, other = (memberships_by(asked, lake, WORLD, rules, now) for asked in (spark, engine))
    assert one == other


def demand_same(plan: Compilable, spark: Engine, duck: Engine, lake: Snapshot) -> None:
    one, other = (asked.run(plan, lake).table for asked in (spark, duck))
    assert one.schema.equals(other.schema)
    assert one.to_pylist() == other.to_pylist()


@pytest.mark.parametrize("name", ["deep", "steps_then_not", "listed"])
def test_spark_names_the_members_of_a_rule_as_duckdb_does(
    name: str, spark: Engine, engine: DuckDBEngine, lake: Snapshot
) -> None:
    plan = Members(rule=RULES[name], scope=scope_of(WORLD), now=MOMENTS[0], lists=lists_of(WORLD), bucket=7)
    demand_same(plan, spark, engine, lake)


def test_spark_says_it_of_everybody_in_the_order_in_which_duckdb_does(
    spark: Engine, engine: DuckDBEngine, lake: Snapshot
) -> None:
    rules = [RULES[name] for name in ASKED]
    plan = Memberships(rules=rules, scope=scope_of(WORLD), now=MOMENTS[0], lists=lists_of(WORLD))
    assert engine.run(plan, lake).table["profile_id"].to_pylist() == sorted(one.id for one in WORLD.people)
    demand_same(plan, spark, engine, lake)


@pytest.mark.parametrize("name", TIMED)
def test_spark_says_whom_time_may_move_as_duckdb_does(
    name: str, spark: Engine, engine: DuckDBEngine, lake: Snapshot
) -> None:
    demand_same(Concerned(rule=RULES[name], scope=scope_of(WORLD), now=MOMENTS[0]), spark, engine, lake)


@pytest.mark.parametrize("name", ["average_number", "days_since", "first_text", "sum_30_days"])
@pytest.mark.parametrize("is_bottom", [True, False])
def test_spark_says_what_a_share_begins_at_as_duckdb_does(
    is_bottom: bool, name: str, spark: Engine, engine: DuckDBEngine, lake: Snapshot
) -> None:
    share = f.TopShare(COMPUTED + name, 12.5, is_bottom)
    demand_same(Share(share=share, scope=scope_of(WORLD), now=MOMENTS[0]), spark, engine, lake)


OF_COMPANIES: Final = (
    f.PeopleIn(8, "ge", 2),
    f.AnyOf((f.PeopleIn(8, "eq", 0), f.NoneOf((f.PeopleIn(8, "lt", 3), f.Present("trait:tags"))))),
    f.AllOf((f.InAudience(9, False), f.Recent("first_seen", "longer_ago", 1))),
    f.AllOf(),
)


@pytest.mark.parametrize("rule", OF_COMPANIES)
def test_spark_says_of_companies_what_duckdb_does(
    rule: Any, spark: Engine, engine: DuckDBEngine, lake: Snapshot
) -> None:
    scope = Scope(audiences={8: f.AllOf()}, companies={9: f.NoneOf((f.PeopleIn(8, "le", 1),))})
    counts = {8: pa.table({"company_id": pa.array([1, 2], pa.int64()), "n": pa.array([1, 3], pa.int64())})}
    asked: dict[str, Any] = {"scope": scope, "now": MOMENTS[0], "counts": counts}
    demand_same(Companies(rule=rule, **asked), spark, engine, lake)
    demand_same(CompanyCounts(rules=[rule, f.NoneOf((rule,))], **asked), spark, engine, lake)
    demand_same(Members(rule=f.NoneOf((f.AtCompany(rule),)), **asked), spark, engine, lake)
    demand_same(Concerned(rule=f.AtCompany(rule), **asked), spark, engine, lake)


@pytest.mark.parametrize("kept", some_metrics())
def test_spark_reads_older_events_as_duckdb_does(
    kept: Kept, spark: Engine, engine: DuckDBEngine, lake: Snapshot
) -> None:
    plan = Older(kept=kept, until=1_300, now=MOMENTS[0])
    one, other = (dict(buckets_by_fragment(kept, asked.run(plan, lake).table)) for asked in (spark, engine))
    assert one == other
