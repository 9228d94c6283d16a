"""Rules and histories for Hypothesis: few names and values, so that rules meet people; odd ones among them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from onefold.audiences.metrics import Measure, ValueType
from onefold.audiences.rules import Computed, asked_as
from onefold.filters import api as f
from tests.audiences.oracle import Event, Somebody, World

START: Final = datetime(2026, 2, 27, 22, 30, tzinfo=UTC)
NAMES: Final = ("Order Completed", "Product Viewed", "Cart.Updated", "Ünïcode 'quote'")
PURPOSES: Final = ("advertising", "email_marketing")
TEXTS: Final = (
    "", "x", "X", "Straße", "ΣΊΣΥΦΟΣ", "İzmir", "a'b\\c", 'say "hi"', "12", "true", "2024-02-29",
    "1990-03-01T10:00:00+02:00", "2026-03-02", "2025-13-01", "2026-02-30", "0000-01-01",
    "2026-02-27T23:59:59.999999Z\n", "é\n", "%_", "null",
)  # fmt: skip
NUMBERS: Final = (0, 1, -1, 2, 3, 19.99, 0.1, 0.0000005, 1e12, 1.5e12, -0.5, 1e15, 100)
values = st.one_of(
    st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.booleans(), st.none(),
    st.lists(st.one_of(st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.booleans(), st.none()), max_size=3),
    st.fixed_dictionaries({"deep": st.sampled_from(NUMBERS)}),
)  # fmt: skip
TRAITS: Final = ("plan", "born", "a.b", "since", "näme")
PROPERTIES: Final = ("total", "category", "cart")
PATHS: Final = ("total", "category", "cart.deep", "cart", "nothing")
GAPS: Final = (
    timedelta(0), timedelta(microseconds=1), timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=59),
    timedelta(hours=1), timedelta(hours=23, minutes=59), timedelta(days=1), timedelta(days=3), timedelta(days=45),
)  # fmt: skip
MEASURES: Final[tuple[Measure, ...]] = (
    "count", "sum", "average", "min", "max", "distinct", "first", "last", "most_frequent", "unique", "days_since",
)  # fmt: skip
TYPES: Final[tuple[ValueType, ...]] = ("text", "number", "flag")


def field_leaves(fields: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Conditions about a field, whatever its type."""
    texts = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3).map(tuple)
    some = st.lists(st.one_of(st.sampled_from(TEXTS), st.sampled_from(NUMBERS)), min_size=1, max_size=3).map(tuple)
    number = st.sampled_from(NUMBERS)
    return st.one_of(
        st.builds(f.OneOf, fields, st.sampled_from(("is", "is_not")), texts),
        st.builds(f.Contains, fields, st.sampled_from(("contains", "contains_not", "starts")),
                  st.sampled_from([t for t in TEXTS if t] + ["straSSE", "ς", "I"])),
        st.builds(f.Number, fields, st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge")), number),
        st.builds(f.Between, fields, number, number),
        st.builds(f.Flag, fields, st.booleans()),
        st.builds(f.Has, fields, st.sampled_from(("has", "has_not")), some),
        st.builds(f.Present, fields, st.booleans()),
        st.builds(f.Matches, fields, st.sampled_from(("^x", "a.b", "[0-9]+$", "é", "(x|y)+", "'"))),
        st.builds(f.Days, fields, st.just("before"), st.sampled_from((date(2024, 2, 29), date(2026, 3, 2)))),
        st.builds(f.Days, fields, st.just("between"), st.just(date(1990, 3, 1)), st.just(date(2026, 3, 1))),
    )  # fmt: skip


def timed_leaves(fields: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    days = st.sampled_from((1, 2, 30, 400))
    return st.one_of(
        st.builds(f.Recent, fields, st.sampled_from(("within", "longer_ago", "ahead")), days),
        st.builds(f.Anniversary, fields, st.sampled_from((0, 1, 7, 365))),
    )


def grouped(leaves: st.SearchStrategy[Any], max_leaves: int = 5) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            *(st.builds(group, st.lists(inner, max_size=3).map(tuple)) for group in (f.AllOf, f.AnyOf, f.NoneOf))
        ),
        max_leaves=max_leaves,
    )


