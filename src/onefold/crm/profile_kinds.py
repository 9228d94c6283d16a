"""People and companies where administrators set up fields: beside the objects, which they are not."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from psycopg import Connection

from onefold.crm.company_fields import WELL_KNOWN
from onefold.crm.objects import ObjectType
from onefold.crm.person_fields import FIELDS
from onefold.crm.schema import COMPANY, PERSON, objects_in_force, own_traits

_KINDS: Final = (
    ObjectType(
        name=PERSON, title=_("Person"), plural=_("People"), icon="users", table="", path="/people", fields=FIELDS,
        columns=(), sort="",
    ),
    ObjectType(
        name=COMPANY, title=_("Company"), plural=_("Companies"), icon="building", table="", path="/companies",
        fields=WELL_KNOWN, columns=(), sort="",
    ),
)  # fmt: skip
RESERVED: Final = frozenset(
    {
        *("name", "email", "phone", "first_name", "last_name", "full_name", "company", "lead_score"),
        *("merged_into", "known", "first_seen", "last_seen", "created_by", "seen"),
    }
)
"""Traits that are known otherwise."""


def is_of_profiles(name: str) -> bool:
    """Whether the fields of this kind are traits."""
    return name in {PERSON, COMPANY}


def kinds_in_force(conn: Connection[Any]) -> Mapping[str, ObjectType]:
    """Everything that takes own fields, by name: people, companies, then the objects."""
    return {one.name: one.with_fields(own_traits(conn, one.name)) for one in _KINDS} | dict(objects_in_force(conn))
