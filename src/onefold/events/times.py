"""When an event happened, by the clocks of the client and of the collector. Pure. Instants are µs since 1970 UTC."""

from datetime import UTC, datetime
from typing import Any, Final

from onefold.events.event import Flag, Reason
from onefold.events.fields import Refused
from onefold.kernel.instants import EPOCH

SKEW_SHOWN_US: Final = 1_000_000  # less is the way through the network
_SECONDS_BELOW: Final = 100_000_000_000  # as milliseconds that would be before 1973-03: a client that sends seconds
_MAX_MS: Final = 253_402_300_800_000  # year 10000
_TIME_CORRECTED, _TIME_CLAMPED = int(Flag.TIME_CORRECTED), int(Flag.TIME_CLAMPED)


def happened_at(event: dict[str, Any], sent_at: int | None, received_at: int) -> tuple[int, int]:
    """When it happened, `received_at - (sentAt - timestamp)`, and Flag bits: the client's clock may be wrong by years.

    Never after `received_at`. Without a timestamp that is the answer; without `sent_at` the timestamp is believed.
    """
    happened = instant_of(event.get("originalTimestamp"), "originalTimestamp")
    if happened is None:
        happened = instant_of(event.get("timestamp"), "timestamp")
    if happened is None:
        return received_at, 0
    flags = 0
    if sent_at is not None:
        happened += received_at - sent_at
        if abs(received_at - sent_at) >= SKEW_SHOWN_US:
            flags = _TIME_CORRECTED
    if happened > received_at:
        return received_at, flags | _TIME_CLAMPED
    if happened < 0:
        raise Refused(Reason.TIMESTAMP_INVALID, "The event's time, corrected for clock skew, lies before 1970.")
    return happened, flags


def instant_of(value: object, name: str) -> int | None:
    """µs since 1970 of an ISO 8601 text or of milliseconds; None when absent. Raises Refused."""
    if value is None or value == "":
        return None
    if type(value) is str:
        return _instant_of_text(value, name)
    if isinstance(value, int | float) and not isinstance(value, bool) and -_MAX_MS < value < _MAX_MS:
        return int(value * (1000 if abs(value) >= _SECONDS_BELOW else 1_000_000))
    raise _bad_time(name)


def _instant_of_text(text: str, name: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        text = text.strip()
        if text.isdecimal() and text.isascii() and len(text) <= 15:
            return instant_of(int(text), name) or 0
        try:
            moment = datetime.fromisoformat(text.upper())  # 2026-11-22t10:00:00z
        except ValueError:
            raise _bad_time(name) from None
    since = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _bad_time(name: str) -> Refused:
    return Refused(
        Reason.TIMESTAMP_INVALID,
        f"{name} must be ISO 8601 with a year from 1 to 9999, as 2026-01-31T12:00:00.000Z, or milliseconds since 1970.",
    )
