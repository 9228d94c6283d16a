"""Leads without an owner get one by rules: each once, a few seconds after they become leads.

An assignment is an event of Onefold's own source, which says who the owner is, and a row that says that it was made, in
one transaction: killed and run again, it is one.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_noop as _
from psycopg import Connection

from onefold.crm.following import next_step
from onefold.events.api import append_internal
from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries
from onefold.notifications.api import News, tell
from onefold.profiles.api import Names, anchors_of, identifiers_of, names_in_force, to_text

QUERIES: Final = load_queries("onefold.crm", "assigning.sql")
FOLLOWER: Final = "assignment"
STAGES: Final = ("lead",)
"""Of people's lives, in which they are assigned."""
OPEN: Final = ("lead", "qualified")
"""In which they keep their owner busy."""
MOST_COUNTED: Final = 100_000
MOST_WAITING: Final = 100
"""Of one step: the others wait on."""
_JUST: Final = timedelta(minutes=10)
"""So long an assignment may be on its way through the processor."""
_MAX_STEPS: Final = 50
_GIVEN: Final = _("“%(rule)s” gave you the lead “%(name)s”")
log = get_logger(__name__)


class Way(StrEnum):
    """Whose turn it is."""

    ROUND_ROBIN = "round_robin"
    LEAST_BUSY = "least_busy"


class AssignmentMember(NamedTuple):
    """Who takes part. `capacity`: open leads from which on they get no more; None = no end."""

    user: int
    name: str
    capacity: int | None


class AssignmentRule(NamedTuple):
    """Which leads go to whom; '' and None = any."""

    id: int
    name: str
    way: Way
    source: str
    country: str
    least_points: int | None
    last_user: int | None
    members: Sequence[AssignmentMember]

    def is_of(self, traits: Mapping[str, Any], points: int) -> bool:
        """Whether somebody of these traits and this score is meant."""
        return (
            (not self.source or traits.get("lead_source") == self.source)
            and (not self.country or str(traits.get("country", "")).casefold() == self.country.casefold())
            and (self.least_points is None or points >= self.least_points)
        )


def load_rules(conn: Connection[Any]) -> list[AssignmentRule]:
    """Those that count, in order."""
    found = []
    for number, name, way, source, country, least_points, last_user, members in conn.execute(QUERIES["rules"]):
        taking = [AssignmentMember(*one) for one in members]
        found.append(AssignmentRule(number, name, Way(way), source, country, least_points, last_user, taking))
    return found


def choose(rule: AssignmentRule, loads: Mapping[int, int], last_user: int | None) -> AssignmentMember | None:
    """Whose turn it is among those who have room, given how many open leads each has; None: nobody has. Pure."""
    free = [one for one in rule.members if one.capacity is None or loads.get(one.user, 0) < one.capacity]
    if rule.way is Way.LEAST_BUSY:
        return min(free, key=lambda one: (loads.get(one.user, 0), one.user), default=None)
    in_turn = sorted(free, key=lambda one: one.user)
    behind = [one for one in in_turn if last_user is not None and one.user > last_user]
    return next(iter(behind or in_turn), None)


def assign_leads(conn: Connection[Any]) -> int:
    """Gives owners to whoever became a lead since, and to who waits; how many.

    Up to _MAX_STEPS steps, each a transaction. Safe to repeat, to kill, and to run twice at once.
    """
    assigned = 0
    for _step in range(_MAX_STEPS):
        with conn.transaction():
            step = next_step(conn, FOLLOWER)
            if step is None:
                break
            assigned += _assign(conn, step.people)
    with conn.transaction():
        waiting = [person for (person,) in conn.execute(QUERIES["waiting"], {"most": MOST_WAITING})]
        assigned += _assign(conn, waiting)
    if assigned:
        log.info("leads_assigned", count=assigned)
    return assigned


def forget_assignments(conn: Connection[Any]) -> None:
    """Of whoever is gone: an erased person leaves no hash of an identifier."""
    conn.execute(QUERIES["forget"])


