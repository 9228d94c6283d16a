"""Lists of people by any order and filter: whole, in order, and each person once."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from onefold.filters.api import AllOf, Contains, Node, Number, OneOf, Present, Recent
from onefold.infra.postgres import connect
from onefold.lists.api import ListRejected, Sort
from onefold.profiles import people
from onefold.profiles.people_fields import PeopleCatalogue
from onefold.profiles.people_state import people_state
from tests.profiles.test_queries import names_of, walked

NOW = datetime.now(UTC).replace(microsecond=0)
COUNT = 130


def add(db: Connection[Any], h: int, *, traits: dict[str, Any] | None = None, **columns: Any) -> None:
    """A profile as the processor would write it."""
    row = {"name": "", "email": "", "phone": "", "is_known": True, "first_seen": NOW, "last_seen": NOW} | columns
    text = json.dumps(traits or {})
    db.execute(
        "insert into profile (id, traits, name, email, phone, is_known, first_seen, last_seen)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [h, text, *row.values()],
    )
    db.execute(
        "insert into profile_search values (%s, lower(%s), normalize(lower(%s), NFKD), lower(%s))",
        [h, row["name"], row["name"], row["email"]],
    )
    db.execute("insert into profile_traits values (%s, %s)", [h, text])


@pytest.fixture
def crowd(db: Connection[Any]) -> Connection[Any]:
    """COUNT people; a third without a name, a fifth anonymous, many alike in everything."""
    for n in range(COUNT):
        traits: dict[str, Any] = {"orders": n % 7} if n % 4 else {"orders": f"{n % 3}"} if n % 8 else {}
        add(
            db, n * (-1) ** n, traits=traits, name=f"Name {n % 11}" if n % 3 else "", email=f"{n % 5}@x.org" * (n % 2),
            phone=f"+4{n % 13}" * (n % 2), is_known=n % 5 > 0, first_seen=NOW - timedelta(days=n % 9),
            last_seen=NOW - timedelta(hours=n % 6),
        )  # fmt: skip
    return db


@pytest.mark.parametrize("field", ["last_seen", "first_seen", "name", "email", "phone", "company", "trait:orders"])
@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("is_known", [False, True])
def test_every_order_gives_everybody_once(
    field: str, is_descending: bool, is_known: bool, crowd: Connection[Any]
) -> None:
    found = walked(crowd, people_state(sort=Sort(field, is_descending), is_known=is_known))
    expected = {n * (-1) ** n for n in range(COUNT) if n % 5 or not is_known}
    assert (len(found), set(found)) == (len(expected), expected)


def test_names_in_order_and_those_without_one_last(db: Connection[Any]) -> None:
    for h, name in enumerate(["Zoe", "", "åsa", "Ada", "Azra", "ada"]):
        add(db, h, name=name)
    assert walked(db, people_state(sort=Sort("name", False))) == [3, 5, 4, 2, 0, 1]
    assert walked(db, people_state(sort=Sort("name", True))) == [0, 2, 4, 5, 3, 1]


def test_numbers_in_their_order_and_those_without_last(db: Connection[Any]) -> None:
    for h, orders in enumerate([10, 9, None, 100, 9.5]):
        add(db, h, traits={} if orders is None else {"orders": orders})
    assert walked(db, people_state(sort=Sort("trait:orders", False))) == [1, 4, 0, 3, 2]


def test_a_list_too_long_to_sort_says_so(crowd: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MAX_SORTED", 100)
    names = names_of(crowd)
    page = people.people_page(crowd, PeopleCatalogue(names, is_masked=False), people_state(sort=Sort("phone")))
    assert page.is_sort_refused
    assert [one.last_seen for one in page.people] == sorted((one.last_seen for one in page.people), reverse=True)
    narrow = people_state(sort=Sort("phone"), tree=AllOf((OneOf("name", "is", ("Name 1",)),)))
    assert not people.people_page(crowd, PeopleCatalogue(names, is_masked=False), narrow).is_sort_refused


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (OneOf("name", "is", ("Name 1", "Name 2")), lambda n: n % 3 and n % 11 in (1, 2)),
        (Contains("email", "starts", "3@X"), lambda n: n % 2 and n % 5 == 3),
        (Number("trait:orders", "ge", 5), lambda n: n % 4 and n % 7 >= 5),
        (OneOf("trait:orders", "is", ("0",)), lambda n: not n % 4 and n % 8 and n % 3 == 0),
        (Present("phone", False), lambda n: not n % 2),
        (Recent("first_seen", "longer_ago", 5), lambda n: n % 9 >= 5),
        (Present("company"), lambda n: False),
    ],
)
def test_filters_over_columns_and_traits(leaf: Node, expected: Any, crowd: Connection[Any]) -> None:
    found = walked(crowd, people_state(tree=AllOf((leaf,)), is_known=False))
    assert sorted(found) == sorted(n * (-1) ** n for n in range(COUNT) if expected(n))


@pytest.mark.parametrize("field", ["salary", "known", "identifier:email", "trait:", ""])
def test_what_lists_are_not_sorted_by(field: str, db: Connection[Any]) -> None:
    if field:
        with pytest.raises(ListRejected, match="sorted by"):
            people.people_page(db, PeopleCatalogue(names_of(db), is_masked=False), people_state(sort=Sort(field)))


@pytest.mark.parametrize("field", ["last_seen", "name", "trait:orders"])
def test_short_and_long_lists_are_read_differently_and_alike(
    field: str, crowd: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = people_state(sort=Sort(field, False), is_known=False, tree=AllOf((Number("trait:orders", "ge", 2),)))
    short = walked(crowd, state)
    monkeypatch.setattr(people, "COUNT_CAP", 3)
    assert walked(crowd, state) == short
    assert len(short) > 2 * 3


def test_a_list_that_takes_too_long_says_so(crowd: Connection[Any], pg_url: str) -> None:
    names = names_of(crowd)
    with connect(pg_url, "tests") as other:
        other.execute("lock table profile")  # until the end of the block, so that the list has to wait
        crowd.execute("set statement_timeout = '20ms'")
        page = people.people_page(crowd, PeopleCatalogue(names, is_masked=False), people_state())
        other.rollback()
    assert (page.is_too_slow, page.people) == (True, [])
    assert not people.people_page(crowd, PeopleCatalogue(names, is_masked=False), people_state()).is_too_slow


@pytest.mark.parametrize(
    ("name", "title"), [("Ada", "Ada"), ("\u200b", "x@x.org"), ("\u202e \u200d", "x@x.org"), ("-", "-")]
)
def test_a_name_that_nobody_can_see_is_none(name: str, title: str, db: Connection[Any]) -> None:
    add(db, 1, name=name, email="x@x.org")
    (one,) = people.people_page(db, PeopleCatalogue(names_of(db), is_masked=False), people_state()).people
    assert one.title == title
