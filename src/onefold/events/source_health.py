"""How each source is doing: sending, silent, refused, with violations. From counts and sums, a few rows a source."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from psycopg import Connection

from onefold.events.counts import Recent, recent_counts
from onefold.events.internal import INTERNAL_SOURCE
from onefold.events.sources import Source, list_sources
from onefold.events.tallies import QUERIES

USUAL_DAYS: Final = 7
HOURS_SHOWN: Final = 24
MIN_USUAL: Final = 50  # events in USUAL_DAYS below which nothing is usual
SILENT_GAPS: Final = 20  # times the usual pause between two events
LEAST_SILENCE: Final = timedelta(hours=1)
MAX_VIOLATION_SHARE: Final = 0.01
MIN_VIOLATIONS: Final = 5


class Condition(StrEnum):
    """What can be said of a source at a glance."""

    DISABLED = "disabled"
    UNUSED = "unused"
    REFUSED = "refused"
    SILENT = "silent"
    VIOLATIONS = "violations"
    HEALTHY = "healthy"


@dataclass(frozen=True, kw_only=True)
class SourceHealth:
    """One source. `hours`: accepted events of each of the last 24 hours, the oldest first, by when they happened."""

    source: Source
    recent: Recent
    condition: Condition
    usual_an_hour: float  # mean of the last USUAL_DAYS
    hours: tuple[int, ...]

    @property
    def violation_share(self) -> float:
        """Of what came in 24 hours, 0 to 1."""
        return share(self.recent)


def source_health(conn: Connection[Any], now: datetime) -> list[SourceHealth]:
    """Every source but Onefold's own, the busiest first. Cost: a day of minutes and a week of hours a source."""
    recents = recent_counts(conn)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    first = this_hour - timedelta(hours=HOURS_SHOWN - 1)
    usual: dict[int, int] = {}
    hours: dict[int, list[int]] = {}
    week = {"since": this_hour - timedelta(days=USUAL_DAYS), "until": now}
    for source_id, hour, n in conn.execute(QUERIES["hours"], week):
        usual[source_id] = usual.get(source_id, 0) + n
        if hour >= first:
            hours.setdefault(source_id, [0] * HOURS_SHOWN)[int((hour - first).total_seconds() // 3600)] += n
    found = []
    for source in list_sources(conn):
        if source.id == INTERNAL_SOURCE:
            continue
        recent, known = recents[source.id], usual.get(source.id, 0)
        found.append(
            SourceHealth(
                source=source,
                recent=recent,
                condition=condition_of(source, recent, known, now),
                usual_an_hour=known / (USUAL_DAYS * 24),
                hours=tuple(hours.get(source.id, [0] * HOURS_SHOWN)),
            )
        )
    return sorted(found, key=lambda one: (-sum(one.hours), -usual.get(one.source.id, 0), one.source.name))


def condition_of(source: Source, recent: Recent, usual: int, now: datetime) -> Condition:
    """The worst that is true. `usual`: events of the last USUAL_DAYS. Imports come when they come: never silent."""
    if not source.is_enabled:
        return Condition.DISABLED
    if recent.last_at is None:
        bad = recent.violations_day or recent.rejected_day
        return Condition.REFUSED if bad else Condition.UNUSED
    if recent.rejected_day and not recent.accepted_hour:
        return Condition.REFUSED
    if source.kind != "import" and usual >= MIN_USUAL:
        gap = timedelta(days=USUAL_DAYS) / usual
        if now - recent.last_at > max(LEAST_SILENCE, gap * SILENT_GAPS):
            return Condition.SILENT
    if recent.violations_day >= MIN_VIOLATIONS and share(recent) > MAX_VIOLATION_SHARE:
        return Condition.VIOLATIONS
    return Condition.HEALTHY


def share(recent: Recent) -> float:
    """Violations of all that came in 24 hours, 0 to 1."""
    total = recent.accepted_day + recent.violations_day
    return recent.violations_day / total if total else 0.0
