"""What administrators do with the rules that give leads to people who sell: add, change, order, archive, restore.

Each write is one transaction with an entry of the audit log, and safe to repeat.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.crm.assigning import QUERIES, Way, load_rules
from onefold.crm.errors import SetupMissing, SetupRejected

MAX_RULES: Final = 50
MAX_MEMBERS: Final = 200
MAX_NAME: Final = 100
MOST_CAPACITY: Final = 100_000
MAX_ARCHIVED: Final = 50


@dataclass(frozen=True, kw_only=True)
class AssignmentWanted:
    """A rule as somebody wants it: as of `AssignmentRule`. `members`: capacity by user name."""

    name: str
    way: str
    source: str = ""
    country: str = ""
    least_points: int | None = None
    members: Mapping[str, int | None] = field(default_factory=dict)


def archived_rules(conn: Connection[Any]) -> list[tuple[int, str]]:
    """Number and name of those that no longer count, up to MAX_ARCHIVED."""
    return conn.execute(QUERIES["archived"], {"most": MAX_ARCHIVED}).fetchall()


def add_rule(conn: Connection[Any], wanted: AssignmentWanted, *, acting_user: str) -> int:
    """Raises SetupRejected."""
    given = _checked(wanted)
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        _demand_room(conn)
        row = conn.execute(QUERIES["add"], given).fetchone()
        number = int(row[0]) if row else 0
        _set_members(conn, number, wanted.members)
        _note(conn, "assignment_rule.added", number, acting_user, given | {"members": dict(wanted.members)})
    return number


def change_rule(conn: Connection[Any], number: int, wanted: AssignmentWanted, *, acting_user: str) -> None:
    """Raises SetupRejected, SetupMissing."""
    given = _checked(wanted)
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        if conn.execute(QUERIES["change"], {**given, "id": number}).fetchone() is None:
            raise SetupMissing(_("There is no such rule."))
        _set_members(conn, number, wanted.members)
        _note(conn, "assignment_rule.changed", number, acting_user, given | {"members": dict(wanted.members)})


def move_rule(conn: Connection[Any], number: int, by: int, *, acting_user: str) -> None:
    """One place earlier (-1) or later (1); at an end it stays. Raises SetupMissing."""
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        ids = [one.id for one in load_rules(conn)]
        if number not in ids:
            raise SetupMissing(_("There is no such rule."))
        here = ids.index(number)
        there = min(max(here + by, 0), len(ids) - 1)
        ids.insert(there, ids.pop(here))
        conn.execute(QUERIES["place"], {"ids": ids})
        if there != here:
            _note(conn, "assignment_rule.moved", number, acting_user, {"place": [here + 1, there + 1]})


def archive_rule(conn: Connection[Any], number: int, *, is_archived: bool, acting_user: str) -> None:
    """Counts no longer, or again. Safe to repeat. Raises SetupMissing; SetupRejected if there are too many."""
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        if not is_archived:
            _demand_room(conn)
        if conn.execute(QUERIES["archive"], {"id": number, "is": is_archived}).fetchone() is None:
            raise SetupMissing(_("There is no such rule."))
        action = "assignment_rule.archived" if is_archived else "assignment_rule.restored"
        _note(conn, action, number, acting_user, {})


def _demand_room(conn: Connection[Any]) -> None:
    if len(load_rules(conn)) >= MAX_RULES:
        raise SetupRejected(_("There may be %(n)d rules. Archive one first.") % {"n": MAX_RULES})


def _set_members(conn: Connection[Any], number: int, members: Mapping[str, int | None]) -> None:
    """Raises SetupRejected for nobody, too many, and whom nobody knows."""
    if not members:
        raise SetupRejected(_("Choose who gets the leads."))
    if len(members) > MAX_MEMBERS:
        raise SetupRejected(_("Up to %(n)d people can take part.") % {"n": MAX_MEMBERS})
    if any(one is not None and not 1 <= one <= MOST_CAPACITY for one in members.values()):
        raise SetupRejected(_("A capacity is a number from 1 to %(n)d, or empty for no end.") % {"n": MOST_CAPACITY})
    names = list(members)
    known = {name for (name,) in conn.execute(QUERIES["users"], {"names": names})}
    if unknown := [name for name in names if name not in known]:
        raise SetupRejected(_("There is no user “%(name)s”.") % {"name": unknown[0][:80]})
    given = {"id": number, "names": names, "capacities": list(members.values())}
    conn.execute(QUERIES["set_members"], given)


def _checked(wanted: AssignmentWanted) -> dict[str, Any]:
    """As it is kept. Raises SetupRejected."""
    given = (wanted.name, wanted.source, wanted.country)
    name, source, country = (" ".join(text.replace("\0", "").split()) for text in given)
    if not name or max(len(name), len(source), len(country)) > MAX_NAME:
        raise SetupRejected(
            _("A rule has a name. It, source and country have up to %(n)d characters.") % {"n": MAX_NAME}
        )
    if wanted.way not in set(Way):
        raise SetupRejected(_("Leads go to people in turn or to the least busy."))
    if wanted.least_points is not None and abs(wanted.least_points) > MOST_CAPACITY:
        raise SetupRejected(_("A score is a number up to %(n)d.") % {"n": MOST_CAPACITY})
    return {
        "name": name, "way": wanted.way, "source": source, "country": country,
        "least_points": wanted.least_points,
    }  # fmt: skip


def _note(conn: Connection[Any], action: str, number: int, acting_user: str, details: Mapping[str, Any]) -> None:
    audit(conn, actor=acting_user, action=action, target=f"assignment_rule:{number}", details=dict(details))
