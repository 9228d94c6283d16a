"""From a body to the row that the log will keep, and what is wrong with its events. Pure."""

from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw

from onefold.events.api import (
    BULK,
    JSON_FAULTS,
    ON_DEVICES,
    Fields,
    Grant,
    Limits,
    LogRow,
    NewRow,
    Request,
    Trust,
    Violation,
    clean_text,
    decode_each,
    edited,
    read_request,
    stored_body,
    text_of,
    with_context,
    with_type,
)
from onefold.programs.collector.caller import Caller, keep_ip, spellings
from onefold.programs.collector.refusals import InvalidBatch, InvalidJson, TooManyEvents
from onefold.programs.collector.routes import Route

_HIDDEN: Final = b"***"
_MAX_ERRORS: Final = 100
_encode: Final = msgspec.json.Encoder().encode


class Parsed(NamedTuple):
    """A request that is JSON of the right shape; its events are not looked at yet."""

    request: Request
    items: list[bytes]
    is_cleaned: bool


def parse(raw: bytes, route: Route, max_events: int) -> Parsed:
    """Raises InvalidJson, InvalidBatch or TooManyEvents."""
    clean, is_cleaned = clean_text(raw)
    try:
        request = read_request(clean)
    except RecursionError:
        raise InvalidJson("The body's objects and lists stand too deep within each other.") from None
    except msgspec.ValidationError:
        raise InvalidBatch('The body must be one call, {"type": ...}, or {"batch": [...]}.') from None
    except JSON_FAULTS:
        raise InvalidJson("The body is not valid JSON.") from None
    if request.batch is msgspec.UNSET:
        return Parsed(request, [_single(clean, request, route)], is_cleaned)
    items = [bytes(item) for item in request.batch]
    if not items:
        raise InvalidBatch("The batch is empty.")
    if len(items) > max_events:
        raise TooManyEvents(f"A request may hold {max_events:,} events; this one holds {len(items):,}.")
    return Parsed(request, items, is_cleaned)


def _single(raw: bytes, request: Request, route: Route) -> bytes:
    """The path's type is what was called, whatever the body says."""
    sent = bytes(request.type)
    if route.kind:
        return raw if sent == b'"%s"' % route.kind.encode() else with_type(raw, route.kind)
    if not sent:
        raise InvalidBatch('The body must be one call, {"type": ...}, or {"batch": [...]}.')
    return raw


def keys_in_body(parsed: Parsed) -> list[str]:
    """The body's writeKey: at the top, else in its first event."""
    text = text_of(parsed.request.write_key)
    if not text and parsed.request.batch is not msgspec.UNSET:
        try:
            text = text_of(read_request(parsed.items[0]).write_key)
        except JSON_FAULTS:
            text = ""
    return list(spellings(text))


def row_of(parsed: Parsed, grant: Grant, key: str, caller: Caller, route: Route) -> NewRow:
    """What the log keeps: addresses as the source's policy wants them, and no secret key."""
    source = grant.source
    edit = _ContextEdit(caller, source.ip_policy, is_on_device=source.kind in ON_DEVICES)
    items = [edit.item(item) for item in parsed.items]
    if parsed.request.context and parsed.request.batch is not msgspec.UNSET:
        parsed.request.context = Raw(edited(bytes(parsed.request.context), edit.shared))
    # behind a server's key the header would be the server's own, not the person's
    has_gpc = caller.has_gpc and grant.trust == Trust.PUBLIC
    body = stored_body(items, parsed.request, is_cleaned=parsed.is_cleaned, has_gpc=has_gpc)
    if grant.trust == Trust.SECRET:
        body = body.replace(key.encode(), _HIDDEN)
    lane = BULK if route.is_bulk else source.lane
    ip = keep_ip(caller.ip, source.ip_policy)
    return NewRow(lane, source.id, grant.trust, caller.received_at, len(items), ip, caller.user_agent, body)


class _ContextEdit:
    """The source's policy on `context.ip`. Browsers, apps, and events marked direct have the connection's address.

    A browser that showed its id cookie has it as its device id, unless the event names a device itself.
    """

    def __init__(self, caller: Caller, policy: str, *, is_on_device: bool) -> None:
        self._connection_ip = caller.ip
        self._device_id = caller.device_id
        self._policy = policy
        self._is_on_device = is_on_device

    def item(self, item: bytes) -> bytes:
        # "\u" might spell a name that is looked for
        if self._is_on_device or b'"ip"' in item or b'"direct"' in item or b"\\u" in item:
            return with_context(item, self._edit_of_event)
        return item

    def shared(self, context: Fields) -> None:
        """For a batch's own context."""
        if "ip" in context or "direct" in context:
            self._edit(context)

    def _edit_of_event(self, context: Fields) -> None:
        self._edit(context)
        if self._device_id and "device" not in context:
            context["device"] = Raw(_encode({"id": self._device_id}))

    def _edit(self, context: Fields) -> None:
        if self._is_on_device or bytes(context.get("direct", b"")) == b"true":
            ip = self._connection_ip
        else:
            ip = text_of(context["ip"]) if "ip" in context else ""
        if kept := keep_ip(ip, self._policy):
            context["ip"] = Raw(_encode(kept))
        else:
            context.pop("ip", None)


def faults_of(row: NewRow, limits: Limits) -> tuple[int, list[dict[str, Any]]]:
    """How many events are bad, and the first of them as the answer lists them. The processor will find the same."""
    seen = LogRow(0, 0, 0, row.lane, row.source_id, row.trust, row.received_at, row.n, row.ip, row.user_agent, row.body)
    count = 0
    faults: list[dict[str, Any]] = []
    for index, result in enumerate(decode_each(seen, limits)):
        if type(result) is Violation:
            count += 1
            if len(faults) < _MAX_ERRORS:
                faults.append(
                    {
                        "index": index,
                        "code": result.reason.value,
                        "message": result.detail,
                        "messageId": result.message_id,
                    }
                )
    return count, faults
