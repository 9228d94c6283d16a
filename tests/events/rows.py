"""Rows of the log, made by hand."""

import json
from typing import Any

from onefold.events.api import Decoded, LogRow, Trust, Violation, decode_request

RECEIVED = 1_795_315_602_551_000  # 2026-11-22T02:46:42.551Z


def row(body: object, *, source_id: int = 2, trust: Trust = Trust.PUBLIC, user_agent: str = "") -> LogRow:
    """`body`: a request as the log keeps it, or its bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return LogRow(3, 70, 9, 0, source_id, trust, RECEIVED, 1, "", user_agent, raw)


def decoded(event: dict[str, Any], **facts: Any) -> Decoded:
    """The one event of a request, which must be good."""
    good, bad = decode_request(row({"batch": [event], **facts.pop("shared", {})}, **facts))
    assert not bad, bad
    (result,) = good
    return result


def refused(event: object, **facts: Any) -> Violation:
    """The one violation of a request with one event, which must be bad."""
    good, bad = decode_request(row({"batch": [event], **facts.pop("shared", {})}, **facts))
    assert not good, good
    (result,) = bad
    return result


def track(**fields: Any) -> dict[str, Any]:
    """A good event, but for `fields`."""
    return {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m1"} | fields
