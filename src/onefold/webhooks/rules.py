"""Rules of webhooks: which events there are, how messages are signed, when one is tried again. Pure.

Signatures and headers are those of Standard Webhooks (standardwebhooks.com), so that its libraries can check them.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from onefold.kernel.errors import Rejected

EVENTS: Final = (
    "deal.created", "deal.changed", "deal.stage_changed", "deal.won", "deal.lost", "deal.reopened", "deal.deleted",
    "deal.restored", "task.created", "task.changed", "task.completed", "task.deleted", "task.restored",
    "activity.created", "activity.changed", "activity.deleted", "activity.restored", "product.created",
    "product.changed", "product.deleted", "product.restored",
)  # fmt: skip
"""Of the standard objects; a custom object has `NAME.created`, `.changed`, `.deleted` and `.restored`."""
TEST_EVENT: Final = "webhook.test"
MAX_EVENTS: Final = 50
MAX_URL: Final = 2_000
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 of every secret
SECRET_BYTES: Final = 24
OVERLAP: Final = timedelta(hours=24)
"""For so long the secret before signs as well."""
_PATTERN: Final = re.compile(r"\*|[a-z0-9_-]{1,60}\.(\*|[a-z_]{1,40})")
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")
_MINUTE: Final = 60
_HOUR: Final = 3_600
PAUSES_S: Final = (5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR)
"""Between attempts, before each is lengthened by up to a tenth: three days, ten attempts."""
PAUSED_AFTER: Final = timedelta(days=5)
"""An endpoint that nothing has reached for so long is paused."""
LONGEST_WISH_S: Final = 24 * _HOUR


class WebhookRejected(Rejected):
    """The endpoint can't be like that."""

    code = "webhook_invalid"


def checked_events(given: Sequence[str]) -> list[str]:
    """Patterns of events, each once. Raises WebhookRejected."""
    found = list(dict.fromkeys(one.strip() for one in given if one.strip()))
    if not found:
        raise WebhookRejected("Choose at least one event. `*` stands for all of them, `deal.*` for those of deals.")
    if len(found) > MAX_EVENTS:
        raise WebhookRejected(f"An endpoint hears of up to {MAX_EVENTS} events; `deal.*` stands for those of deals.")
    for one in found:
        if not _PATTERN.fullmatch(one):
            raise WebhookRejected(f"{one[:80]!r} is no event. Events are such as deal.won, deal.* or *.")
    return found


def checked_url(given: str) -> str:
    """An address that messages can be sent to. Raises WebhookRejected."""
    url = given.strip()
    unreadable = "Write the whole address, such as https://example.com/hooks/onefold."
    if len(url) > MAX_URL or not url.isascii() or _UNSAFE.search(url):
        raise WebhookRejected(unreadable)
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as fault:
        raise WebhookRejected(unreadable) from fault
    if not is_whole:
        raise WebhookRejected(unreadable)
    if parts.username or parts.password or parts.fragment:
        raise WebhookRejected("The address can't hold a user, a password or a #part.")
    return url


def is_asked(event: str, patterns: Sequence[str]) -> bool:
    """Whether an endpoint with these patterns hears of the event."""
    return any(one in ("*", event) or (one.endswith(".*") and event.startswith(one[:-1])) for one in patterns)


def secret_of(random_bytes: bytes) -> str:
    """A secret as it is shown."""
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode()


def signature(secret: str, message: str, timestamp: int, body: str) -> str:
    """`v1,…` of what is sent: HMAC-SHA256 of id, time and body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = hmac.new(key, f"{message}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def headers(secrets: Sequence[str], message: str, timestamp: int, body: str) -> dict[str, str]:
    """Those of a request; one signature for each secret in force."""
    return {
        "content-type": "application/json",
        "user-agent": "Onefold-Webhooks",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(one, message, timestamp, body) for one in secrets),
    }


def pause_s(tries: int, chance: float, wish_s: int = 0) -> float | None:
    """Seconds until the next attempt after `tries`; None = there is none. `chance`: 0 to 1. `wish_s`: Retry-After."""
    if tries > len(PAUSES_S):
        return None
    return max(PAUSES_S[tries - 1] * (1 + chance / 10), min(wish_s, LONGEST_WISH_S))


def is_delivered(status: int | None) -> bool:
    """Whether an answer says that the message has arrived."""
    return status is not None and 200 <= status < 300
