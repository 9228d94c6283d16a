"""Who asks the CRM, and how far: the one answer to "may they see, edit or delete this record?".

Pages, lists, searches, look-ups, exports and the API go by `rows_sql`; whoever writes by `demand_reach`. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import Final

from psycopg.sql import SQL, Composable, Identifier, Literal

from onefold.crm.errors import RecordForbidden


class Reach(StrEnum):
    """Of which records: nobody's, those one owns, those of one's teams, everybody's."""

    NONE = "none"
    OWN = "own"
    TEAM = "team"
    ALL = "all"


class Doing(StrEnum):
    """What is done to a record."""

    SEE = "see"
    EDIT = "edit"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Somebody who asks. `team`: user ids of their teams; `name` as the audit calls them; `zone`: whose times."""

    name: str
    user_id: int | None
    username: str = ""
    zone: tzinfo = UTC
    team: frozenset[int] = frozenset()
    usual: Mapping[Doing, Reach] = field(default_factory=dict)  # of every object
    special: Mapping[tuple[str, Doing], Reach] = field(default_factory=dict)  # of some

    def reach(self, object_name: str, doing: Doing) -> Reach:
        """How far they may do this."""
        return self.special.get((object_name, doing), self.usual.get(doing, Reach.NONE))

    def owners(self, reach: Reach) -> frozenset[int]:
        """Whose records a reach below ALL has."""
        if self.user_id is None or reach is Reach.NONE:
            return frozenset()
        return self.team | {self.user_id} if reach is Reach.TEAM else frozenset({self.user_id})


_TRUE: Final = SQL("true")


def rows_sql(viewer: Viewer, object_name: str, doing: Doing, alias: str) -> Composable:
    """Condition over the rows `alias` of the object's table: those that the viewer may do this to."""
    reach = viewer.reach(object_name, doing)
    if reach is Reach.ALL:
        return _TRUE
    owners = sorted(viewer.owners(reach))
    return SQL("({} = any({}::bigint[]))").format(Identifier(alias, "owner"), Literal(owners))


def may_reach(viewer: Viewer, object_name: str, doing: Doing, owner: int | None) -> bool:
    """Whether they may do this to a record with this owner."""
    reach = viewer.reach(object_name, doing)
    return reach is Reach.ALL or owner in viewer.owners(reach)


def demand_reach(viewer: Viewer, object_name: str, doing: Doing, owner: int | None) -> None:
    """Raises RecordForbidden unless `may_reach`."""
    if may_reach(viewer, object_name, doing, owner):
        return
    whose = {Reach.NONE: "nobody's", Reach.OWN: "only your own", Reach.TEAM: "only your teams'", Reach.ALL: ""}
    reach = whose[viewer.reach(object_name, doing)]
    raise RecordForbidden(f"Of records of this kind ({object_name}) you may {doing} {reach}.")