def _assign(conn: Connection[Any], people: Collection[int]) -> int:
    """Those of these people (profile ids) who are leads without an owner; how many got one."""
    if not people:
        return 0
    conn.execute(QUERIES["lock"])
    asked = {"people": list(people), "stages": list(STAGES)}
    leads = conn.execute(QUERIES["leads"], asked).fetchall()
    rules = load_rules(conn)
    found = {lead[0]: rule for lead in leads if (rule := _rule_of(rules, lead)) is not None}
    conn.execute(QUERIES["wait_no_more"], {"people": [one for one in people if one not in found]})
    if not found:
        return 0
    turn = _Turn(conn, rules)
    given = {lead[0]: one for lead in leads if lead[0] in found and (one := turn.take(found[lead[0]])) is not None}
    names = names_in_force(conn)
    done = _log(conn, names, {person: (found[person], one) for person, one in given.items()}, dict(_titles(leads)))
    now = datetime.now(UTC)
    conn.execute(QUERIES["wait"], {"people": [person for person in found if person not in given], "at": now})
    conn.execute(QUERIES["wait_no_more"], {"people": list(given)})
    return done


class _Turn:
    """Whose turn it is, while several are assigned at once."""

    def __init__(self, conn: Connection[Any], rules: Sequence[AssignmentRule]) -> None:
        self._conn = conn
        users = sorted({one.user for rule in rules for one in rule.members})
        asked = {"users": users, "open": list(OPEN), "most": MOST_COUNTED, "since": datetime.now(UTC) - _JUST}
        self._loads = dict(conn.execute(QUERIES["loads"], asked).fetchall())
        self._last = {rule.id: rule.last_user for rule in rules}

    def take(self, rule: AssignmentRule) -> AssignmentMember | None:
        one = choose(rule, self._loads, self._last[rule.id])
        if one is not None:
            self._loads[one.user] = self._loads.get(one.user, 0) + 1
            self._last[rule.id] = one.user
            self._conn.execute(QUERIES["last_user"], {"rule": rule.id, "user": one.user})
        return one


def _rule_of(rules: Sequence[AssignmentRule], lead: tuple[int, str, dict[str, Any], int]) -> AssignmentRule | None:
    """The first that is of somebody and has anybody to give them to."""
    _person, _name, traits, points = lead
    return next((rule for rule in rules if rule.members and rule.is_of(traits, points)), None)


def _titles(leads: Sequence[tuple[Any, ...]]) -> list[tuple[int, str]]:
    return [(person, name) for person, name, *_rest in leads]


def _log(
    conn: Connection[Any],
    names: Names,
    given: Mapping[int, tuple[AssignmentRule, AssignmentMember]],
    titles: Mapping[int, str],
) -> int:
    """Says by events who the owners are, each once, and tells them; of how many."""
    anchors = anchors_of(conn, names, given)
    known = identifiers_of(conn, names, sorted(set(anchors.values())))
    now, done = datetime.now(UTC), 0
    for person, (rule, member) in given.items():
        anchor = anchors[person]
        noted = {"anchor": anchor, "rule": rule.id, "user": member.user, "at": now}
        if conn.execute(QUERIES["note"], noted).fetchone() is None:
            continue
        context = {
            "externalIds": [{"type": known[anchor].namespace, "id": known[anchor].value}],
            "replaced": {"owner": None},
        }
        event = {"type": "identify", "messageId": f"assign-{to_text(anchor)}", "traits": {"owner": member.user}}
        append_internal(conn, [event | {"context": context}], acting_user=f"onefold: assignment “{rule.name}”")
        params = {"rule": rule.name, "name": titles[person][:120]}
        url = f"/people/{to_text(person)}"
        key = f"assigned:{to_text(anchor)}:{member.user}"
        tell(conn, News(key=key, tone="ok", title=_GIVEN, params=params, url=url, user_id=member.user))
        done += 1
    return done
