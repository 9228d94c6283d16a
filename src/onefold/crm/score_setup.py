"""What administrators do with the rules that give points to people: add, change, archive, restore.

Each write is one transaction with an entry of the audit log, and everybody is reckoned anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.crm.errors import SetupMissing, SetupRejected
from onefold.crm.following import look_at_all
from onefold.crm.scores import FOLLOWER, QUERIES, load_rules
from onefold.crm.scoring import Earns

MAX_RULES: Final = 50
MAX_NAME: Final = 200
MOST_POINTS: Final = 1_000
MOST_DAYS: Final = 365
MOST_TIMES: Final = 100


@dataclass(frozen=True, kw_only=True)
class RuleWanted:
    """A rule as somebody wants it: as of `ScoreRule`."""

    kind: str
    subject: str
    value: str = ""
    points: int
    half_life_days: int | None = None
    most: int = 1


def add_rule(conn: Connection[Any], wanted: RuleWanted, *, acting_user: str) -> int:
    """Raises SetupRejected."""
    given = _checked(wanted)
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        if len(load_rules(conn)) >= MAX_RULES:
            raise SetupRejected(_("There may be %(n)d rules. Archive one first.") % {"n": MAX_RULES})
        row = conn.execute(QUERIES["add"], given).fetchone()
        number = int(row[0]) if row else 0
        _changed(conn, "score_rule.added", number, acting_user, given)
    return number


def change_rule(conn: Connection[Any], number: int, wanted: RuleWanted, *, acting_user: str) -> None:
    """Raises SetupRejected, SetupMissing."""
    given = _checked(wanted)
    with conn.transaction():
        if conn.execute(QUERIES["change"], {**given, "id": number}).fetchone() is None:
            raise SetupMissing(_("There is no such rule."))
        _changed(conn, "score_rule.changed", number, acting_user, given)


def archive_rule(conn: Connection[Any], number: int, *, is_archived: bool, acting_user: str) -> None:
    """Counts no longer, or again. Safe to repeat. Raises SetupMissing; SetupRejected if there are too many."""
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        if not is_archived and len(load_rules(conn)) >= MAX_RULES:
            raise SetupRejected(_("There may be %(n)d rules. Archive one first.") % {"n": MAX_RULES})
        if conn.execute(QUERIES["archive"], {"id": number, "is": is_archived}).fetchone() is None:
            raise SetupMissing(_("There is no such rule."))
        action = "score_rule.archived" if is_archived else "score_rule.restored"
        _changed(conn, action, number, acting_user, {})


def _checked(wanted: RuleWanted) -> dict[str, Any]:
    """As it is kept. Raises SetupRejected."""
    if wanted.kind not in set(Earns):
        raise SetupRejected(_("A rule is about one of: %(kinds)s.") % {"kinds": ", ".join(Earns)})
    is_trait, is_page = wanted.kind == Earns.TRAIT, wanted.kind == Earns.PAGE
    subject = "" if is_page else wanted.subject.replace("\0", "").strip()
    value = wanted.value.replace("\0", "").strip() if is_trait else ""
    if not is_page and not subject:
        raise SetupRejected(_("Say which event or trait."))
    if max(len(subject), len(value)) > MAX_NAME:
        raise SetupRejected(_("Names and values have up to %(n)d characters.") % {"n": MAX_NAME})
    if not 1 <= abs(wanted.points) <= MOST_POINTS:
        raise SetupRejected(_("Points are a number from 1 to %(n)d, or below 0 as many.") % {"n": MOST_POINTS})
    half_life = None if is_trait else wanted.half_life_days
    if half_life is not None and not 1 <= half_life <= MOST_DAYS:
        raise SetupRejected(_("Points are halved every 1 to %(n)d days, or never.") % {"n": MOST_DAYS})
    most = 1 if is_trait else wanted.most
    if not 1 <= most <= MOST_TIMES:
        raise SetupRejected(_("An event counts 1 to %(n)d times.") % {"n": MOST_TIMES})
    return {
        "kind": wanted.kind, "subject": subject, "value": value, "points": wanted.points,
        "half_life_days": half_life, "most": most,
    }  # fmt: skip


def _changed(conn: Connection[Any], action: str, number: int, acting_user: str, details: Mapping[str, Any]) -> None:
    audit(conn, actor=acting_user, action=action, target=f"score_rule:{number}", details=dict(details))
    look_at_all(conn, FOLLOWER)
