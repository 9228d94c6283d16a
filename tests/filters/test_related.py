"""Filters through relations, and columns that hold numbers and days."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.filters.api import (
    AllOf,
    Between,
    Column,
    Contains,
    Days,
    Field,
    FieldUnknown,
    FilterRejected,
    Kind,
    Node,
    NoneOf,
    Number,
    OneOf,
    Present,
    Recent,
    RelatedTo,
    Relation,
    compile_tree,
    from_json,
    to_json,
)

NOW: Final = datetime(2026, 5, 17, 12, 30, tzinfo=UTC)
Find = Callable[[Node], set[str]]


class Owners:
    """People, who lead to their pets."""

    def field(self, name: str) -> Field:
        if name == "name":
            return Column(Kind.TEXT, Identifier("o", "name"))
        if name == "pets":
            return Relation(Pets(), SQL("exists (select from pet p where p.owner = o.id and {})").format)
        raise FieldUnknown(name)


class Pets:
    """Pets, which lead back to who owns them."""

    def field(self, name: str) -> Field:
        kinds = {"name": Kind.TEXT, "weight": Kind.NUMBER, "born_on": Kind.DAY}
        if name in kinds:
            return Column(kinds[name], Identifier("p", name))
        if name == "owner":
            return Relation(Owners(), SQL("exists (select from owner o where o.id = p.owner and {})").format)
        raise FieldUnknown(name)


@pytest.fixture
def find(db: Connection[Any]) -> Find:
    """Names of the owners for whom a tree holds."""
    db.execute("create temp table owner (id int, name text not null)")
    db.execute("create temp table pet (owner int, name text not null, weight numeric, born_on date)")
    db.execute("insert into owner values (1, 'ada'), (2, 'bob'), (3, 'cyd')")
    db.execute(
        "insert into pet values (1, 'cat', 4.5, '2026-05-17'), (1, 'dog', 30, '2020-01-01'),"
        " (2, 'elk', null, null), (2, 'cat', 12.25, '2026-05-16')"
    )

    def names(tree: Node) -> set[str]:
        compiled = compile_tree(tree, Owners(), NOW)
        statement = SQL("select o.name from owner o where {}").format(compiled.sql)
        return {name for (name,) in db.execute(statement, compiled.parameters)}

    return names


def pets(*of: Node, op: Any = "has") -> RelatedTo:
    return RelatedTo("pets", AllOf(of), op)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (pets(), {"ada", "bob"}),
        (pets(op="has_not"), {"cyd"}),
        (Present("pets", True), {"ada", "bob"}),
        (Present("pets", False), {"cyd"}),
        (pets(OneOf("name", "is", ("cat",)), Number("weight", "gt", 10)), {"bob"}),
        (AllOf((pets(OneOf("name", "is", ("cat",))), pets(Number("weight", "gt", 20)))), {"ada"}),
        (pets(Number("weight", "ge", 12.25)), {"ada", "bob"}),
        (pets(Number("weight", "eq", 12.25)), {"bob"}),
        (pets(Number("weight", "ne", 30)), {"ada", "bob"}),
        (pets(Number("weight", "ne", 30), op="has_not"), {"cyd"}),
        (pets(Between("weight", 4, 5)), {"ada"}),
        (pets(Present("weight", False)), {"bob"}),
        (pets(Days("born_on", "before", date(2026, 5, 16))), {"ada"}),
        (pets(Days("born_on", "between", date(2026, 5, 16), date(2026, 5, 17))), {"ada", "bob"}),
        (pets(Recent("born_on", "within", 1)), {"ada"}),
        (pets(NoneOf((Recent("born_on", "longer_ago", 1),))), {"ada", "bob"}),
        (RelatedTo("pets", RelatedTo("owner", OneOf("name", "is", ("bob",)))), {"bob"}),
    ],
)
def test_one_related_record_has_to_meet_it_all(tree: Node, expected: set[str], find: Find) -> None:
    assert find(tree) == expected
    assert from_json(to_json(tree)) == tree


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (RelatedTo("name", AllOf()), "leads to no other records"),
        (OneOf("pets", "is", ("cat",)), "can't be asked this"),
        (pets(Contains("weight", "contains", "3")), "can't be asked this"),
        (pets(Contains("born_on", "contains", "3")), "can't be asked this"),
    ],
)
def test_what_a_relation_or_a_number_cannot_answer_is_refused(tree: Node, message: str) -> None:
    with pytest.raises(FilterRejected, match=message):
        compile_tree(tree, Owners(), NOW)


def test_a_field_of_the_related_record_is_unknown_to_the_first() -> None:
    with pytest.raises(FieldUnknown):
        compile_tree(Number("weight", "gt", 1), Owners(), NOW)


def test_nesting_counts_through_relations() -> None:
    tree: Node = Present("name", True)
    for _level in range(6):
        tree = RelatedTo("pets", AllOf((tree,)))
    with pytest.raises(FilterRejected, match="nested deeper than 4"):
        from_json(to_json(tree))
