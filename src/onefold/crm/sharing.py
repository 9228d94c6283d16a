"""Records that somebody gave others to see or to edit, and with them who may do what to given records.

Who may edit a record may share it; a share is taken back by the same people. Deleting isn't shared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection
from psycopg.sql import SQL

from onefold.accounts.api import audit
from onefold.crm import store
from onefold.crm.errors import RecordMissing, ShareRejected
from onefold.crm.objects import ObjectType
from onefold.crm.viewer import Doing, Viewer, demand_reach, may_reach, rows_sql, shared_sql
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "sharing.sql")
MAX_SHARES: Final = 200
"""Of one record: for more there are teams."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A record given to a user or a team, named so, for `doing`."""

    id: int
    user: str | None
    team: int | None
    title: str
    doing: Doing
    at: datetime
    by: str


@dataclass(frozen=True, kw_only=True)
class Given:
    """Whom to share with, a user by name or a team, and what they may do."""

    user: str = ""
    team: int | None = None
    doing: Doing = Doing.SEE


def reachable(
    conn: Connection[Any], viewer: Viewer, object_name: str, doing: Doing, owners: Mapping[int, int | None]
) -> set[int]:
    """Those of the records (number → owner) that the viewer may do this to. At most one statement, however many."""
    found = {number for number, owner in owners.items() if may_reach(viewer, object_name, doing, owner)}
    others = [number for number in owners if number not in found]
    if others and viewer.is_shared_with(object_name, doing):
        statement = SQL("select n from unnest(%(ids)s::bigint[]) n where n in ({})")
        rows = conn.execute(statement.format(shared_sql(viewer, object_name, doing)), {"ids": others})
        found.update(number for (number,) in rows)
    return found


def demand_rows(
    conn: Connection[Any], viewer: Viewer, object_name: str, doing: Doing, owners: Mapping[int, int | None]
) -> None:
    """Raises RecordForbidden unless all of them are `reachable`."""
    there = reachable(conn, viewer, object_name, doing, owners)
    for number, owner in owners.items():
        if number not in there:
            demand_reach(viewer, object_name, doing, owner)


def shares_of(conn: Connection[Any], kind: ObjectType, number: int) -> list[Share]:
    """Whom a record is shared with, by name; for who may see it. Archived teams have nothing."""
    return [
        Share(id=row[0], user=row[1], team=row[2], title=row[3], doing=Doing(row[4]), at=row[5], by=row[6])
        for row in conn.execute(QUERIES["of_record"], {"object": kind.name, "record": number})
    ]


def share_record(conn: Connection[Any], kind: ObjectType, number: int, given: Given, *, viewer: Viewer) -> int:
    """Gives a user or a team the record to see, or to edit; the share's number. Safe to repeat.

    What it was shared for with them before is replaced. Raises RecordMissing, RecordForbidden, ShareRejected.
    """
    user, team, doing = given.user, given.team, given.doing
    if doing is Doing.DELETE:
        raise ShareRejected(_("A record can be shared to see or to edit it."))
    if bool(user) is (team is not None):
        raise ShareRejected(_("Share with a user or with a team."))
    with conn.transaction():
        _demand_editor(conn, kind, number, viewer)
        parameters = {"object": kind.name, "record": number, "doing": doing.value, "by": viewer.name}
        query, whom = ("with_user", user) if user else ("with_team", team)
        row = conn.execute(QUERIES[query], parameters | {"whom": whom, "most": MAX_SHARES}).fetchone()
        if row is None:
            raise ShareRejected(_no_such(user))
        share, is_room = row
        if not is_room:
            raise ShareRejected(_("A record is shared with up to %(n)d users and teams.") % {"n": MAX_SHARES})
        details = {"with": f"user:{user}" if user else f"team:{team}", "to": doing.value}
        audit(conn, actor=viewer.name, action=f"{kind.name}.shared", target=f"{kind.name}:{number}", details=details)
    return int(share)


def unshare_record(conn: Connection[Any], kind: ObjectType, number: int, share: int, *, viewer: Viewer) -> Share:
    """Takes a share back; what it was. As `share_record`; raises RecordMissing for one that there is not."""
    with conn.transaction():
        _demand_editor(conn, kind, number, viewer)
        found = next((one for one in shares_of(conn, kind, number) if one.id == share), None)
        if found is None:
            raise RecordMissing(_("This record isn't shared with them any more."))
        conn.execute(QUERIES["remove"], {"id": share})
        whom = f"user:{found.user}" if found.user else f"team:{found.team}"
        details = {"with": whom, "to": found.doing.value}
        audit(conn, actor=viewer.name, action=f"{kind.name}.unshared", target=f"{kind.name}:{number}", details=details)
    return found


def _demand_editor(conn: Connection[Any], kind: ObjectType, number: int, viewer: Viewer) -> None:
    """The record is locked: who may share it can't change meanwhile."""
    where = rows_sql(viewer, kind.name, Doing.SEE, "r")
    row = store.load_rows(conn, kind, [number], where=where, is_locked=True).get(number)
    if row is None or row.is_deleted:
        raise RecordMissing(_("There is no such record, or you may not see it."))
    demand_rows(conn, viewer, kind.name, Doing.EDIT, {number: row.values["owner"]})


def _no_such(user: str) -> str:
    if user:
        return _("There is no user “%(name)s” who could see it.") % {"name": user[:80]}
    return _("There is no such team.")
