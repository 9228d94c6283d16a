"""Random plans over random rows, for Hypothesis."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from onefold.lake.plans import (
    Aggregate,
    AllDid,
    AllOf,
    AnyDid,
    AnyOf,
    Between,
    Column,
    Compare,
    Condition,
    Deeds,
    Did,
    Exists,
    Funnel,
    Metric,
    Not,
    OneOf,
    Order,
    Output,
    Plan,
    ProfilesWho,
    Property,
    Retention,
    Rows,
    Text,
    TimeBucket,
)

START: Final = datetime(2026, 3, 20, tzinfo=UTC)

fields = st.one_of(
    st.sampled_from((Column("name"), Column("source_id"), Column("profile_id"), Column("position"), Column("flags"))),
    st.builds(
        Property, st.sampled_from(("a", "b.c", r"d\.e")), st.sampled_from(("string", "double", "long", "boolean"))
    ),
)
small_values = st.sampled_from(
    ("", "a", "ab", "ä", "B", 0, 1, -1, 2, 0.5, 2.5, True, False, None, "1", "true", [1], {"c": 1})
)
moments = st.integers(0, 100 * 86_400 * 4).map(lambda n: START + timedelta(seconds=n / 4))
bounds = st.none() | moments
zones = st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"))


def kind_of(field: Any) -> str:
    if isinstance(field, Property):
        return field.type
    return {"name": "string", "source_id": "number", "flags": "number"}.get(field.name, "number")


@st.composite
def comparisons(draw: Any) -> Condition:
    field = draw(fields)
    kind = kind_of(field)
    values = {"string": st.sampled_from(("", "a", "ab", "ä", "B", "1")), "boolean": st.booleans()}.get(
        kind, st.integers(-3, 5)
    )
    operators = ("=", "!=") if kind == "boolean" else ("=", "!=", "<", "<=", ">", ">=")
    one: Condition = draw(
        st.one_of(
            st.builds(Compare, st.just(field), st.sampled_from(operators), values),
            st.builds(OneOf, st.just(field), st.lists(values, min_size=1, max_size=3).map(tuple)),
            st.just(Exists(field)),
        )
    )
    if kind == "string" and draw(st.booleans()):
        return Text(field, draw(st.sampled_from(("contains", "prefix"))), draw(st.sampled_from(("a", "ä", "b"))))
    return draw(st.builds(Between, st.just(Column("ts")), bounds, bounds)) if draw(st.integers(0, 5)) == 0 else one


conditions = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, max_size=3).map(lambda of: AllOf(tuple(of))),
        st.lists(inner, max_size=3).map(lambda of: AnyOf(tuple(of))),
    ),
    max_leaves=5,
)
maybe = st.none() | conditions
asked = {
    "since": bounds,
    "until": bounds,
    "where": maybe,
    "profiles": st.none() | st.lists(st.integers(-2, 4), max_size=3).map(tuple),
}
numbers = st.sampled_from((Column("source_id"), Column("position"), Property("a", "double"), Property("b.c", "long")))
outputs = st.one_of(fields, st.builds(TimeBucket, st.sampled_from(("hour", "day", "week", "month")), zones))


def numbered(kind: Any, made: list[Any]) -> tuple[Any, ...]:
    return tuple(kind(f"{kind.__name__.lower()}_{i}", *parts) for i, parts in enumerate(made))


metrics = st.lists(
    st.one_of(
        st.tuples(st.just("count"), st.none(), maybe),
        st.tuples(st.sampled_from(("distinct", "min", "max")), fields.filter(lambda f: kind_of(f) != "boolean"), maybe),
        st.tuples(st.sampled_from(("sum", "avg", "quantile")), numbers, maybe),
    ),
    min_size=1,
    max_size=3,
).map(lambda made: numbered(Metric, made))
columns = st.lists(outputs.map(lambda field: (field,)), min_size=1, max_size=3).map(lambda made: numbered(Output, made))
dids = st.builds(
    lambda where, since, until, least, more: Did(where=where, since=since, until=until, at_least=least, at_most=more),
    maybe, bounds, bounds, st.integers(0, 3), st.none() | st.integers(3, 5),
)  # fmt: skip
deeds: st.SearchStrategy[Deeds] = st.recursive(
    dids,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(tuple).flatmap(lambda of: st.sampled_from((AllDid(of), AnyDid(of))))
    ),
    max_leaves=3,
)
plans: st.SearchStrategy[Plan] = st.one_of(
    st.builds(
        lambda dimensions, **given: Aggregate(dimensions=dimensions, **given),
        st.just(()) | columns,
        metrics=metrics,
        limit=st.integers(1, 9) | st.just(1_000),
        order=st.just(()) | st.booleans().map(lambda falls: (Order("metric_0", falls),)),
        **asked,
    ),
    st.builds(
        Rows,
        columns=columns,
        limit=st.integers(1, 30),
        order=st.just(()) | st.just((Order("output_0", True),)),
        **asked,
    ),
    st.builds(Retention, first=maybe, returned=maybe, weeks=st.integers(1, 9), time_zone=zones, **asked),
    st.builds(ProfilesWho, did=deeds, is_count=st.booleans()),
    st.builds(
        Funnel,
        steps=st.lists(conditions, min_size=1, max_size=4).map(tuple),
        within_s=st.integers(1, 30 * 86_400),
        **asked,
    ),
)
properties = st.fixed_dictionaries(
    {}, optional={"a": small_values, "b": st.fixed_dictionaries({"c": small_values}), "d.e": small_values}
)
drawn_events = st.lists(
    st.tuples(st.integers(-2, 4), moments, st.sampled_from(("a", "ab", "ä")), st.integers(1, 3), properties),
    max_size=25,
)
