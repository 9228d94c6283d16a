"""What the CRM says of people where lists, pages and exports of `profiles` ask: handed in when a program starts."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from onefold.accounts.api import Actor, ApiKeyHolder, PersonalData, Role
from onefold.crm.access import asking_of_profiles
from onefold.crm.person_asking import QUERIES, TRAIT, asked_of_people, known_of, orders_of_people, score_of_people
from onefold.crm.person_fields import BY_NAME, OWNER, SALES
from onefold.crm.person_rights import demand_person
from onefold.crm.references import ME
from onefold.crm.teams import QUERIES as TEAMS
from onefold.filters.api import OneOf
from onefold.lists.api import hand_in_mates
from onefold.profiles.api import MoreFields, hand_in


class PeopleOfSales:
    """As `profiles.api.More`."""

    def fields(self, conn: Connection[Any], actor: Actor) -> MoreFields:
        """Six statements, and some every few seconds."""
        from django.utils import timezone

        from onefold.crm.person_listed import labels_of_people, listed_of_people  # the worker has no pages

        asking, known = asking_of_profiles(conn, actor, timezone.get_current_timezone()), known_of(conn)
        listed, relations = listed_of_people(conn, asking, known)
        return MoreFields(
            asked=asked_of_people(asking, known),
            orders=orders_of_people(known),
            shown=score_of_people(),
            listed={one.name: one for one in listed},
            relations=relations,
            labels=labels_of_people(known),
            bulk={name: str(BY_NAME[name].title) for name in SALES},
            mine=None if asking.viewer.user_id is None else OneOf(f"{TRAIT}{OWNER}", "is", (ME,)),
        )

    def fields_of_user(self, conn: Connection[Any], user_id: int, *, is_masked: bool) -> MoreFields:
        """Three statements, and some every few seconds. Nothing for somebody who is gone."""
        row = conn.execute(QUERIES["reader"], {"id": user_id}).fetchone()
        if row is None:
            return MoreFields()
        level = PersonalData.MASKED if is_masked else PersonalData.SHOWN
        reader = ApiKeyHolder(0, row[0], Role(row[1]), level, frozenset({"read", "personal_data"}))
        known = known_of(conn)
        return MoreFields(
            asked=asked_of_people(asking_of_profiles(conn, reader), known),
            orders=orders_of_people(known),
            shown=score_of_people(),
            labels={f"{TRAIT}{OWNER}": dict(known.users)},
        )

    def demand_edit(self, conn: Connection[Any], actor: Actor, traits: Mapping[str, Any]) -> None:
        """As `demand_person`."""
        demand_person(conn, actor, traits.get(OWNER))


def mates_of(conn: Connection[Any], acting_user: str) -> list[str]:
    """As `lists.api.Mates`. One statement."""
    kind, _colon, username = acting_user.partition(":")
    if kind != "user":
        return []
    return [f"user:{name}" for (name,) in conn.execute(TEAMS["mates"], {"username": username})]


def tell_of_people() -> None:
    """From now on lists, pages and exports of people know owners, stages, records and teams. Safe to repeat."""
    hand_in(PeopleOfSales())
    hand_in_mates(mates_of)
