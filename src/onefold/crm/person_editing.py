"""A person whose fields are read and edited, by pages as by the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.crm.person_asking import known_of
from onefold.crm.person_fields import Known
from onefold.kernel.errors import NotFound
from onefold.profiles.api import Names, Standing, from_text, names_in_force, standing, to_text


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A person whose fields are looked at. `values`: of their traits, by name."""

    conn: Connection[Any]
    names: Names
    whom: Standing
    values: dict[str, Any]
    known: Known

    @property
    def identifier(self) -> str:
        """For addresses."""
        return to_text(self.whom.profile_id)


def edited(conn: Connection[Any], identifier: str) -> Edited:
    """By profile id, the hash of an identifier, or `namespace:value`. Raises NotFound."""
    names, h = names_in_force(conn), from_text(identifier)
    if h is None and names.split(identifier) is not None:
        h = names.identifier(identifier).h
    whom = None if h is None else standing(conn, names, h)
    if whom is None or whom.is_nobody:
        raise NotFound(_("No person has this id. Ids change when people are merged; old ones lead on to the new."))
    values = {name: one.value for name, one in whom.traits(names.priorities).items()}
    golden = whom.golden(names.priorities)
    values |= {name: text for name, text in (("email", golden.email), ("phone", golden.phone)) if text}
    return Edited(conn=conn, names=names, whom=whom, values=values, known=known_of(conn))


@contextmanager
def alone(conn: Connection[Any], identifier: str) -> Iterator[Edited]:
    """A person whom nobody else edits meanwhile, so that whoever is second sees what the first has said."""
    profile_id = edited(conn, identifier).whom.profile_id
    conn.execute("select pg_advisory_lock(%s)", [profile_id])
    try:
        yield edited(conn, identifier)
    finally:
        conn.execute("select pg_advisory_unlock(%s)", [profile_id])
