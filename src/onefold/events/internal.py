"""The events that only Onefold itself may log: a link decision, a retraction, a privacy request. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from onefold.events.event import Kind, Reason
from onefold.events.fields import Refused
from onefold.events.limits import Limits
from onefold.kernel.hashing import company_hash, identifier_hash

INTERNAL_SOURCE: Final = 1
_RULES: Final = ("never", "always", "withdrawn")


def told(events: Sequence[dict[str, Any]]) -> tuple[str, str, dict[str, Any]]:
    """What somebody did by logging these: action, target and details for the audit log, without anybody's values.

    A person is named by the id of an identifier, which leads to their page; a company by its own.
    """
    first = events[0]
    kind = str(first.get("type", ""))
    if kind == "link":
        (a_space, a), (b_space, _) = first["a"], first["b"]
        target = f"person:{identifier_hash(a_space, a) % (1 << 64):016x}"
        return "identity.decided", target, {"rule": first["rule"], "namespaces": [a_space, b_space], "n": len(events)}
    if kind == "retract":
        return "events.retracted", f"source:{first['source']}", {"messages": len(first["messageIds"])}
    target = ""
    if "groupId" in first:
        target = f"company:{company_hash(first.get('space') or '', str(first['groupId'])) % (1 << 64):016x}"
    elif "userId" in first:
        target = f"person:{identifier_hash('user_id', str(first['userId'])) % (1 << 64):016x}"
    return f"{kind}.logged", target, {"n": len(events), "fields": sorted(first.get("traits", {}))[:50]}


def check_rule(event: dict[str, Any], kind: Kind, limits: Limits) -> None:
    if kind is Kind.LINK:
        fault = _link_fault(event)
    elif kind is Kind.RETRACT:
        fault = _retract_fault(event, limits)
    else:
        fault = "" if type(event.get("request")) is int else "A privacy request is named by its number."
    if fault:
        raise Refused(Reason.RULE_INVALID, fault)


def _link_fault(event: dict[str, Any]) -> str:
    if event.get("rule") not in _RULES:
        return f"A link's rule must be one of {', '.join(_RULES)}."
    for end in ("a", "b"):
        pair = event.get(end)
        if type(pair) is not list or len(pair) != 2 or not all(type(part) is str and part for part in pair):
            return f"A link's `{end}` must be [namespace, value], two texts."
    if event["a"] == event["b"] and event["rule"] == "always":
        return "An identifier can't be always linked with itself."
    return ""


def _retract_fault(event: dict[str, Any], limits: Limits) -> str:
    if type(event.get("source")) not in (str, int):
        return "A retraction's source must be the slug or the number of a source."
    ids = event.get("messageIds")
    if type(ids) is not list or not ids or not all(type(one) is str and one for one in ids):
        return "A retraction's messageIds must be a list of texts."
    if len(ids) > limits.max_events:
        return f"A retraction may name {limits.max_events:,} events; this one names {len(ids):,}."
    return ""
