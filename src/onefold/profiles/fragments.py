"""From whom somebody names to the fragments whose events are theirs, and back. For pages about events."""

from collections.abc import Collection
from typing import Any, Final

from psycopg import Connection

from onefold.profiles.ids import to_text
from onefold.profiles.jump import Target, exact
from onefold.profiles.naming import IdentifierRejected, names_in_force
from onefold.profiles.person import find, load_fragments, load_people, load_profile

GUESSED: Final = ("user_id", "email", "phone", "anonymous_id")
"""Namespaces that are tried for a value without one."""
MAX_FRAGMENTS: Final = 500


def fragments_of(conn: Connection[Any], text: str) -> list[int]:
    """Fragments of whom `namespace:value`, a bare value or a profile id names, at most 500; none: nobody."""
    names = names_in_force(conn)
    found = exact(conn, names, text)
    for namespace in () if found else GUESSED:
        try:
            found = find(conn, names, names.identifier(f"{namespace}:{text}").h)
        except IdentifierRejected:
            continue
        if found:
            break
    if found is None:
        return []
    return load_fragments(conn, found, MAX_FRAGMENTS)


def people_of_fragments(conn: Connection[Any], fragments: Collection[int]) -> dict[int, str]:
    """What the person of each fragment is called, today; nobody's, and people without a name, are left out.

    One statement, two look-ups each.
    """
    wanted = {fragment for fragment in fragments if fragment}
    if not wanted:
        return {}
    found = load_people(conn, wanted)
    return {h: one.title for h, one in found.items() if one.name or one.email or one.phone}


def person_of_fragment(conn: Connection[Any], fragment: int) -> Target | None:
    """Whose it is today; None: nobody's."""
    found = find(conn, names_in_force(conn), fragment) if fragment else None
    person = load_profile(conn, found.profile_id) if found and found.has_profile else None
    return Target(f"/people/{to_text(person.id)}", person.title, person.email, person.is_known) if person else None
