"""The steward's writes: link rules and retractions, logged as events and waited for."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.events.api import INTERNAL_SOURCE, append_internal, wait_until_processed
from onefold.identity.api import RULES, Identifier, RuleKind
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound, Rejected
from onefold.kernel.hashing import event_id
from onefold.profiles.naming import Names
from onefold.profiles.person import Found, find

QUERIES = load_queries("onefold.profiles", "links.sql")
PAGE_SIZE: Final = 100
_LATEST: Final = ((1 << 63) - 1, UUID(int=(1 << 128) - 1))

Place = tuple[int, UUID]
"""(time in µs, event id): where a page of rules begins."""


class RuleRejected(Rejected):
    """This decision can't be taken."""

    code = "rule_invalid"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A link rule that was logged. `is_processed` False = safe in the log, but its effect isn't to be seen yet."""

    rule: str
    a: str
    b: str
    event: UUID  # by which it can be undone
    is_processed: bool
    found: tuple[Found | None, Found | None]  # where both lead now


@dataclass(frozen=True, kw_only=True)
class RuleInForce:
    """The latest decision about a pair; time in µs."""

    rule: str
    a: str
    b: str
    ts: int
    place: Place


def pair_to_decide(names: Names, *, rule: str, a: str, b: str) -> tuple[Identifier, Identifier]:
    """The two that a rule is to be about. Raises RuleRejected or IdentifierRejected."""
    if rule not in RULES:
        raise RuleRejected(_("A rule is one of %(rules)s.") % {"rules": ", ".join(RULES)})
    one, other = names.identifier(a), names.identifier(b)
    if one.h == other.h and rule == "always":
        raise RuleRejected(_("An identifier can't be linked with itself. Name two, or use never to isolate one."))
    return one, other


def decide(  # noqa: PLR0913  (what is decided, all by name)
    conn: Connection[Any], names: Names, *, rule: str, a: str, b: str, acting_user: str, once: UUID | None = None
) -> Decision:
    """Log a rule about two identifiers (`namespace:value`; the same twice with never isolates) and wait for it.

    Safe to repeat: of a pair the latest decision counts, and of those with the same `once` there is one.
    Raises RuleRejected or IdentifierRejected.
    """
    one, other = pair_to_decide(names, rule=rule, a=a, b=b)
    ends = [[names.namespace(end.ns), end.value] for end in (one, other)]
    message_id = str(once or uuid4())
    event = {"type": "link", "messageId": message_id, "rule": rule, "a": ends[0], "b": ends[1]}
    position = append_internal(conn, [event], acting_user=acting_user)
    is_processed = wait_until_processed(conn, position)
    return Decision(
        rule=rule,
        a=":".join(ends[0]),
        b=":".join(ends[1]),
        event=_event_of(message_id),
        is_processed=is_processed,
        found=(find(conn, names, one.h), find(conn, names, other.h)),
    )


def undo(conn: Connection[Any], names: Names, event: UUID, *, acting_user: str) -> Decision:
    """Decide again what was in force about the pair before the decision `event`; nothing, if nothing was.

    Safe to repeat. Raises NotFound if there is no such decision, or it isn't processed yet; RuleRejected if somebody
    decided about the pair since.
    """
    row = conn.execute(QUERIES["before"], {"event": event}).fetchone()
    if row is None:
        raise NotFound(_("This decision isn't there to be undone, or isn't processed yet."))
    a_ns, a, b_ns, b, kind, latest = row
    once = uuid5(event, "undo")
    if latest not in (event, _event_of(str(once))):
        raise RuleRejected(_("Somebody has decided about these two since, so nothing was undone."))
    words = {known: word for word, known in RULES.items()}
    rule = words[RuleKind(kind)] if kind else "withdrawn"
    ends = f"{names.namespace(a_ns)}:{a}", f"{names.namespace(b_ns)}:{b}"
    return decide(conn, names, rule=rule, a=ends[0], b=ends[1], acting_user=acting_user, once=once)


def decided_ends(conn: Connection[Any], names: Names, event: UUID) -> tuple[str, str]:
    """The two identifiers (`namespace:value`) that a decision is about. Raises NotFound."""
    row = conn.execute(QUERIES["before"], {"event": event}).fetchone()
    if row is None:
        raise NotFound(_("This decision isn't there to be undone, or isn't processed yet."))
    a_ns, a, b_ns, b, *_rest = row
    return f"{names.namespace(a_ns)}:{a}", f"{names.namespace(b_ns)}:{b}"


def _event_of(message_id: str) -> UUID:
    return UUID(bytes=event_id(INTERNAL_SOURCE, message_id))


def retract(conn: Connection[Any], *, source: str, message_ids: list[str], acting_user: str) -> bool:
    """Take back these messages of a source; whether that is done already (else it is safe in the log)."""
    event = {"type": "retract", "source": source, "messageIds": message_ids}
    position = append_internal(conn, [event], acting_user=acting_user)
    return wait_until_processed(conn, position)


def rules_in_force(conn: Connection[Any], names: Names, after: Place | None = None) -> tuple[list[RuleInForce], bool]:
    """Decisions that count now, the latest first, and whether there are older ones."""
    before_ts, before_event = after or _LATEST
    parameters = {"before_ts": before_ts, "before_event": before_event, "limit": PAGE_SIZE + 1}
    words = {kind: word for word, kind in RULES.items()}
    rules = [
        RuleInForce(
            rule=words[RuleKind(kind)],
            a=f"{names.namespace(a_ns)}:{a}",
            b=f"{names.namespace(b_ns)}:{b}",
            ts=ts,
            place=(ts, event),
        )
        for kind, ts, event, a_ns, a, b_ns, b in conn.execute(QUERIES["in_force"], parameters)
    ]
    return rules[:PAGE_SIZE], len(rules) > PAGE_SIZE
