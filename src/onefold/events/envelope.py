"""The wrapping of events: as clients send it, and as the log keeps it. Pure.

The log keeps `{"batch": [...], "sentAt": ..., "context": ..., "integrations": ..., "cleaned": true}`, all but the batch
only where it is needed. Events stay raw slices: what is not looked at is not parsed.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

Fields = dict[str, Raw]
ERASED: Final = b'{"erased":true}'
"""Stands in the log where an event of an erased person was, so that those after it keep their places."""
_EMPTY: Final = Raw()
_fields: Final = msgspec.json.Decoder(Fields).decode
_items: Final = msgspec.json.Decoder(list[Raw]).decode
_anything: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode
# What reading JSON can raise; a number with thousands of digits is a ValueError.
JSON_FAULTS: Final = (msgspec.MsgspecError, ValueError, RecursionError)


class Request(msgspec.Struct, gc=False, rename="camel"):
    """The top level of what a client sent: one event, or a batch of them."""

    batch: list[Raw] | msgspec.UnsetType = msgspec.UNSET
    type: Raw = _EMPTY
    sent_at: Raw = _EMPTY
    context: Raw = _EMPTY
    integrations: Raw = _EMPTY
    write_key: Raw = _EMPTY


class Stored(msgspec.Struct, gc=False, rename="camel"):
    """A row of the log, `event_log.body`."""

    batch: list[Raw]
    sent_at: Any = None
    context: Raw = _EMPTY
    integrations: Raw = _EMPTY
    cleaned: bool = False  # text of some of its events was replaced: see clean.py
    gpc: bool = False  # the browser sent Sec-GPC: 1


read_request: Final = msgspec.json.Decoder(Request).decode
"""Raises one of JSON_FAULTS: ValidationError when it is JSON of another shape."""
read_stored: Final = msgspec.json.Decoder(Stored).decode


def stored_body(
    items: Sequence[bytes], request: Request | None = None, *, is_cleaned: bool = False, has_gpc: bool = False
) -> bytes:
    """What the log keeps of `items`, with the facts they share by `request` (None: none)."""
    parts = [b'{"batch":[', b",".join(items), b"]"]
    if request is not None and request.batch is not msgspec.UNSET:
        named = ((b"sentAt", request.sent_at), (b"context", request.context), (b"integrations", request.integrations))
        parts += [b',"%s":%s' % (name, bytes(value)) for name, value in named if value]
    if is_cleaned:
        parts.append(b',"cleaned":true')
    if has_gpc:
        parts.append(b',"gpc":true')
    parts.append(b"}")
    return b"".join(parts)


def with_type(item: bytes, kind: str) -> bytes:
    """The event with its `type` set; anything but an object comes back as it is."""
    return edited(item, lambda fields: fields.update(type=Raw(_encode(kind))))


def with_context(item: bytes, edit: Callable[[Fields], None]) -> bytes:
    """The event with its context changed in place by `edit`; one whose context is no object comes back as it is."""

    def change(fields: Fields) -> None:
        context = _own(fields, "context")
        edit(context)
        fields["context"] = Raw(_encode(context))

    return edited(item, change)


def with_shared(item: bytes, context: Raw, integrations: Raw) -> bytes:
    """The event with the batch's context and integrations under its own, one level deep."""

    def change(fields: Fields) -> None:
        for name, shared in (("context", context), ("integrations", integrations)):
            if shared:
                fields[name] = Raw(_encode(_fields(shared) | _own(fields, name)))

    return edited(item, change)


def without_events(body: bytes, places: Collection[int]) -> tuple[bytes, bool]:
    """A stored request with ERASED in these places, counted without those that are erased; whether no event is left."""
    count, is_any_left = -1, False

    def change(fields: Fields) -> None:
        nonlocal count, is_any_left
        items = []
        for item in _items(fields["batch"]):
            if bytes(item) != ERASED:
                count += 1
                if count in places:
                    item = Raw(ERASED)  # noqa: PLW2901  (the list is made anew)
                else:
                    is_any_left = True
            items.append(item)
        fields["batch"] = Raw(_encode(items))

    return edited(body, change), not is_any_left


def text_of(raw: Raw) -> str:
    """A raw JSON text as `str`; "" for anything else."""
    try:
        value = _anything(raw) if raw else None
    except JSON_FAULTS:
        return ""
    return value if isinstance(value, str) else ""


def edited(item: bytes, change: Callable[[Fields], None]) -> bytes:
    """A JSON object with its fields changed in place by `change`; what can't be read comes back as it is.

    The per-event check says what is wrong with that.
    """
    try:
        fields = _fields(item)
        change(fields)
        return _encode(fields)
    except JSON_FAULTS:
        return item


def _own(fields: Fields, name: str) -> Fields:
    raw = fields.get(name)
    return {} if raw is None or bytes(raw) == b"null" else _fields(raw)
