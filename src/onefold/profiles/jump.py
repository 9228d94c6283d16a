"""Whom a search leads to: somebody by an exact identifier, else those whose names and addresses match."""

from typing import Any, NamedTuple

from psycopg import Connection

from onefold.profiles import people, person
from onefold.profiles.ids import from_text, to_text
from onefold.profiles.naming import IdentifierRejected, Names, names_in_force
from onefold.profiles.people_fields import PeopleCatalogue
from onefold.profiles.people_state import people_state


class Target(NamedTuple):
    """A person as the command palette shows them."""

    url: str
    title: str
    note: str
    is_known: bool


def exact(conn: Connection[Any], names: Names, query: str) -> person.Found | None:
    """Who is meant by an exact identifier or id; None = search for it."""
    h = from_text(query)
    if h is None:
        if names.split(query) is None:
            return None
        try:
            h = names.identifier(query).h
        except IdentifierRejected:  # it only looks like one: searched for as text
            return None
    return person.find(conn, names, h)


def jump_to_people(conn: Connection[Any], query: str, most: int, *, is_masked: bool) -> list[Target]:
    """Up to `most` people, whoever the query names exactly first. Cost and `is_masked`: as of a page of their list."""
    names = names_in_force(conn)
    found = exact(conn, names, query)
    if found is not None:
        return [Target(f"/people/{to_text(found.profile_id)}", query, "", is_known=True)]
    page = people.people_page(conn, PeopleCatalogue(names, is_masked), people_state(query=query))
    return [
        Target(
            f"/people/{to_text(one.id)}", one.title, one.email if one.email != one.title else one.phone, one.is_known
        )
        for one in page.people[:most]
    ]
