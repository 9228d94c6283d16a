"""Who asks the CRM, and how far: the one answer to "may they see, edit or delete this record?".

Pages, lists, searches, look-ups, exports and the API go by `rows_sql`; whoever writes by `sharing.demand_rows`. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import Final

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from onefold.crm.errors import RecordForbidden
from onefold.crm.objects import ObjectType


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


class FieldRight(StrEnum):
    """What is done to a field of a record that one may see; to edit it one must reach the record, too."""

    HIDDEN = "hidden"
    READ = "read"
    EDIT = "edit"


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Somebody who asks. `team`: user ids of their teams, their own among them; `name` as the audit calls them.

    `teams`: those that they are in, and those above: what is shared with one of these is shared with them. `zone`:
    whose times they write.
    """

    name: str
    user_id: int | None
    username: str = ""
    zone: tzinfo = UTC
    team: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()
    usual: Mapping[Doing, Reach] = field(default_factory=dict)  # of every object
    special: Mapping[tuple[str, Doing], Reach] = field(default_factory=dict)  # of some
    fields: Mapping[tuple[str, str], FieldRight] = field(default_factory=dict)  # (object, field); all others: EDIT
    shared: Mapping[tuple[str, Doing], Sequence[int]] | None = None
    """Numbers of the records that were shared with them when they came; None = many, or not asked: SQL finds them."""

    def reach(self, object_name: str, doing: Doing) -> Reach:
        """How far they may do this."""
        return self.special.get((object_name, doing), self.usual.get(doing, Reach.NONE))

    def owners(self, reach: Reach) -> frozenset[int]:
        """Whose records a reach below ALL has."""
        if self.user_id is None or reach is Reach.NONE:
            return frozenset()
        return self.team | {self.user_id} if reach is Reach.TEAM else frozenset({self.user_id})

    def is_shared_with(self, object_name: str, doing: Doing) -> bool:
        """Whether records that are shared with them count: some are in reach, not all, and it can be shared.

        Who may do it to nobody's records may not do it to those that are shared either: a share names records, the
        policy says what is done to them.
        """
        return doing is not Doing.DELETE and self.reach(object_name, doing) in (Reach.OWN, Reach.TEAM)


_TRUE: Final = SQL("true")


def rows_sql(viewer: Viewer, object_name: str, doing: Doing, alias: str) -> Composable:
    """Condition over the rows `alias` of the object's table: those that the viewer may do this to."""
    reach = viewer.reach(object_name, doing)
    if reach is Reach.ALL:
        return _TRUE
    owned = SQL("{} = any({}::bigint[])").format(Identifier(alias, "owner"), Literal(sorted(viewer.owners(reach))))
    if not viewer.is_shared_with(object_name, doing):
        return SQL("({})").format(owned)
    number = Identifier(alias, "id")
    if viewer.shared is None:
        return SQL("({} or {} in ({}))").format(owned, number, shared_sql(viewer, object_name, doing))
    if not (known := viewer.shared.get((object_name, doing))):
        return SQL("({})").format(owned)
    return SQL("({} or {} = any({}::bigint[]))").format(owned, number, Literal(sorted(known)))


def search_sql(kind: ObjectType, alias: str) -> Composable:
    """The text in lower case that searches of an object's records look into, without what is hidden in it."""
    if all(name in kind.by_name for name in kind.searched):
        return Identifier(alias, "search")  # trigram index
    known = [SQL("lower({})").format(Identifier(alias, name)) for name in kind.searched if name in kind.by_name]
    return SQL("({})").format(SQL(" || ' ' || ").join(known))


def shared_sql(viewer: Viewer, object_name: str, doing: Doing) -> Composed:
    """Query of the numbers of an object's records that are shared with the viewer for this (indexes on user, team)."""
    return SQL(
        'select s.record from record_share s where s.object = {object} and (s."user" = {user}::bigint'
        " or s.team = any({teams}::bigint[])){edit}"
    ).format(
        object=Literal(object_name),
        user=Literal(viewer.user_id),
        teams=Literal(sorted(viewer.teams)),
        edit=SQL(" and s.doing = 'edit'" if doing is Doing.EDIT else ""),
    )


def members_sql(teams: Composable) -> Composed:
    """Query of the numbers of the users in these teams (an array) and in those below them, once each."""
    return SQL(
        "(with recursive below as (select t.id from sales_team t where t.id = any({}::bigint[])"
        " and t.archived_at is null union select t.id from below b join sales_team t on t.parent = b.id"
        ' and t.archived_at is null) select m."user" from sales_team_member m join below b on b.id = m.team)'
    ).format(teams)


def may_reach(viewer: Viewer, object_name: str, doing: Doing, owner: int | None) -> bool:
    """Whether they may do this to every record with this owner. One that is shared: `sharing.reachable`."""
    reach = viewer.reach(object_name, doing)
    return reach is Reach.ALL or owner in viewer.owners(reach)


def demand_reach(viewer: Viewer, object_name: str, doing: Doing, owner: int | None) -> None:
    """Raises RecordForbidden unless `may_reach`."""
    if may_reach(viewer, object_name, doing, owner):
        return
    whose = {Reach.NONE: "nobody's", Reach.OWN: "only your own", Reach.TEAM: "only your teams'", Reach.ALL: ""}
    reach = whose[viewer.reach(object_name, doing)]
    raise RecordForbidden(f"Of records of this kind ({object_name}) you may {doing} {reach}.")
