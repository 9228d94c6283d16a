"""The compiled SQL says of every record what the tree says, whatever the record holds."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.filters.api import (
    AllOf,
    Anniversary,
    AnyOf,
    AtCompany,
    Behaviour,
    Between,
    Column,
    Consents,
    Contains,
    Days,
    Did,
    EventMatch,
    Field,
    FieldUnknown,
    FilterRejected,
    Flag,
    Has,
    InAudience,
    Key,
    Kind,
    Listed,
    Matches,
    Node,
    NoneOf,
    Number,
    OneOf,
    PeopleIn,
    Present,
    Recent,
    RelatedTo,
    Sample,
    Sequence,
    Step,
    TopShare,
    compile_tree,
    from_json,
    to_json,
)
from tests.filters.oracle import matches

NOW: Final = datetime(2026, 5, 17, 12, 30, tzinfo=UTC)
KEYS: Final = ("a", "b\"'%s", "ключ")
FIELDS: Final = ("name", "seen", "known", *(f"trait:{key}" for key in KEYS))


class Records:
    """Columns of a table `record` and keys of its `traits`."""

    def field(self, name: str) -> Field:
        kind = {"name": Kind.TEXT, "seen": Kind.MOMENT, "known": Kind.FLAG}.get(name)
        if kind:
            return Column(kind, Identifier("record", name))
        if name.startswith("trait:"):
            return Key(Identifier("record", "traits"), name.removeprefix("trait:"))
        raise FieldUnknown(f"There is no field {name!r}.")


# letters of the Unicode versions that Python and PostgreSQL share
LETTERS: Final = st.characters(codec="utf-8", exclude_characters="\0", max_codepoint=0x24F) | st.sampled_from(
    "ΣςσéЖ😀%_\\"
)
WORDS: Final = st.text(LETTERS, max_size=4) | st.sampled_from(
    ["pro", "Pro", "free", "", "1", "true", "null", "2026-05-17", "2026-02-31", "2026-05-17T12:30:00Z", "now", "NaN"]
)
DATES: Final = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))  # noqa: DTZ001 any
DATE_TEXTS: Final = st.builds(
    lambda at, sep, form, zone: at.strftime(f"{at.year:04}-%m-%d{sep}{form}") + zone,
    DATES | st.integers(-5000, 5000).map(lambda hours: NOW.replace(tzinfo=None) + timedelta(hours=hours)),
    st.sampled_from("T "),
    st.sampled_from(["%H:%M", "%H:%M:%S", "%H:%M:%S.%f"]),
    st.sampled_from(["", "Z", "+02:00", "-14:59", "+15:00"]),
)
NUMBERS: Final = st.integers(-3, 3) | st.floats(-3, 3) | st.sampled_from([0.1, 1e20, 10**29, -0.0, 1.50])
SCALARS: Final = st.none() | st.booleans() | NUMBERS | st.sampled_from([10**400, 1e308]) | WORDS | DATE_TEXTS
VALUES: Final = st.recursive(SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(WORDS, one, max_size=2))
RECORDS: Final = st.fixed_dictionaries(
    {"name": WORDS, "seen": st.none() | DATES.map(lambda at: at.replace(tzinfo=UTC)), "known": st.booleans()},
    optional={f"trait:{key}": VALUES for key in KEYS},
)
DAYS: Final = st.dates(date(2025, 1, 1), date(2027, 1, 1)) | st.dates()


def leaves(field: str) -> st.SearchStrategy[Node]:
    """Conditions that a field can be asked."""
    f = st.just(field)
    texts = [
        st.builds(OneOf, f, st.sampled_from(["is", "is_not"]), st.lists(WORDS, min_size=1, max_size=3).map(tuple)),
        st.builds(Contains, f, st.sampled_from(["contains", "contains_not", "starts"]), WORDS.filter(bool)),
    ]
    days = [
        st.builds(Days, f, st.sampled_from(["before", "after"]), DAYS),
        st.builds(Days, f, st.just("between"), DAYS, DAYS),
        st.builds(Recent, f, st.sampled_from(["within", "longer_ago", "ahead"]), st.integers(1, 300)),
    ]
    flags = [st.builds(Flag, f, st.booleans())]
    others = [
        st.builds(Number, f, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), NUMBERS),
        st.builds(Between, f, NUMBERS, NUMBERS),
        st.builds(
            Has, f, st.sampled_from(["has", "has_not"]), st.lists(WORDS | NUMBERS, min_size=1, max_size=2).map(tuple)
        ),
    ]
    of_kind: dict[str, list[st.SearchStrategy[Any]]] = {"name": texts, "seen": days, "known": flags}
    return st.one_of(*of_kind.get(field, [*texts, *days, *flags, *others]), st.builds(Present, f, st.booleans()))


LEAVES: Final = st.sampled_from(FIELDS).flatmap(leaves)


def grouped(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    of = st.lists(inner, max_size=3).map(tuple)
    return st.builds(AllOf, of) | st.builds(AnyOf, of) | st.builds(NoneOf, of)


TREES: Final = LEAVES | grouped(LEAVES | grouped(LEAVES | grouped(LEAVES)))


@pytest.fixture
def records(db: Connection[Any]) -> Connection[Any]:
    db.execute("create temp table record (id int, name text not null, seen timestamptz, known bool, traits jsonb)")
    db.execute("set timezone = 'UTC'")
    return db


def put(db: Connection[Any], records: list[dict[str, Any]]) -> None:
    db.execute("truncate record")
    for number, one in enumerate(records):
        traits = {key: one[f"trait:{key}"] for key in KEYS if f"trait:{key}" in one}
        db.execute(
            "insert into record values (%s, %s, %s, %s, %s)",
            [number, one["name"], one["seen"], one["known"], json.dumps(traits)],
        )


def found(db: Connection[Any], tree: Node) -> list[int]:
    compiled = compile_tree(tree, Records(), NOW)
    query = SQL("select id from record where {} order by id").format(compiled.sql)
    return [number for (number,) in db.execute(query, compiled.parameters)]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=8), st.lists(TREES, min_size=1, max_size=6))
def test_sql_finds_what_the_tree_means(
    records: Connection[Any], several: list[dict[str, Any]], trees: list[Node]
) -> None:
    put(records, several)
    for tree in trees:
        assert from_json(to_json(tree)) == tree
        expected = [number for number, one in enumerate(several) if matches(tree, one, NOW)]
        assert found(records, tree) == expected, to_json(tree)


def test_a_leaf_and_its_contrary_share_everybody_out(records: Connection[Any]) -> None:
    values: list[Any] = [None, 1, "1", [1], {}]
    put(records, [{"name": "", "seen": None, "known": False, "trait:a": value} for value in values])
    for a, b in (
        (OneOf("trait:a", "is", ("1",)), OneOf("trait:a", "is_not", ("1",))),
        (Present("seen"), Present("seen", False)),
        (OneOf("trait:a", "is", ("1",)), NoneOf((OneOf("trait:a", "is", ("1",)),))),
        (AllOf(), NoneOf((AllOf(),))),
        (AnyOf(()), NoneOf(())),
    ):
        assert sorted(found(records, a) + found(records, b)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "tree", "is_found"),
    [
        ("2026-05-17T12:30:00Z", Recent("trait:a", "ahead", 1), True),
        ("2026-05-17T12:29:59.999999Z", Recent("trait:a", "ahead", 1), False),
        ("2026-05-18T12:30:00Z", Recent("trait:a", "ahead", 1), True),
        ("2026-05-18T12:30:00.000001Z", Recent("trait:a", "ahead", 1), False),
        ("2026-05-17T12:30:00Z", Recent("trait:a", "within", 1), True),
        ("2026-05-16T12:30:00Z", Recent("trait:a", "within", 1), True),
        ("2026-05-16T12:30:00Z", Recent("trait:a", "longer_ago", 1), False),
    ],
)
def test_both_ends_of_days_ahead_and_past_are_within(
    text: str, tree: Recent, is_found: bool, records: Connection[Any]
) -> None:
    put(records, [{"name": "", "seen": None, "known": False, "trait:a": text}])
    assert found(records, tree) == [0] * is_found
    assert matches(tree, {"trait:a": text}, NOW) is is_found


@pytest.mark.parametrize(
    "tree", [Contains("seen", "starts", "x"), Number("name", "gt", 1), Flag("seen", True), OneOf("known", "is", ("x",))]
)
def test_a_field_is_asked_only_what_it_can_answer(tree: Node) -> None:
    with pytest.raises(FilterRejected, match="can't be asked this"):
        compile_tree(tree, Records(), NOW)


OF_PEOPLE: Final[tuple[Behaviour, ...]] = (
    Did(EventMatch("Order Completed")),
    Sequence((Step(EventMatch("Order Completed")),)),
    InAudience(1),
    Consents("advertising"),
    AtCompany(Present("name")),
    TopShare("trait:a", 10),
    Sample(10),
    Listed(1),
    PeopleIn(1, "ge", 2),
)


def test_every_behaviour_is_tried() -> None:
    assert {type(one) for one in OF_PEOPLE} == set(get_args(Behaviour)) - {RelatedTo}, "lists ask that: test_related"


@pytest.mark.parametrize("tree", OF_PEOPLE, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("group", [AllOf, AnyOf, NoneOf])
def test_lists_refuse_behaviour_and_tell_what_to_do(tree: Behaviour, group: Any) -> None:
    asked = json.loads(to_json(tree))["where"]["type"]
    assert from_json(to_json(tree)) == tree
    with pytest.raises(FilterRejected, match=rf"can't be filtered by '{asked}'\. Make an audience"):
        compile_tree(group((Present("name"), tree)), Records(), NOW)


@pytest.mark.parametrize("field", ["name", "seen", "known", "trait:a"])
@pytest.mark.parametrize(
    ("make", "asked"),
    [(lambda field: Matches(field, "^a"), "regex"), (lambda field: Anniversary(field, 7), "anniversary")],
)
def test_lists_refuse_patterns_and_anniversaries(field: str, make: Callable[[str], Node], asked: str) -> None:
    tree = make(field)
    assert from_json(to_json(tree)) == tree
    with pytest.raises(FilterRejected, match=rf"'{field}' can't be asked this \({asked}\) in a list"):
        compile_tree(tree, Records(), NOW)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(FieldUnknown):
        compile_tree(Present("salary"), Records(), NOW)
