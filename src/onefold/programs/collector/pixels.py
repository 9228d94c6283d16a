"""The event in a pixel's address: base64 of JSON in `data`, or flat fields with dotted names. Pure."""

import base64
import binascii
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from onefold.programs.collector.refusals import InvalidJson

_MAX_FIELDS: Final = 500
_MAX_DEPTH: Final = 10


def event_in_query(query: bytes) -> bytes:
    """The event as JSON. Raises InvalidJson."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise InvalidJson(f"A pixel may have {_MAX_FIELDS} fields.") from None
    for name, value in pairs:
        if name == "data" and value:
            return _unpacked(value)
    event: dict[str, Any] = {}
    for name, value in pairs:
        _put(event, name.split(".", _MAX_DEPTH), value)
    return msgspec.json.encode(event)


def _unpacked(data: str) -> bytes:
    """Standard or URL-safe alphabet, padded or not; a `+` may have come as a space."""
    plain = data.strip().replace(" ", "+").replace("+", "-").replace("/", "_").rstrip("=")
    try:
        return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        raise InvalidJson("The pixel's data is not base64.") from None


def _put(target: dict[str, Any], path: list[str], value: str) -> None:
    *parents, last = path
    for name in parents:
        inner = target.setdefault(name, {})
        if not isinstance(inner, dict):
            return  # `a=1&a.b=2`: the first to come stays
        target = inner
    target.setdefault(last, value)
