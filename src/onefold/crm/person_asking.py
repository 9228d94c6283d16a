"""What lists of people are asked of sales: the owner by name, an order for stages, and what people lead to.

Free of Django's settings: the worker makes exports by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Composable, Literal

from onefold.crm.catalogue import Asking, relations_of_people
from onefold.crm.lifecycle import Lifecycle, load_lifecycle
from onefold.crm.person_fields import LEAD_SOURCE, LEAD_SOURCES, LEAD_STATUS, LEAD_STATUSES, LIFECYCLE, OWNER, Known
from onefold.crm.references import ME
from onefold.crm.schema import PERSON, own_traits
from onefold.filters.api import Column, Field, Kind
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "people.sql")
TRAIT: Final = "trait:"
SCORE: Final = f"{TRAIT}lead_score"
"""Shown, asked and sorted by as if it were a trait; it is no event's, but follows from them."""
_POINTS: Final = SQL("(select sc.points from lead_score sc where sc.person = p.id)")
MOST_USERS: Final = 2_000


@dataclass(frozen=True)
class Owners:
    """The owner of people (`filters.api.Related`): `numbers` are those of users by name, `me` is who asks."""

    numbers: Mapping[str, int]
    me: str

    def exists(self) -> Composable:
        """They have one."""
        return SQL("(coalesce(t.traits -> 'owner', 'null') not in ('null', '\"\"'))")

    def is_one_of(self, values: Sequence[str]) -> Composable:
        """By containment, which the GIN index on traits serves; of what is no user as a text."""
        names = {self.me if value == ME and self.me else value for value in values}
        held: list[str | int] = [
            *sorted(names),
            *(self.numbers[name] for name in sorted(names) if name in self.numbers),
        ]
        parts = [SQL("t.traits @> {}::jsonb").format(_json({OWNER: one})) for one in held]
        return SQL("({})").format(SQL(" or ").join(parts))


def known_of(conn: Connection[Any]) -> Known:
    """What the workspace has to choose from. One statement, and one every few seconds."""
    rows = conn.execute(QUERIES["users"], {"most": MOST_USERS}).fetchall()
    return Known(
        lifecycle=load_lifecycle(conn),
        users={number: name for number, name, _is_active in rows},
        owners=tuple(name for _number, name, is_active in rows if is_active),
        own=own_traits(conn, PERSON),
    )


def asked_of_people(asking: Asking, known: Known) -> dict[str, Field]:
    """By the names that filters give them."""
    numbers = {name: number for number, name in known.users.items()}
    return {
        f"{TRAIT}{OWNER}": Owners(numbers, asking.viewer.username),
        SCORE: Column(Kind.NUMBER, _POINTS),
        **relations_of_people(asking),
    }


def orders_of_people(known: Known) -> dict[str, Composable]:
    """What lists are sorted by where the value itself says nothing: the place of a stage, the name of an owner."""
    return {
        SCORE: _POINTS,
        f"{TRAIT}{OWNER}": _placed(OWNER, [str(number) for number in known.users]),
        f"{TRAIT}{LIFECYCLE}": _placed(LIFECYCLE, _stages(known.lifecycle)),
        f"{TRAIT}{LEAD_STATUS}": _placed(LEAD_STATUS, [one.value for one in LEAD_STATUSES]),
        f"{TRAIT}{LEAD_SOURCE}": _placed(LEAD_SOURCE, [one.value for one in LEAD_SOURCES]),
    }


def score_of_people() -> dict[str, Composable]:
    """Points as cells of lists hold them."""
    return {SCORE: SQL("({})::text").format(_POINTS)}


def _stages(lifecycle: Lifecycle) -> list[str]:
    return [one.key for one in lifecycle.stages]


def _placed(name: str, values: Sequence[str]) -> Composable:
    return SQL("array_position({}::text[], t.traits ->> {})").format(Literal(list(values)), Literal(name))


def _json(value: Mapping[str, Any]) -> Composable:
    """In a statement with parameters: a single % would be one."""
    return Literal(msgspec.json.encode(value).decode().replace("%", "%%"))
