"""Sales teams: who sells with whom, and which team leads which. Few rows, read whole.

Each write is one transaction with an entry of the audit log, and safe to repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection
from psycopg.errors import UniqueViolation

from onefold.accounts.api import audit
from onefold.crm.errors import TeamRejected
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "teams.sql")
MAX_TEAMS: Final = 500
MAX_NAME: Final = 100


@dataclass(frozen=True, kw_only=True)
class Team:
    """A team. `members`: names of users; `depth`: how many teams are above it."""

    id: int
    name: str
    parent: int | None
    is_archived: bool = False
    members: Sequence[str] = ()
    depth: int = 0


@dataclass(frozen=True, kw_only=True)
class Teams:
    """All of them. `tree`: those that aren't archived, each before those below it; `archived`: by name."""

    tree: Sequence[Team]
    archived: Sequence[Team] = field(default_factory=tuple)

    def team(self, number: int) -> Team:
        """Raises TeamRejected."""
        found = next((one for one in self.tree if one.id == number), None)
        if found is None:
            raise TeamRejected(_("There is no such team."))
        return found

    def below(self, number: int) -> set[int]:
        """The team itself and those below it."""
        found = {number}
        for one in self.tree:  # a team stands before those below it
            if one.parent in found:
                found.add(one.id)
        return found


def load_teams(conn: Connection[Any], *, is_locked: bool = False) -> Teams:
    """Two statements. `is_locked`: no other transaction adds, moves or archives one until this one ends."""
    if is_locked:
        conn.execute(QUERIES["lock"])
    rows = conn.execute(QUERIES["all"]).fetchall()
    members: dict[int, list[str]] = {}
    for team, name in conn.execute(QUERIES["members"]):
        members.setdefault(team, []).append(name)
    known = {
        number: Team(id=number, name=name, parent=parent, is_archived=is_archived, members=members.get(number, ()))
        for number, name, parent, is_archived in rows
    }
    live = [one for one in known.values() if not one.is_archived]
    children: dict[int | None, list[Team]] = {}
    for one in live:
        children.setdefault(one.parent, []).append(one)
    tree: list[Team] = []
    waiting = [(one, 0) for one in reversed(children.get(None, []))]
    while waiting:  # each team has one parent, and no cycle is ever written: every one comes once
        one, depth = waiting.pop()
        tree.append(Team(id=one.id, name=one.name, parent=one.parent, members=one.members, depth=depth))
        waiting += [(child, depth + 1) for child in reversed(children.get(one.id, []))]
    return Teams(tree=tree, archived=[one for one in known.values() if one.is_archived])


def add_team(conn: Connection[Any], name: str, parent: int | None = None, *, acting_user: str) -> int:
    """A new team, below another or at the top; its number. Raises TeamRejected."""
    with conn.transaction():
        teams = load_teams(conn, is_locked=True)
        if len(teams.tree) >= MAX_TEAMS:
            raise TeamRejected(_("There may be up to %(n)d teams. Archive one first.") % {"n": MAX_TEAMS})
        if parent is not None:
            teams.team(parent)
        number = _written(conn, "add", {"name": _name(name), "parent": parent})
        audit(conn, actor=acting_user, action="team.added", target=f"team:{number}", details={"below": parent})
    return number


def change_team(conn: Connection[Any], number: int, *, name: str, parent: int | None, acting_user: str) -> None:
    """Another name, another place. Raises TeamRejected: a team can't stand below itself."""
    with conn.transaction():
        teams = load_teams(conn, is_locked=True)
        before = teams.team(number)
        if parent is not None:
            above = teams.team(parent)
            if parent in teams.below(number):
                raise TeamRejected(
                    _("“%(below)s” stands below “%(team)s”, or is it: a team can't be led by one that it leads.")
                    % {"below": above.name, "team": before.name}
                )
        if (before.name, before.parent) == (_name(name), parent):
            return
        _written(conn, "change", {"id": number, "name": _name(name), "parent": parent})
        details = {"below": [before.parent, parent]} if before.parent != parent else {"renamed": True}
        audit(conn, actor=acting_user, action="team.changed", target=f"team:{number}", details=details)


def archive_team(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """It gives nobody rights any more; its members are kept for `restore_team`. Raises TeamRejected."""
    with conn.transaction():
        teams = load_teams(conn, is_locked=True)
        one = teams.team(number)
        if len(teams.below(number)) > 1:
            message = _("Teams stand below “%(team)s”. Move or archive those first.")
            raise TeamRejected(message % {"team": one.name})
        _written(conn, "archive", {"id": number, "is": True})
        audit(conn, actor=acting_user, action="team.archived", target=f"team:{number}")


def restore_team(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """Where it was, with whom it had. Raises TeamRejected when the team above it, or its name, is gone."""
    with conn.transaction():
        teams = load_teams(conn, is_locked=True)
        one = next((one for one in teams.archived if one.id == number), None)
        if one is None:
            raise TeamRejected(_("There is no such team among those that are archived."))
        if one.parent is not None and one.parent not in {other.id for other in teams.tree}:
            raise TeamRejected(_("The team above “%(team)s” is archived. Restore that first.") % {"team": one.name})
        _written(conn, "archive", {"id": number, "is": False})
        audit(conn, actor=acting_user, action="team.restored", target=f"team:{number}")


def add_member(conn: Connection[Any], number: int, username: str, *, acting_user: str) -> None:
    """A user into a team; they may be in several. Raises TeamRejected."""
    with conn.transaction():
        load_teams(conn, is_locked=True).team(number)
        row = conn.execute(QUERIES["add_member"], {"team": number, "username": username}).fetchone()
        if row is None:
            raise TeamRejected(_("There is no user “%(name)s”.") % {"name": username[:80]})
        _audit_member(conn, acting_user, "team.joined", number, username)


def remove_member(conn: Connection[Any], number: int, username: str, *, acting_user: str) -> None:
    """Out of a team; their records stay theirs."""
    with conn.transaction():
        done = conn.execute(QUERIES["remove_member"], {"team": number, "username": username})
        if done.rowcount:
            _audit_member(conn, acting_user, "team.left", number, username)


def _written(conn: Connection[Any], query: str, given: dict[str, Any]) -> int:
    try:
        with conn.transaction():
            (number,) = conn.execute(QUERIES[query], given).fetchone() or (0,)
    except UniqueViolation as fault:
        raise TeamRejected(_("There is a team of this name already.")) from fault
    return int(number)


def _name(text: str) -> str:
    name = " ".join(text.replace("\0", "").split())
    if not name:
        raise TeamRejected(_("A team needs a name."))
    if len(name) > MAX_NAME:
        raise TeamRejected(_("The name may have %(n)d characters.") % {"n": MAX_NAME})
    return name


def _audit_member(conn: Connection[Any], actor: str, action: str, number: int, username: str) -> None:
    audit(conn, actor=actor, action=action, target=f"team:{number}", details={"user": username})
