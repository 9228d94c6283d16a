"""Instants between µs since 1970, which tables of identity hold, and aware datetimes. Exact, unlike floats."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def instant_of(micros: int) -> datetime:
    """The aware datetime of µs since 1970. Raises OverflowError outside of the years 1 to 9999."""
    return EPOCH + micros * MICROSECOND


def micros_of(instant: datetime) -> int:
    """µs since 1970 of an aware datetime."""
    return (instant - EPOCH) // MICROSECOND


def last_hours(now: datetime, count: int = 24) -> list[datetime]:
    """Beginnings of the last hours of the clock of `now`'s zone, the unfinished one last; in that zone."""
    this_hour = now.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    return [(this_hour - timedelta(hours=back)).astimezone(now.tzinfo) for back in reversed(range(count))]
