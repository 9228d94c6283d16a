"""Lists of records: filters, also through what records lead to, orders, pages, rights, totals."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.sql import SQL

from onefold.crm import listing
from onefold.crm.catalogue import Asking, relations_of_people
from onefold.crm.listing import Question, SortRejected, ids_of, place_from, place_text, record_page, totals_of
from onefold.crm.objects import STANDARD
from onefold.crm.records import create_records, delete_records
from onefold.crm.schema import objects_in_force
from onefold.crm.viewer import Viewer
from onefold.filters.api import (
    AllOf,
    Days,
    FieldUnknown,
    Node,
    NoneOf,
    Number,
    OneOf,
    Present,
    RelatedTo,
    compile_tree,
    in_all,
)
from onefold.profiles.api import names_in_force, to_text
from tests.crm.conftest import new
from tests.web.conftest import Shop

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
Team = dict[str, Viewer]


def asking(conn: Connection[Any], viewer: Viewer) -> Asking:
    return Asking(viewer=viewer, objects=objects_in_force(conn), names=names_in_force(conn), is_masked=False)


def question(conn: Connection[Any], viewer: Viewer, tree: Node | None = None, **more: Any) -> Question:
    kind = STANDARD[more.pop("kind", "deal")]
    return Question(asking=asking(conn, viewer), kind=kind, tree=in_all(tree), now=NOW, **more)


def named(conn: Connection[Any], viewer: Viewer, tree: Node | None = None, **more: Any) -> list[str]:
    page = record_page(conn, question(conn, viewer, tree, **more))
    return [row.values["name"] for row in page.rows]


@pytest.fixture
def deals(shop: Shop, team: Team) -> Shop:
    """Four deals: Ada's and Bob's company, nobody's, and one of Sue's that others may see."""
    shop.send({"type": "group", "userId": "1", "groupId": "acme", "traits": {"name": "Acme", "employees": 80}})
    shop.identify("1", email="ada@example.com", name="Ada", plan="pro")
    shop.identify("2", email="bob@example.com", name="Bob")
    one = new(shop.conn, "deal", team["rob"], name="Tents", amount="500", person="user_id:1", close_on="2026-12-01")
    new(shop.conn, "deal", team["rob"], name="Kayaks", amount="20", person="user_id:2", close_on="2026-11-01")
    new(shop.conn, "deal", team["mia"], name="100% wool_", source="event")
    new(shop.conn, "deal", team["sue"], name="Boats", amount="9000")
    new(shop.conn, "task", team["rob"], name="Call", deal=one, due_at="2026-12-02T09:00")
    return shop


def person(conn: Connection[Any], name: str) -> str:
    row = conn.execute("select id from profile where name = %s", [name]).fetchone()
    return to_text(row[0]) if row else ""


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (Number("amount", "gt", 100), {"Tents", "Boats"}),
        (NoneOf((Number("amount", "gt", 100),)), {"Kayaks", "100% wool_"}),
        (Present("amount", False), {"100% wool_"}),
        (OneOf("owner", "is", ("rob", "sue")), {"Tents", "Kayaks", "Boats"}),
        (OneOf("owner", "is", ("me",)), {"100% wool_"}),
        (Days("close_on", "before", datetime(2026, 11, 20, tzinfo=UTC).date()), {"Kayaks"}),
        (RelatedTo("person", OneOf("trait:plan", "is", ("pro",))), {"Tents"}),
        (RelatedTo("company", Number("trait:employees", "gt", 50)), {"Tents"}),
        (RelatedTo("company", RelatedTo("people", OneOf("name", "is", ("Ada",)))), {"Tents"}),
        (RelatedTo("company", RelatedTo("deals", Number("amount", "gt", 100))), {"Tents"}),
        (RelatedTo("tasks", Present("due_at", True)), {"Tents"}),
        (RelatedTo("tasks", AllOf(), "has_not"), {"Kayaks", "100% wool_", "Boats"}),
        (OneOf("company", "is", (":acme",)), {"Tents"}),
        (OneOf("source", "is_not", ("event",)), {"Tents", "Kayaks", "Boats"}),
        (OneOf("state", "is", ("open",)), {"Tents", "Kayaks", "100% wool_", "Boats"}),
    ],
)
def test_filters_reach_through_what_records_lead_to(tree: Node, expected: set[str], deals: Shop, team: Team) -> None:
    assert set(named(deals.conn, team["mia"], tree)) == expected


def test_a_person_is_found_by_any_id_of_theirs(deals: Shop, team: Team) -> None:
    assert named(deals.conn, team["mia"], OneOf("person", "is", (person(deals.conn, "Ada"),))) == ["Tents"]


def test_people_are_asked_for_their_deals(deals: Shop, team: Team) -> None:
    def people(viewer: Viewer, tree: Node) -> set[str]:
        relations = relations_of_people(asking(deals.conn, viewer))

        class Catalogue:
            def field(self, name: str) -> Any:
                return relations[name]

        compiled = compile_tree(tree, Catalogue(), NOW)
        statement = SQL("select p.name from profile p where {}").format(compiled.sql)
        return {name for (name,) in deals.conn.execute(statement, compiled.parameters)}

    big = RelatedTo("deals", AllOf((Number("amount", "gt", 100), OneOf("state", "is", ("open",)))))
    at_large = RelatedTo("at_company", AllOf((Number("trait:employees", "gt", 50), big)))
    assert people(team["mia"], big) == {"Ada"}
    assert people(team["mia"], at_large) == {"Ada"}
    assert people(team["mia"], RelatedTo("tasks", AllOf())) == {"Ada"}
    assert people(team["sue"], RelatedTo("deals", AllOf())) == set(), "she sees none of these deals, not even so"


def test_one_sees_what_one_may(deals: Shop, team: Team) -> None:
    assert named(deals.conn, team["sue"]) == ["Boats"]
    assert totals_of(deals.conn, question(deals.conn, team["sue"])).sums["home_amount"] == Decimal("9000.00")
    assert named(deals.conn, team["sue"], kind="task") == []
    assert len(ids_of(deals.conn, question(deals.conn, team["sue"]), most=10)) == 1


def test_search_takes_parts_of_names_as_they_are_written(deals: Shop, team: Team) -> None:
    assert named(deals.conn, team["mia"], query="ENT") == ["Tents"]
    assert named(deals.conn, team["mia"], query="0% wool_") == ["100% wool_"]
    assert named(deals.conn, team["mia"], query="%") == ["100% wool_"]


def test_deleted_deals_are_in_no_list(deals: Shop, team: Team) -> None:
    (number,) = ids_of(deals.conn, question(deals.conn, team["mia"], query="kayak"), most=10)
    delete_records(deals.conn, STANDARD["deal"], [number], viewer=team["mia"])
    assert len(named(deals.conn, team["mia"])) == 3
    assert totals_of(deals.conn, question(deals.conn, team["mia"])).count == 3


def test_totals_are_of_the_whole_list(deals: Shop, team: Team) -> None:
    totals = totals_of(deals.conn, question(deals.conn, team["mia"]))
    assert (totals.count, totals.sums) == (4, {"home_amount": Decimal("9520.00"), "weighted": Decimal("1904.00")})


@pytest.mark.parametrize(
    "sort", ["close_on", "-close_on", "amount", "-amount", "name", "-name", "-created_at", "source"]
)
def test_pages_hold_everything_once_in_order(sort: str, shop: Shop, team: Team) -> None:
    rows = [
        {"name": f"Deal {n % 7}", "amount": "" if n % 3 == 0 else str(n % 5), "source": ["", "event"][n % 2]}
        | ({"close_on": f"2026-12-{n % 4 + 1:02}"} if n % 4 else {})
        for n in range(23)
    ]
    create_records(shop.conn, STANDARD["deal"], rows, viewer=team["mia"])
    asked = question(shop.conn, team["mia"], sort=sort)
    whole = [row.id for row in record_page(shop.conn, asked, size=100).rows]
    found, after = [], None
    for _page in range(10):
        page = record_page(shop.conn, asked, after=after, size=5)
        found += page.rows
        if page.next_place is None:
            break
        after = place_from(place_text(page.next_place))
    assert [row.id for row in found] == whole
    assert len(set(whole)) == 23
    name = sort.removeprefix("-")
    values = [row.values[name] for row in found if row.values[name] not in (None, "")]
    assert values == sorted(values, reverse=sort.startswith("-"))
    empty = [row.values[name] in (None, "") for row in found]
    assert empty == sorted(empty), "those without a value come last"


def test_a_long_list_is_not_sorted_without_an_index(deals: Shop, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_SORTED", 3)
    page = record_page(deals.conn, question(deals.conn, team["mia"], sort="source"))
    assert page.is_sort_refused
    assert [row.values["name"] for row in page.rows] == ["Boats", "100% wool_", "Kayaks", "Tents"]


def test_what_there_is_not_is_refused(deals: Shop, team: Team) -> None:
    with pytest.raises(FieldUnknown, match=r"'colour'\. Fields: name, pipeline"):
        named(deals.conn, team["mia"], Present("colour"))
    with pytest.raises(SortRejected, match="by name, "):
        named(deals.conn, team["mia"], sort="person")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=30))
def test_no_search_and_no_place_makes_it_fail(text: str, deals: Shop, team: Team) -> None:
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        record_page(deals.conn, question(deals.conn, team["mia"], query=text), after=place_from(text))
