"""Lists and look-ups on rows written by hand: order, ends of pages, plans."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.sql import SQL

from onefold.filters.api import AllOf, OneOf
from onefold.identity.api import Flag
from onefold.lists.api import ListState, Sort
from onefold.profiles import people, timeline
from onefold.profiles.ids import from_text, to_text
from onefold.profiles.naming import Names, forget_names, names_in_force
from onefold.profiles.people_fields import PeopleCatalogue
from onefold.profiles.people_query import (
    Place,
    like_patterns,
    page_sql,
    place_from_text,
    place_to_text,
    selection_of,
)
from onefold.profiles.people_state import people_state
from onefold.profiles.person import why_mute

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BIGINTS = st.integers(-(1 << 63), (1 << 63) - 1)


@given(BIGINTS)
def test_a_profile_id_survives_as_text(h: int) -> None:
    assert from_text(to_text(h)) == h
    assert from_text(to_text(h).upper()) == h
    assert len(to_text(h)) == 16


@pytest.mark.parametrize(
    "text", ["", "x" * 16, "0" * 15, "0" * 17, "-000000000000001", "\u0660" * 16, "0x00000000000000"]
)
def test_what_is_no_profile_id(text: str) -> None:
    assert from_text(text) is None


@given(st.none() | BIGINTS, BIGINTS)
def test_a_place_in_the_list_survives_its_address(value: int | None, h: int) -> None:
    assert place_from_text(place_to_text(Place(value, h))) == (value, h)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids(), st.datetimes(timezones=st.just(UTC)))
def test_a_place_in_the_timeline_survives_its_address(ts: datetime, event: UUID, receipt: datetime) -> None:
    place = (ts, event, receipt)
    assert timeline.place_from_text(timeline.place_to_text(place)) == place


@pytest.mark.parametrize(
    "text", ["", "_", "x", "1", "1_", "_1", "1_x", "1_2_x", f"1_{1 << 63}", f"{10**30}_1_1", "1_\0"]
)
def test_what_is_no_place(text: str) -> None:
    assert place_from_text(text) is None
    assert timeline.place_from_text(text) is None


@pytest.mark.parametrize(
    ("query", "patterns"),
    [
        ("", None),
        (" \0 ", None),
        ("Ad", ("ad%", "% ad%")),
        ("ADA", ("%ada%", "%ada%")),
        ("50%_\\", ("%50\\%\\_\\\\%", "%50\\%\\_\\\\%")),
    ],
)
def test_patterns_of_a_search(query: str, patterns: tuple[str, str] | None) -> None:
    assert like_patterns(query) == patterns


def add_people(db: Connection[Any], seen: dict[int, datetime], *, is_known: bool = True) -> None:
    with db.cursor() as cursor:
        cursor.executemany(
            "insert into profile (id, name, is_known, first_seen, last_seen) values (%s, %s, %s, %s, %s)",
            [(h, f"P{h}", is_known, at, at) for h, at in seen.items()],
        )
        cursor.executemany(
            "insert into profile_search (id, search) values (%s, %s)", [(h, f"p{h} person") for h in seen]
        )


def names_of(db: Connection[Any]) -> Names:
    forget_names()
    return names_in_force(db)


def walk(db: Connection[Any], query: str, *, is_known: bool) -> list[int]:
    """Ids over all pages."""
    return walked(db, people_state(query=query, is_known=is_known))


def walked(db: Connection[Any], state: ListState) -> list[int]:
    """Ids over all pages of a list."""
    found: list[int] = []
    after = None
    names = names_of(db)
    while True:
        page = people.people_page(db, PeopleCatalogue(names, is_masked=False), state, after=after)
        found += [person.id for person in page.people]
        if page.next_place is None:
            return found
        after = place_from_text(place_to_text(page.next_place))
        assert after == page.next_place


@pytest.mark.parametrize("query", ["", "person", "p"])
@pytest.mark.parametrize("is_known", [True, False])
def test_pages_give_everybody_once_in_order(query: str, is_known: bool, db: Connection[Any]) -> None:
    seen = {h: NOON - timedelta(hours=abs(h) % 3) for h in range(-80, 80)}
    add_people(db, seen)
    add_people(db, {1000 + h: NOON for h in range(30)}, is_known=False)
    found = walk(db, query, is_known=is_known)
    everybody = seen if is_known else seen | {1000 + h: NOON for h in range(30)}
    assert found == sorted(everybody, key=lambda h: (everybody[h], h), reverse=True)


def test_a_page_that_is_just_full_has_no_next(db: Connection[Any]) -> None:
    add_people(db, dict.fromkeys(range(people.PAGE_SIZE), NOON))
    page = people.people_page(db, PeopleCatalogue(names_of(db), is_masked=False), people_state())
    assert (len(page.people), page.next_place, page.count) == (people.PAGE_SIZE, None, people.PAGE_SIZE)


def test_extreme_ids_and_instants_are_not_lost(db: Connection[Any]) -> None:
    ends = {
        (1 << 63) - 1: NOON,
        -(1 << 63): NOON,
        0: datetime(9999, 1, 1, tzinfo=UTC),
        1: datetime(1, 1, 1, tzinfo=UTC),
    }
    add_people(db, ends)
    assert walk(db, "", is_known=True) == [0, (1 << 63) - 1, -(1 << 63), 1]


def test_search_and_list_keep_to_their_indexes(db: Connection[Any]) -> None:
    """With many rows; a plan that scans the table would hurt at a million."""
    db.execute(
        "insert into profile (id, name, is_known, first_seen, last_seen)"
        " select n, 'P', n % 50 = 0, now(), now() - n * interval '1 hour' from generate_series(1, 50000) n"
    )
    db.execute(
        "insert into profile_search (id, search, by_name)"
        " select n, md5(n::text) || ' ' || md5((-n)::text), md5(n::text) from generate_series(1, 50000) n"
    )
    db.execute(
        "insert into profile_traits"
        " select n, jsonb_build_object('plan', case n % 1000 when 0 then 'rare' else 'free' end)"
        " from generate_series(1, 50000) n"
    )
    db.execute("analyze profile, profile_search, profile_traits")
    for state in (
        people_state(is_known=False), people_state(), people_state(query="abcdef"),
        people_state(sort=Sort("first_seen")), people_state(sort=Sort("name", True)),
        people_state(tree=AllOf((OneOf("trait:plan", "is", ("rare",)),))),
    ):  # fmt: skip
        selection = selection_of(state, PeopleCatalogue(names_of(db), is_masked=False), NOON)
        for statement, placed in page_sql(selection, [], None):
            plan = db.execute(
                SQL("explain {}").format(statement), {**selection.parameters, **placed, "limit": 51}, prepare=False
            ).fetchall()
            if not placed.get("offset"):
                assert not any("Seq Scan on profile" in line for (line,) in plan), plan
            break


def add_events(db: Connection[Any], rows: list[tuple[int, datetime, UUID, datetime]]) -> None:
    with db.cursor() as cursor:
        cursor.executemany(
            "insert into event (fragment, ts, id, received_at, source_id, kind, trust, flags, name, message_id, body)"
            " values (%s, %s, %s, %s, 1, 2, 2, 0, 'E', '', '{}')",
            rows,
        )


def test_the_timeline_gives_every_event_once_in_order(db: Connection[Any]) -> None:
    """Over several fragments, with equal times, equal ids, and ids that came again later."""
    rows = [
        (n % 4, NOON - timedelta(minutes=n % 5), UUID(int=n % 37), NOON + timedelta(days=n // 37)) for n in range(180)
    ]
    add_events(db, [*rows, (99, NOON, UUID(int=1), NOON)])
    found: list[Any] = []
    after = None
    while True:
        page = timeline.timeline_page(db, [0, 1, 2, 3], after=after, limit=7)
        found += [entry.place for entry in page.entries]
        after = page.next_place
        if after is None:
            break
    assert found == sorted(((ts, event, receipt) for _, ts, event, receipt in rows), reverse=True)


def test_a_timeline_of_no_fragments_asks_nothing(db: Connection[Any]) -> None:
    add_events(db, [(1, NOON, UUID(int=1), NOON)])
    assert timeline.timeline_page(db, []).entries == []


def test_what_joins_nobody_says_why_in_a_sentence() -> None:
    for flag in (Flag.SHARED, Flag.BUSY, Flag.ISOLATED):
        sentence = why_mute("device_id:x", flag)
        assert sentence.startswith("device_id:x is ")
        assert sentence.endswith(".")
    assert why_mute("x", Flag(0)) == why_mute("x", Flag.COMPLEX) == ""
