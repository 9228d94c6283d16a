"""From a row of the log to well-formed events and violations. Pure; nothing raises out of it.

The collector runs the same check before it stores, so that a sender hears at once what the processor will record.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Raw

from onefold.events.bots import is_bot
from onefold.events.clean import has_replacement, is_deeper
from onefold.events.consent import CONSENT_EVENTS, check_consents, consents_of
from onefold.events.envelope import ERASED, JSON_FAULTS, read_stored, with_shared
from onefold.events.event import NOTHING_KEPT, Decoded, Flag, Kind, LogRow, Reason, Trust, Violation
from onefold.events.fields import (
    NO_TRAITS,
    Refused,
    check_identified,
    contacts_of,
    device_of,
    external_ids_of,
    identifier_of,
    kind_of,
    may_name_nobody,
    message_id_of,
    name_of,
    number_text,
    object_of,
    page_of,
    space_of,
    traits_of,
    type_name,
)
from onefold.events.internal import INTERNAL_SOURCE, check_rule
from onefold.events.limits import DEFAULT_LIMITS, Limits
from onefold.events.times import happened_at, instant_of
from onefold.kernel.errors import Broken
from onefold.kernel.hashing import event_id

_MAX_KIND_CHARS: Final = 40
# Bound once: looking a member up in its class costs as much as the check it is for.
_GROUP, _PAGE, _SCREEN = Kind.GROUP, Kind.PAGE, Kind.SCREEN
_INTERNAL: Final = frozenset((Kind.LINK, Kind.RETRACT, Kind.REQUEST))
_PUBLIC: Final = Trust.PUBLIC
_BOT, _TEXT_CLEANED, _GPC = int(Flag.BOT), int(Flag.TEXT_CLEANED), int(Flag.GPC)
_Stamp = tuple[bytes, str, int, int]
"""Event id, message id, time in µs, flags."""
_NO_LIMITS: Final = Limits(
    max_event_bytes=2**31,
    max_depth=1_000,
    max_id_chars=2**31,
    max_traits=2**31,
    max_trait_bytes=2**31,
    max_external_ids=2**31,
)
_decode: Final = msgspec.json.Decoder().decode


class _Facts(msgspec.Struct, gc=False):
    """What the events of one request share."""

    row: LogRow
    limits: Limits
    sent_at: int | None = None
    sent_at_fault: Refused | None = None
    context: Raw = NO_TRAITS
    integrations: Raw = NO_TRAITS
    is_cleaned: bool = False
    has_gpc: bool = False


def decode_request(row: LogRow, limits: Limits = DEFAULT_LIMITS) -> tuple[list[Decoded], list[Violation]]:
    """The good events of a request and what is wrong with the others, each in the order they were sent."""
    good: list[Decoded] = []
    bad: list[Violation] = []
    for result in decode_each(row, limits):
        if type(result) is Decoded:
            good.append(result)
        else:
            bad.append(result)  # type: ignore[arg-type]  # mypy doesn't narrow on `type() is`
    return good, bad


def decode_each(row: LogRow, limits: Limits = DEFAULT_LIMITS) -> Iterator[Decoded | Violation]:
    """One result an event, in order; a single violation when the whole request is unusable."""
    try:
        stored = read_stored(row.body)
    except RecursionError:
        yield _violation(row, row.body, None, _too_deep(limits))
        return
    except JSON_FAULTS:
        yield _violation(row, row.body, None, Refused(Reason.MALFORMED, "The request is not JSON of a batch."))
        return
    if len(stored.batch) > limits.max_events:
        detail = f"A request may hold {limits.max_events:,} events; this one holds {len(stored.batch):,}."
        yield _violation(row, b"", None, Refused(Reason.TOO_MANY_EVENTS, detail))
        return
    facts = _Facts(row, limits, None, None, stored.context, stored.integrations, stored.cleaned, stored.gpc)
    try:
        facts.sent_at = instant_of(stored.sent_at, "sentAt")
    except Refused as fault:
        facts.sent_at_fault = fault
    for index, raw in enumerate(stored.batch):
        item = bytes(raw)
        if item != ERASED:
            yield _result(item, index, facts)


def decode_accepted(row: LogRow, *, id_: bytes, message_id: str, ts: int, flags: int) -> Decoded:
    """An event that was accepted once, again: `row.body` is the event's own JSON; the rest was decided then.

    Limits and clocks may have changed since, so neither is consulted.
    """
    try:
        return _decoded(_decode(row.body), row.body, row, _NO_LIMITS, (id_, message_id, ts, flags))
    except (Refused, *JSON_FAULTS) as fault:
        raise Broken(f"The accepted event {id_.hex()} can't be read any more.") from fault


def _result(raw: bytes, index: int, facts: _Facts) -> Decoded | Violation:
    event: dict[str, Any] | None = None
    try:
        if facts.context or facts.integrations:
            raw = _with_shared(raw, facts)
        event = _parsed(raw, facts)
        decoded = _decoded(event, raw, facts.row, facts.limits, _stamp(event, raw, index, facts))
        if decoded.consents or decoded.name in CONSENT_EVENTS:
            check_consents(event, decoded)
        return decoded
    except Refused as fault:
        return _violation(facts.row, raw, event, fault)


def _with_shared(raw: bytes, facts: _Facts) -> bytes:
    """Every event repeats what the batch shares, so that is kept small: 2,500 times 4 KB are enough."""
    size = len(bytes(facts.context)) + len(bytes(facts.integrations))
    if size > facts.limits.max_shared_bytes:
        raise Refused(
            Reason.TOO_LARGE,
            f"The batch's context and integrations have {size:,} bytes; {facts.limits.max_shared_bytes:,} are allowed.",
        )
    return with_shared(raw, facts.context, facts.integrations)


def _parsed(raw: bytes, facts: _Facts) -> dict[str, Any]:
    """The whole event: decoding all costs hardly more than parts, and every number in it is known to be sound."""
    limits = facts.limits
    max_bytes = limits.max_event_bytes if facts.row.source_id != INTERNAL_SOURCE else limits.max_internal_bytes
    if len(raw) > max_bytes:
        raise Refused(Reason.TOO_LARGE, f"The event has {len(raw):,} bytes; {max_bytes:,} are allowed.")
    try:
        event = _decode(raw)
    except RecursionError:
        raise _too_deep(limits) from None
    except msgspec.ValidationError:
        raise Refused(Reason.NUMBER_OUT_OF_RANGE, "A number in the event does not fit 64 bits.") from None
    except JSON_FAULTS:
        raise Refused(Reason.MALFORMED, "The event is not valid JSON.") from None
    if type(event) is not dict:
        raise Refused(Reason.NOT_AN_OBJECT, f"An event must be a JSON object; this is {type_name(event)}.")
    if is_deeper(raw, event, limits.max_depth):
        raise _too_deep(limits)
    return event


def _stamp(event: dict[str, Any], raw: bytes, index: int, facts: _Facts) -> _Stamp:
    """What the event gets at its receipt, and keeps."""
    row = facts.row
    sent_at = facts.sent_at if event.get("sentAt") is None else instant_of(event["sentAt"], "sentAt")
    if sent_at is None and facts.sent_at_fault is not None:
        raise facts.sent_at_fault
    ts, flags = happened_at(event, sent_at, row.received_at)
    # the receipt is in it so that nobody can send the name of an event to come, which would then be a duplicate
    message_id = message_id_of(event, facts.limits) or f"onefold-{row.epoch}-{row.off}-{index}-{row.received_at}"
    return event_id(row.source_id, message_id), message_id, ts, flags | _marks(raw, event.get("context"), facts)


def _decoded(event: dict[str, Any], raw: bytes, row: LogRow, limits: Limits, stamp: _Stamp) -> Decoded:
    is_internal = row.source_id == INTERNAL_SOURCE
    kind = kind_of(event, is_internal=is_internal)
    context = object_of(event, "context")
    context_traits = object_of(context, "traits", "context.traits")
    traits = object_of(event, "traits")
    properties = object_of(event, "properties")
    email, phone = contacts_of(
        context_traits if kind is _GROUP else traits, context_traits
    )  # a group's are the company's
    device_id, advertising_id = device_of(context, limits)
    user_id = identifier_of(event, "userId", limits)
    anonymous_id = identifier_of(event, "anonymousId", limits)
    previous_id = identifier_of(event, "previousId", limits)
    group_id = identifier_of(event, "groupId", limits)
    external_ids = external_ids_of(context, limits)
    if kind in _INTERNAL:
        check_rule(event, kind, limits)
    else:
        anybody: object = user_id or anonymous_id or external_ids
        if is_internal and not anybody:
            anybody = may_name_nobody(kind, group_id, previous_id, email, phone, device_id, advertising_id)
        check_identified(kind, user_id, anybody, previous_id, group_id)
    id_, message_id, ts, flags = stamp
    name = name_of(event, kind, properties)
    decoded = Decoded(
        id=id_,
        source_id=row.source_id,
        kind=kind,
        name=name,
        ts=ts,
        received_at=row.received_at,
        trust=row.trust,
        flags=flags,
        message_id=message_id,
        user_id=user_id,
        anonymous_id=anonymous_id,
        previous_id=previous_id,
        group_id=group_id,
        email=email,
        phone=phone,
        device_id=device_id,
        advertising_id=advertising_id,
        external_ids=external_ids,
        traits=traits_of(kind, traits, context_traits, limits),
        page=page_of(name, properties, context) if kind is _PAGE or kind is _SCREEN else "",
        consents=consents_of(kind, name, properties, context),
        body=raw,
    )
    return msgspec.structs.replace(decoded, space=space_of(event)) if is_internal else decoded


def _marks(raw: bytes, context: object, facts: _Facts) -> int:
    flags = 0
    user_agent = context.get("userAgent") if type(context) is dict else None
    if type(user_agent) is not str:
        # behind a server's key the header names the server's library, not the person's browser
        user_agent = facts.row.user_agent if facts.row.trust == _PUBLIC else ""
    if user_agent and is_bot(user_agent):
        flags |= _BOT
    if facts.is_cleaned and has_replacement(raw):
        flags |= _TEXT_CLEANED
    if facts.has_gpc:
        flags |= _GPC
    return flags


class _Label(msgspec.Struct, gc=False):
    type: Any = None
    messageId: Any = None


_read_label: Final = msgspec.json.Decoder(_Label).decode


def _violation(row: LogRow, raw: bytes, event: dict[str, Any] | None, fault: Refused) -> Violation:
    kind, message_id = _label(raw, event)
    return Violation(
        source_id=row.source_id,
        received_at=row.received_at,
        message_id=message_id,
        kind=kind,
        reason=fault.reason,
        detail=fault.detail,
        is_fatal=True,
        body=b"" if fault.reason in NOTHING_KEPT else raw[: DEFAULT_LIMITS.max_event_bytes],
    )


def _label(raw: bytes, event: dict[str, Any] | None) -> tuple[str, str]:
    """Type and message id of an event that may be broken, as far as they can be read."""
    if event is not None:
        kind, message_id = event.get("type"), event.get("messageId")
    else:
        try:
            label = _read_label(raw)
            kind, message_id = label.type, label.messageId
        except JSON_FAULTS:
            return "", ""
    if type(message_id) is not str:
        message_id = number_text(message_id) or ""
    return (kind.lower()[:_MAX_KIND_CHARS] if type(kind) is str else ""), message_id[
        : DEFAULT_LIMITS.max_message_id_chars
    ]


def _too_deep(limits: Limits) -> Refused:
    return Refused(Reason.NESTED_TOO_DEEP, f"Objects and lists may stand {limits.max_depth} deep within each other.")
