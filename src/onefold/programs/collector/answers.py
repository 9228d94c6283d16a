"""What is answered: status, headers, body. Pure."""

import base64
import time
from typing import Any, Final, NamedTuple

import msgspec

from onefold.events.api import Source
from onefold.kernel.errors import Broken, OnefoldError, Unavailable
from onefold.programs.collector.caller import Headers
from onefold.programs.collector.refusals import RateLimited

Header = tuple[bytes, bytes]
RETRY_AFTER_S: Final = 2  # when nothing better is known
PREFLIGHT_MAX_AGE_S: Final = 86_400  # Chromium caps it at two hours
_JSON: Final = (b"content-type", b"application/json")
_GIF: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_ALLOWED_HEADERS: Final = (
    b"authorization, content-type, content-encoding, x-write-key, x-retry-count, anonymousid, sentat"
)
_encode: Final = msgspec.json.Encoder().encode


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


def accepted(events: int, bad: int, faults: list[dict[str, Any]], *, is_jitsu: bool) -> Answer:
    """Durable. Both Segment's and Jitsu's keys; `ok` = every event is good. Exactly 200: python clients retry a 202."""
    ok = b"false" if bad else b"true"
    destinations = b',"destinations":[]' if is_jitsu else b""
    errors = _encode(faults) if faults else b"[]"
    body = b'{"success":true,"ok":%s,"receivedEvents":%d,"okEvents":%d,"errors":%s%s}'
    return Answer(200, (_JSON,), body % (ok, events, events - bad, errors, destinations))


def refused(fault: OnefoldError) -> Answer:
    """`code` and `message` must be there: without them analytics-python retries even a 400."""
    headers = [_JSON]
    if isinstance(fault, RateLimited):
        headers.append((b"retry-after", b"%d" % fault.retry_after_s))
        headers.append((b"x-ratelimit-reset", b"%d" % (time.time() + fault.retry_after_s)))
    elif isinstance(fault, Unavailable):
        headers.append((b"retry-after", b"%d" % RETRY_AFTER_S))
    body = _encode({"success": False, "ok": False, "code": fault.code, "message": str(fault)})
    return Answer(fault.status, tuple(headers), body)


def broken() -> Answer:
    """For a defect of ours; says nothing about it."""
    return refused(Broken("Onefold failed on this request; its events were not stored. Please report it."))


def document(value: object, status: int = 200) -> Answer:
    """Any JSON."""
    return Answer(status, (_JSON, (b"cache-control", b"no-store")), _encode(value))


def pixel() -> Answer:
    """A transparent gif, whatever became of the event: a page must never show a broken image."""
    return Answer(200, ((b"content-type", b"image/gif"), (b"cache-control", b"no-store")), _GIF)


def preflight(headers: Headers) -> Answer:
    """Allows what is asked: the key decides, not the path. Credentials may be sent, so no wildcard is of use."""
    asked = headers.get(b"access-control-request-headers", b"")
    return Answer(
        204,
        (
            (b"access-control-allow-methods", b"GET, POST, OPTIONS, HEAD"),
            (b"access-control-allow-headers", asked or _ALLOWED_HEADERS),
            (b"access-control-max-age", b"%d" % PREFLIGHT_MAX_AGE_S),
        ),
        b"",
    )


def cors(origin: bytes) -> tuple[Header, ...]:
    """Lets a page of `origin` read the answer."""
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"Retry-After, X-RateLimit-Reset"),
        (b"vary", b"Origin"),
    )


def settings_document(source: Source, write_key: str, host: str, scheme: str) -> dict[str, Any]:
    """What analytics.js loads before it sends. Exactly one integration, and no telemetry to Segment."""
    delivery: dict[str, Any] = {"keepalive": True}  # what is sent while the page changes arrives
    if source.id_cookie:
        delivery["credentials"] = "include"  # the cookie goes to another host of the same site, too
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": write_key,
                "apiHost": f"{host}/v1",
                "protocol": scheme,
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
                "retryQueue": True,
                "deliveryStrategy": {"strategy": "standard", "config": delivery},
                "addBundledMetadata": True,
                "unbundledIntegrations": [],
                "maybeBundledConfigIds": {},
            }
        },
        "plan": {
            "track": {"__default": {"enabled": True, "integrations": {}}},
            "identify": {"__default": {"enabled": True}},
            "group": {"__default": {"enabled": True}},
        },
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {"routingRules": []},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
        "autoInstrumentationSettings": {},
        "consentSettings": {"allCategories": [], "hasUnmappedDestinations": False},
    }


def source_config(source: Source, write_key: str) -> dict[str, Any]:
    """What RudderStack's SDKs load before they send: no destinations, no statistics about the SDK."""
    changed_at = source.created_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    off = {"enabled": False}
    return {
        "source": {
            "id": source.slug,
            "name": source.name,
            "writeKey": write_key,
            "enabled": source.is_enabled,
            "updatedAt": changed_at,
            "workspaceId": "onefold",
            "config": {"statsCollection": {"errors": off, "metrics": off}},
            "sourceDefinition": {"name": "Javascript"},
            "connections": [],
            "destinations": [],
        },
        "updatedAt": changed_at,
    }