wheres = st.one_of(st.none(), st.none(), grouped(field_leaves(st.sampled_from(PATHS)), 2))
matches = st.one_of(
    st.builds(f.EventMatch, st.sampled_from(NAMES), st.just("track"), wheres),
    st.builds(f.EventMatch, st.sampled_from(("", "Home")), st.just("page"), wheres),
)
spans = st.one_of(
    st.builds(f.Span, st.sampled_from((1, 59, 1440, 1500)), st.just("minutes")),
    st.builds(f.Span, st.sampled_from((1, 24, 25)), st.just("hours")),
    st.builds(f.Span, st.sampled_from((1, 2, 30, 90, 91, 365)), st.just("days")),
)
short_spans = spans.filter(lambda span: not (span.unit == "days" and span.n > 90))
windows = st.one_of(
    st.just(f.EVER),
    st.builds(f.Window, last=spans),
    st.builds(f.Window, since=st.sampled_from((date(2026, 3, 1), date(2026, 2, 28)))),
    st.builds(f.Window, since_trait=st.sampled_from(TRAITS)),
)
numbers = st.sampled_from((0, 1, 2, 3, 19.99, 20.09, 0.1, -0.5))
ops = st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge", "ge", "ge"))
dids = st.one_of(
    st.builds(f.Did, matches, window=windows, op=ops, value=numbers),
    st.builds(f.Did, matches, st.sampled_from(("sum", "average", "min", "max")), st.sampled_from(PATHS),
              window=windows, op=ops, value=numbers),
    st.builds(f.Did, matches, st.just("distinct"), st.sampled_from(PATHS), st.sampled_from(("text", "number")),
              window=windows, op=ops, value=numbers),
)  # fmt: skip


@st.composite
def sequences(draw: st.DrawFn) -> f.Sequence:
    steps = [f.Step(draw(matches))]
    for _ in range(draw(st.integers(0, 2))):
        steps.append(f.Step(draw(matches), draw(st.none() | short_spans), draw(st.none() | matches)))
    then_not = draw(st.none() | st.builds(f.ThenNot, matches, short_spans))
    return f.Sequence(tuple(steps), then_not, draw(short_spans))


@st.composite
def computed_traits(draw: st.DrawFn) -> Computed:
    measure = draw(st.sampled_from(MEASURES))
    if measure in ("count", "days_since"):
        return Computed(draw(matches), measure, window=f.EVER if measure == "days_since" else draw(windows))
    kind = draw(st.sampled_from(TYPES[:2] if measure in ("distinct", "unique") else TYPES))
    return Computed(draw(matches), measure, draw(st.sampled_from(PATHS)), kind, draw(windows))


company_leaves = st.one_of(
    field_leaves(st.just("trait:size")),
    timed_leaves(st.sampled_from(("trait:size", "last_seen"))),
    st.builds(f.Present, st.just("name"), st.booleans()),
    st.builds(
        f.PeopleIn, st.just(8), st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge")), st.sampled_from((0, 1, 2, 3))
    ),
)
company_rules = grouped(
    st.one_of(company_leaves, company_leaves, st.builds(f.InAudience, st.just(9), st.booleans())), 4
)
COLUMNS: Final = ("name", "email", "phone")
person_leaves = st.one_of(
    field_leaves(st.sampled_from([f"trait:{name}" for name in TRAITS])),
    field_leaves(st.sampled_from([f"trait:{name}" for name in TRAITS])),
    timed_leaves(st.sampled_from([f"trait:{name}" for name in TRAITS] + ["first_seen", "last_seen"])),
    st.builds(f.OneOf, st.sampled_from(COLUMNS), st.just("is"), st.just(("x", "Straße"))),
    st.builds(f.Present, st.sampled_from(("name", "first_seen")), st.booleans()),
    st.builds(f.Flag, st.just("known"), st.booleans()),
    st.builds(f.Consents, st.sampled_from(PURPOSES), st.sampled_from(("given", "denied", "unknown"))),
    st.builds(f.Sample, st.sampled_from((10.0, 50.0, 99.5)), st.sampled_from(("", "é'"))),
    st.builds(f.Listed, st.just(1)),
    st.builds(f.AtCompany, company_rules),
    st.builds(f.InAudience, st.just(7), st.booleans()),
)  # fmt: skip


