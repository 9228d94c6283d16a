"""What a person's page shows of audiences: which they are in, and their computed traits."""

import math
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from onefold.accounts.api import Actor, Permission, may
from onefold.audiences.evaluate import Evaluator, values_of
from onefold.audiences.hiding import is_hidden
from onefold.audiences.live import load_scope
from onefold.audiences.shown import list_computed
from onefold.audiences.states import load_people, load_standings, load_stored
from onefold.kernel.instants import micros_of
from onefold.privacy.api import consents_in_force


class Value(NamedTuple):
    """A computed trait of somebody. `is_complete`: older events are in it; `is_hidden`: whoever asks may not see it."""

    name: str
    value: Any
    is_complete: bool
    is_hidden: bool = False

    @property
    def is_number(self) -> bool:
        """To be written with separators."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)


def computed_of(conn: Connection[Any], profile_id: int, now: datetime, actor: Actor) -> list[Value]:
    """By name, as the processor keeps them, as far as `actor` may see them. Cost: eight small queries, and one of the
    person's document."""
    listed = list_computed(conn)
    if not listed:
        return []
    person = load_people(conn, [profile_id], with_lists=False).get(profile_id)
    if person is None:
        return []
    person.consents = consents_in_force(conn, [profile_id]).get(profile_id, {})
    person.states = list(load_standings(conn, [profile_id])[profile_id].fragments.values())
    evaluator = Evaluator({}, load_scope(conn), load_stored(conn), {})
    values = values_of(person, {one.name: one.definition for one in listed}, evaluator, micros_of(now))
    sees_all = may(actor, Permission.SEE_PERSONAL_DATA)
    found = [Value(one.name, _plain(values[one.name]), one.is_complete) for one in listed]
    return [
        one if sees_all or not is_hidden(asked.definition.property) else one._replace(value=None, is_hidden=True)
        for one, asked in zip(found, listed, strict=True)
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401  (a value of JSON)
    """Sums are kept in millionths; whole ones are shown whole. JSON knows no infinite ones."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value
