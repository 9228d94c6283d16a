"""What some people did lately, each with their newest: for whoever looks after them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from onefold.events.api import INTERNAL_SOURCE, Flag
from onefold.profiles.people import Person, person_of
from onefold.profiles.timeline import QUERIES, Entry, entry_of
from onefold.profiles.visits import Row, Visit, folded

EACH: Final = 20
MOST: Final = 400
_PERSON: Final = 12  # columns of a person behind the anchor


@dataclass(kw_only=True)
class Doings:
    """What one person did, the newest first. `entries`: up to EACH events, `rows`: those as a timeline shows them."""

    person: Person
    entries: list[Entry] = field(default_factory=list)

    @property
    def rows(self) -> list[Row | Visit]:
        """Page views folded into visits."""
        return folded(self.entries)

    @property
    def at(self) -> datetime:
        """When they did something last."""
        return self.entries[0].ts


def doings_of(conn: Connection[Any], anchors: Collection[int], since: datetime) -> list[Doings]:
    """Of the people that these identifiers lead to, who did last something first; what Onefold logged and robots don't.

    One statement, up to MOST events. Cost: of each that was seen since, the weeks of events since.
    """
    given = {
        "anchors": list(anchors),
        "since": since,
        "internal": INTERNAL_SOURCE,
        "bot": int(Flag.BOT),
        "each": EACH,
        "most": MOST,
    }
    found: dict[int, Doings] = {}
    for row in conn.execute(QUERIES["doings"], given) if anchors else ():
        one = found.setdefault(row[1], Doings(person=person_of(row[1:_PERSON])))
        one.entries.append(entry_of(row[_PERSON:]))
    return list(found.values())