@st.composite
def rules(draw: st.DrawFn, world: World) -> Any:
    """A rule that refers to what the world has."""
    names = [f"computed:{name}" for name in world.computed]
    leaves = st.one_of(person_leaves, dids, dids, sequences(), computed_leaves(world, names))
    return draw(grouped(leaves, 6))


def computed_leaves(world: World, names: list[str]) -> st.SearchStrategy[Any]:
    def fitting(name: str) -> st.SearchStrategy[Any]:
        allowed = asked_as(world.computed[name.removeprefix("computed:")])
        return field_leaves(st.just(name)).filter(lambda leaf: isinstance(leaf, allowed))

    return st.sampled_from(names).flatmap(fitting)


@st.composite
def worlds(draw: st.DrawFn, people: int = 3, max_events: int = 16) -> World:
    """Events of fragments, and people who have them."""
    n_people = draw(st.integers(1, people))
    somebodies = [draw(_somebody(100 + i)) for i in range(n_people)]
    ts, events = START, []
    for n in range(draw(st.integers(0, max_events))):
        ts += draw(st.sampled_from(GAPS))
        person = draw(st.integers(0, n_people - 1))
        is_page = draw(st.integers(0, 3)) == 0
        name = draw(st.sampled_from(("Home", "")) if is_page else st.sampled_from(NAMES))
        properties = draw(st.dictionaries(st.sampled_from(PROPERTIES), values, max_size=2))
        fragment = 1000 + person * 10 + draw(st.integers(0, 1))
        events.append(Event(n + 1, 100 + person, fragment, ts, name, "page" if is_page else "track", properties))
    computed = {f"c{i}": draw(computed_traits()) for i in range(2)}
    listed = frozenset(one.id for one in somebodies if draw(st.booleans()))
    other = draw(grouped(st.one_of(dids, field_leaves(st.just("trait:plan"))), 2))
    counts = {one.company_id: n for one in somebodies if one.company and (n := draw(st.integers(0, 3)))}
    audiences = {7: other, 8: f.Consents("advertising")}
    return World(
        somebodies, events, computed, audiences, {1: listed}, {9: draw(grouped(company_leaves, 2))}, {8: counts}
    )


@st.composite
def _somebody(draw: st.DrawFn, number: int) -> Somebody:
    moment = st.sampled_from((START, START - timedelta(days=400), START + timedelta(days=1)))
    first = draw(moment)
    columns = {
        "name": draw(st.sampled_from(("", "x", "Straße"))), "email": draw(st.sampled_from(("", "x"))), "phone": "",
        "first_seen": first, "last_seen": max(first, draw(moment)), "known": draw(st.booleans()),
    }  # fmt: skip
    company = draw(st.none() | st.just({"name": "Acme", "key": "acme", "first_seen": START, "last_seen": START}))
    return Somebody(
        number, draw(st.dictionaries(st.sampled_from(TRAITS), values, max_size=4)), columns,
        draw(st.dictionaries(st.sampled_from(PURPOSES), st.booleans())),
        company, {"size": draw(values)} if company else {}, 5000 + number,
    )  # fmt: skip


def moments(world: World) -> st.SearchStrategy[datetime]:
    """When to ask: at an event, shortly after, and long after."""
    last = world.events[-1].ts if world.events else START
    return st.sampled_from([*(e.ts for e in world.events), last]).flatmap(
        lambda ts: st.sampled_from([ts + gap for gap in (*GAPS, timedelta(days=91), timedelta(days=366))])
    )
