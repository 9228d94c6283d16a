"""Plans by name, each a kind of question: their SQL is kept in golden/, and both engines answer them alike."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from onefold.lake.plans import (
    Aggregate,
    AllDid,
    AllOf,
    AnyDid,
    AnyOf,
    Between,
    Column,
    Compare,
    Did,
    Exists,
    Funnel,
    Mark,
    Metric,
    Not,
    OneOf,
    Order,
    Output,
    Plan,
    ProfilesWho,
    Property,
    PropertyType,
    Retention,
    Rows,
    Text,
    TimeBucket,
)

MARCH, MAY = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
NAME, PROFILE = Column("name"), Column("profile_id")
AMOUNT, PLAN = Property("amount", "double"), Property("plan", "string")
NAMES: Final = (
    "plain",
    r"do\.t",
    'quo"te',
    "it's",
    "sp ace",
    "*",
    "ünï",
    "0",
    r"back\\slash",
    "que?stion",
    "cart.total",
)
"""Of properties, each of which some engine's paths find hard."""


def named(name: str) -> Compare:
    return Compare(NAME, "=", name)


def each_as_every_type(names: Sequence[str]) -> Rows:
    """Whatever type the values are of."""
    kinds: tuple[PropertyType, ...] = ("string", "double", "long", "boolean")
    columns = [Output(f"as_{kind}_{i}", Property(name, kind)) for i, name in enumerate(names) for kind in kinds]
    return Rows(columns=(Output("position", Column("position")), *columns), order=(Order("position"),), limit=1_000)


QUESTIONS: Final[dict[str, Plan]] = {
    "count": Aggregate(metrics=(Metric("n"),)),
    "count_by_name": Aggregate(metrics=(Metric("n"),), dimensions=(Output("name", NAME),), order=(Order("n", True),)),
    "people_by_day": Aggregate(
        metrics=(Metric("people", "distinct", PROFILE),), dimensions=(Output("day", TimeBucket("day")),)
    ),
    "day_in_a_zone": Aggregate(
        metrics=(Metric("n"),), dimensions=(Output("day", TimeBucket("day", "America/New_York")),)
    ),
    "hour_in_a_zone": Aggregate(
        metrics=(Metric("n"),), dimensions=(Output("hour", TimeBucket("hour", "Europe/Berlin")),)
    ),
    "hour_of_a_crooked_zone": Aggregate(
        metrics=(Metric("n"),), dimensions=(Output("hour", TimeBucket("hour", "Asia/Kathmandu")),)
    ),
    "week_and_month": Aggregate(
        metrics=(Metric("n"),),
        dimensions=(Output("week", TimeBucket("week")), Output("month", TimeBucket("month", "Pacific/Auckland"))),
    ),
    "revenue_by_plan": Aggregate(
        metrics=(
            Metric("total", "sum", AMOUNT),
            Metric("mean", "avg", AMOUNT),
            Metric("least", "min", AMOUNT),
            Metric("most", "max", AMOUNT),
        ),
        dimensions=(Output("plan", PLAN),),
        where=named("Bought"),
        order=(Order("total", True),),
    ),
    "quantiles": Aggregate(
        metrics=(
            Metric("median", "quantile", AMOUNT),
            Metric("p90", "quantile", AMOUNT, share=0.9),
            Metric("late", "quantile", AMOUNT, share=0.25, where=Between(Column("ts"), since=MAY)),
        ),
        dimensions=(Output("name", NAME),),
    ),
    "window": Aggregate(metrics=(Metric("n"),), dimensions=(Output("name", NAME),), since=MARCH, until=MAY),
    "filtered_metrics": Aggregate(
        metrics=(
            Metric("bought", where=named("Bought")),
            Metric("others", where=Not(named("Bought"))),
            Metric("buyers", "distinct", PROFILE, where=named("Bought")),
            Metric("last", "max", Column("ts"), where=Compare(AMOUNT, ">=", 20)),
        )
    ),
    "missing_satisfies_not": Aggregate(
        metrics=(
            Metric("is", where=Compare(PLAN, "=", "pro")),
            Metric("is_other", where=Compare(PLAN, "!=", "pro")),
            Metric("is_not", where=Not(Compare(PLAN, "=", "pro"))),
            Metric("neither", where=Not(AnyOf((Compare(PLAN, "=", "pro"), Compare(AMOUNT, ">", 5))))),
        )
    ),
    "texts": Aggregate(
        metrics=(Metric("n"),),
        dimensions=(Output("name", NAME),),
        where=AnyOf((Text(NAME, "prefix", "Bo"), Text(NAME, "contains", "'s \\ %"), Text(PLAN, "contains", "ä"))),
    ),
    "one_of": Aggregate(
        metrics=(Metric("n"),),
        dimensions=(Output("plan", PLAN),),
        where=AllOf((OneOf(NAME, ("Bought", "Opened")), OneOf(Column("source_id"), (1, 2)), Exists(AMOUNT))),
    ),
    "event_by_id": Rows(
        columns=(Output("position", Column("position")),), where=Compare(Column("event_id"), "=", f"{17:032x}")
    ),
    "timeline": Rows(
        columns=(Output("ts", Column("ts")), Output("event_id", Column("event_id")), Output("plan", PLAN)),
        profiles=(2, 5),
        limit=20,
    ),
    "timeline_next_page": Rows(
        columns=(Output("ts", Column("ts")), Output("position", Column("position"))),
        profiles=(2, 5),
        before=Mark(MAY, "f" * 32),
        limit=20,
    ),
    "rows_in_order": Rows(
        columns=(Output("amount", AMOUNT), Output("ts", Column("received_at")), Output("body", Column("body"))),
        order=(Order("amount", True),),
        limit=50,
    ),
    "known_people": Aggregate(
        table="profiles",
        metrics=(Metric("n"), Metric("first", "min", Column("first_seen"))),
        dimensions=(Output("is_known", Column("is_known")), Output("vip", Property("vip", "boolean"))),
    ),
    "companies": Rows(
        table="companies",
        columns=(Output("name", Column("name")), Output("seats", Property("plan.seats", "long"))),
        where=Compare(Column("n_events"), ">", 0),
    ),
    "identifiers": Aggregate(
        table="identifiers",
        metrics=(Metric("n"), Metric("events", "sum", Column("n_events"))),
        dimensions=(Output("namespace", Column("namespace")),),
    ),
    "retention": Retention(first=named("Opened"), returned=named("Bought"), weeks=8, time_zone="Europe/Berlin"),
    "retention_of_all": Retention(weeks=3, since=MARCH),
    "did": ProfilesWho(
        did=AllDid(
            (Did(where=named("Bought"), at_least=3), Did(where=Compare(AMOUNT, ">", 25), since=MARCH, until=MAY))
        )
    ),
    "did_not": ProfilesWho(
        did=AllDid((Did(where=named("Bought"), at_least=0, at_most=0), Did(since=MAY, at_least=0, at_most=20)))
    ),
    "either_counted": ProfilesWho(
        did=AnyDid((Did(where=named("it's \\ % _"), since=MAY), Did(where=named("Bought"), at_least=9, at_most=10))),
        is_count=True,
    ),
    "funnel": Funnel(steps=(named("Opened"), named("Bought"), Compare(AMOUNT, ">", 10)), within_s=3 * 86_400),
    "properties": each_as_every_type(NAMES[:6]),
    "properties_oddly_named": each_as_every_type(NAMES[6:]),
}
