"""Whom a request is about: from what a person or program wrote to an identifier and today's profile."""

from typing import Any, NamedTuple

from psycopg import Connection

from onefold.kernel.errors import NotFound
from onefold.profiles.api import Found, Member, Names, find, from_text, load_members


class Subject(NamedTuple):
    """A normalised identifier, and where it leads today; None = nobody has come by this name."""

    namespace: str
    value: str
    found: Found | None

    @property
    def text(self) -> str:
        """`namespace:value`."""
        return f"{self.namespace}:{self.value}"

    @property
    def is_shared(self) -> bool:
        """Several people use it, so it is nobody's."""
        return self.found is not None and not self.found.has_profile


def subject_of(conn: Connection[Any], names: Names, text: str) -> Subject:
    """The subject that `namespace:value` or a profile id names. Raises IdentifierRejected, or NotFound for an id."""
    h = from_text(text.strip())
    if h is not None:
        found = find(conn, names, h)
        if found is None:
            raise NotFound("No person has this id. Write one of their identifiers, such as email:anna@example.com.")
        return Subject(found.namespace, found.value, found)
    identifier = names.identifier(text.strip())
    found = find(conn, names, identifier.h)
    namespace = names.namespace(identifier.ns)
    if found is not None and (found.namespace, found.value) != (namespace, identifier.value):
        found = None  # another identifier has the same hash
    return Subject(namespace, identifier.value, found)


def person_of(conn: Connection[Any], names: Names, text: str) -> tuple[int, list[Member]]:
    """Profile id and identifiers of a person there is. Raises NotFound for nobody, IdentifierRejected."""
    subject = subject_of(conn, names, text)
    if subject.found is None or not subject.found.has_profile:
        raise NotFound("This identifier is nobody's, or several people's.")
    return subject.found.profile_id, load_members(conn, names, subject.found.profile_id)
