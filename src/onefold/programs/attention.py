"""What needs somebody's attention: sources that fell silent or are refused, violations, and what the doctor finds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from onefold.config import Settings
from onefold.events.api import Condition, SourceHealth, source_health
from onefold.kernel.marking import marked as _
from onefold.notifications.api import News, tell_lasting
from onefold.privacy.api import waiting_requests
from onefold.programs.doctor import examine_lake, examine_running
from onefold.programs.health import health, span

PREFIX: Final = "attention:"


@dataclass(frozen=True, kw_only=True)
class Concern:
    """One thing to look at. `title` and `text` are English patterns for `params`, translated where they are shown.

    `key` stays the same while the cause is the same.
    """

    key: str
    tone: str  # bad or warn
    title: str
    text: str
    url: str
    action: str
    params: dict[str, str | int] = field(default_factory=dict)


def concerns(
    conn: Connection[Any], settings: Settings, now: datetime, sources: list[SourceHealth] | None = None
) -> list[Concern]:
    """The worst first. `sources`: as `source_health` found them, if somebody did. Cost: of `health` and of that."""
    found = [*_of_installation(conn, settings), *_of_privacy(conn, now), *_of_lake(conn, settings, now)]
    for one in source_health(conn, now) if sources is None else sources:
        found += _of_source(one, now)
    return sorted(found, key=lambda concern: concern.tone != "bad")


def tell_concerns(conn: Connection[Any], settings: Settings, now: datetime) -> int:
    """Tell everybody what needs attention now, and end what is over; how many there are. Safe to repeat."""
    found = concerns(conn, settings, now)
    tell_lasting(
        conn,
        PREFIX,
        [
            News(key=PREFIX + one.key, tone=one.tone, title=one.title, body=one.text, url=one.url, params=one.params)
            for one in found
        ],
    )
    return len(found)


def _of_installation(conn: Connection[Any], settings: Settings) -> Iterator[Concern]:
    state = health(conn)
    if state["status"] != "ok":
        is_bad = state["status"] == "down" or not all(one["is_alive"] for one in state["processes"])
        yield Concern(
            key="health",
            tone="bad" if is_bad else "warn",
            title=_("Onefold is not as it should be") if is_bad else _("Onefold works, and somebody should look"),
            text="%(reason)s",
            url="/health/page",
            action=_("Look"),
            params={"reason": state["reasons"][0]},
        )
    faults = [finding.text for finding in examine_running(settings, conn) if finding.is_fault]
    if faults:
        yield Concern(
            key="doctor",
            tone="warn",
            title=_("The doctor found something"),
            text="%(reason)s",
            url="/health/page",
            action=_("Look"),
            params={"reason": faults[0]},
        )


def _of_lake(conn: Connection[Any], settings: Settings, now: datetime) -> Iterator[Concern]:
    if faults := [finding.text for finding in examine_lake(settings, conn, now) if finding.is_fault]:
        yield Concern(
            key="lake",
            tone="warn",
            title=_("The lake needs a look"),
            text="%(reason)s",
            url="/health/page",
            action=_("Look"),
            params={"reason": faults[0]},
        )


def _of_privacy(conn: Connection[Any], now: datetime) -> Iterator[Concern]:
    waiting = waiting_requests(conn)
    if waiting is None or not waiting.is_late(now):
        return
    is_overdue = waiting.is_overdue(now)
    yield Concern(
        key="privacy",
        tone="bad" if is_overdue or waiting.n_stopped else "warn",
        title=_("Privacy requests are overdue") if is_overdue else _("Privacy requests wait"),
        text=_("%(n)s wait, the oldest for %(span)s; the law gives a month."),
        url="/privacy",
        action=_("Look"),
        params={"n": waiting.n, "span": span((now - waiting.oldest_at).total_seconds())},
    )


def _of_source(one: SourceHealth, now: datetime) -> Iterator[Concern]:
    source, recent = one.source, one.recent
    params: dict[str, str | int] = {"source": source.name}
    if one.condition is Condition.SILENT and recent.last_at:
        params |= {"span": span((now - recent.last_at).total_seconds()), "n": max(round(one.usual_an_hour), 1)}
        yield Concern(
            key=f"silent:{source.slug}",
            tone="bad",
            title=_("%(source)s sent nothing for %(span)s"),
            text=_("It usually sends %(n)s events an hour."),
            url=f"/sources/{source.slug}",
            action=_("Check"),
            params=params,
        )
    elif one.condition is Condition.REFUSED:
        yield Concern(
            key=f"refused:{source.slug}",
            tone="bad",
            title=_("%(source)s is refused"),
            text=_("%(n)s requests or events in 24 hours, and nothing was accepted lately."),
            url=f"/sources/{source.slug}",
            action=_("Check"),
            params=params | {"n": recent.rejected_day + recent.violations_day},
        )
    elif one.condition is Condition.VIOLATIONS:
        yield Concern(
            key=f"violations:{source.slug}",
            tone="warn",
            title=_("%(n)s violations from %(source)s"),
            text=_("%(share)s of what it sent in 24 hours was refused, whole or in part."),
            url=f"/violations?source={source.slug}",
            action=_("See why"),
            params=params | {"n": recent.violations_day, "share": f"{one.violation_share:.1%}"},
        )
