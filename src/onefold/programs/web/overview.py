"""Home: what came in, who is new, what it earned, what needs attention, and the first steps of a new installation."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, count_users, may, requires, workspace
from onefold.config import load_settings
from onefold.events.api import (
    INTERNAL_SOURCE,
    Revenue,
    SourceHealth,
    events_by_step,
    has_events,
    revenue_by_step,
    source_health,
    top_pages,
)
from onefold.infra.pool import pooled
from onefold.profiles.api import Newcomers, has_known, new_people
from onefold.programs.attention import concerns
from onefold.programs.web.templatetags.display import decimal_text, grouped

MAX_SERIES: Final = 5  # the rest is "Other"
MAX_SOURCES: Final = 8
MAX_PAGES: Final = 8
MINUS: Final = "\N{MINUS SIGN}"
Place = Callable[[Any], tuple[datetime, float]]


class Period(NamedTuple):
    """How far back, in which steps. `before`: what the time before it is called."""

    name: str
    title: str | Promise
    length: timedelta
    step: timedelta
    steps: str | Promise
    before: str | Promise


DAY: Final = timedelta(days=1)
PERIODS: Final = (
    Period("24h", lazy("24 h"), DAY, DAY / 24, lazy("by the hour"), lazy("on the day before")),
    Period(
        "7d",
        lazy("7 days"),
        7 * DAY,
        DAY / 4,
        lazy("six-hour steps"),
        lazy("on the week before"),
    ),
    Period("30d", lazy("30 days"), 30 * DAY, DAY, lazy("by the day"), lazy("on the 30 days before")),
)


@dataclass(frozen=True)
class Window:
    """The steps of a period that ends now, the last of them unfinished."""

    period: Period
    now: datetime

    @property
    def starts(self) -> list[datetime]:
        """Beginnings of the steps, the oldest first, on round hours of the reader's time zone."""
        local = timezone.localtime(self.now)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        last = midnight + (local - midnight) // self.period.step * self.period.step
        count = self.period.length // self.period.step
        return [last - self.period.step * back for back in reversed(range(count))]

    @property
    def since(self) -> datetime:
        """Where the period begins."""
        return self.starts[0]

    @property
    def before(self) -> "tuple[datetime, datetime]":
        """As much of the period before, so that the unfinished last step is compared with an unfinished one."""
        return self.since - self.period.length, self.now - self.period.length


class Figure(NamedTuple):
    """One of the four. `change`: relative, or in points if `is_share`; None = nothing to compare with."""

    title: str
    shown: str
    change: float | None
    is_share: bool
    values: list[float]
    note: str = ""


@require_safe
@requires(Permission.SEE_EVENTS)
def overview(request: HttpRequest) -> HttpResponse:
    """The first page. Everything in it comes from sums and counts: nothing reads events."""
    period = next((one for one in PERIODS if one.name == request.GET.get("period")), PERIODS[1])
    window = Window(period, timezone.now())
    with pooled() as conn:
        sources = source_health(conn, window.now)
        steps = first_steps(conn, request, sources)
        done = sum(step.is_done for step in steps)
        context = {
            "period": period,
            "periods": PERIODS,
            "zone": timezone.get_current_timezone_name(),
            "figures": figures(conn, window),
            "chart": chart(conn, window, sources),
            "sources": sources[:MAX_SOURCES],
            "source_count": len(sources),
            "pages": _with_share(top_pages(conn, window.since, MAX_PAGES)),
            "concerns": concerns(conn, load_settings(), window.now, sources),
            "steps": steps,
            "next_step": next((step for step in steps if not step.is_done), None),
            "done": done,
            "done_percent": done * 100 // len(steps),
        }
    return render(request, "overview.html", context)


def figures(conn: Connection[Any], window: Window) -> list[Figure]:
    """Events, new people, how many of these are known, revenue: each with the steps of the period."""
    step, since, (earlier, until) = window.period.step, window.since, window.before
    events = _by_step(
        events_by_step(conn, since, window.now, step).items(), window.starts, lambda row: (row[0][0], row[1])
    )
    events_before = sum(events_by_step(conn, earlier, until, step).values())
    people = new_people(conn, since, window.now, step)
    people_before = new_people(conn, earlier, until, step)
    newcomers = _by_step(people, window.starts, lambda row: (row.at, row.people))
    known = _by_step(people, window.starts, lambda row: (row.at, row.known))
    share, share_before = _known_share(people), _known_share(people_before)
    return [
        Figure(_("Events"), grouped(int(sum(events))), _change(sum(events), events_before), False, events),
        Figure(
            _("New people"),
            grouped(int(sum(newcomers))),
            _change(sum(newcomers), sum(row.people for row in people_before)),
            False,
            newcomers,
        ),
        Figure(
            _("Known, of new people"),
            "0\u202f%" if share is None else f"{decimal_text(share * 100, 1)}\u202f%",
            None if share is None or share_before is None else share - share_before,
            True,
            [one / all_ if all_ else 0.0 for one, all_ in zip(known, newcomers, strict=True)],
        ),
        _revenue_figure(conn, window),
    ]


def _revenue_figure(conn: Connection[Any], window: Window) -> Figure:
    step = window.period.step
    now, before = revenue_by_step(conn, window.since, window.now, step), revenue_by_step(conn, *window.before, step)
    orders: dict[str, int] = {}
    for row in [*now, *before]:
        orders[row.currency] = orders.get(row.currency, 0) + row.orders
    currency = max(orders, key=lambda one: (orders[one], one), default="")
    others = sorted({row.currency or _("no currency") for row in now if row.currency != currency and row.amount})
    values = _by_step(
        [row for row in now if row.currency == currency], window.starts, lambda row: (row.at, float(row.amount))
    )
    total, total_before = _sum_of(now, currency), _sum_of(before, currency)
    note = _("and orders in %(currencies)s") % {"currencies": ", ".join(others)} if others else ""
    return Figure(
        _("Revenue"),
        money(total, currency or workspace().currency),
        _change(float(total), float(total_before)),
        False,
        values,
        note,
    )


def _sum_of(rows: list[Revenue], currency: str) -> Decimal:
    return sum((row.amount for row in rows if row.currency == currency), Decimal(0))


def money(amount: Decimal, currency: str) -> str:
    """Whole units with the currency before them, in the reader's language: €12,480; SEK 12,480."""
    symbol = {"EUR": "€", "USD": "$", "GBP": "£"}.get(currency, f"{currency}\u202f" if currency else "")
    return f"{MINUS if amount < 0 else ''}{symbol}{decimal_text(abs(amount), 0)}"


def _known_share(people: list[Newcomers]) -> float | None:
    count = sum(row.people for row in people)
    return sum(row.known for row in people) / count if count else None


def _change(now: float, before: float) -> float | None:
    return (now - before) / before if before > 0 else None


def _by_step(rows: Iterable[Any], starts: list[datetime], place: Place) -> list[float]:
    """A number for each step, 0 where there is no row."""
    index = {start: number for number, start in enumerate(starts)}
    found = [0.0] * len(starts)
    for row in rows:
        at, value = place(row)
        if at in index:
            found[index[at]] += value
    return found


def chart(conn: Connection[Any], window: Window, sources: list[SourceHealth]) -> dict[str, Any]:
    """Events by step and source: names of the busiest sources, and a row of numbers for each step."""
    counts = events_by_step(conn, window.since, window.now, window.period.step)
    totals: dict[int, int] = {}
    for (_at, source_id), n in counts.items():
        totals[source_id] = totals.get(source_id, 0) + n
    names = {one.source.id: one.source.name for one in sources} | {INTERNAL_SOURCE: "Onefold"}
    shown = sorted(totals, key=lambda one: -totals[one])[:MAX_SERIES]
    rows = []
    for start in window.starts:
        values = [counts.get((start, source_id), 0) for source_id in shown]
        rest = sum(n for (at, source_id), n in counts.items() if at == start and source_id not in shown)
        rows.append((start, [*values, rest] if len(totals) > MAX_SERIES else values))
    titles = [names.get(source_id, str(source_id)) for source_id in shown]
    return {
        "names": [*titles, _("Other")] if len(totals) > MAX_SERIES else titles,
        "rows": rows,
        "total": sum(totals.values()),
        "has_days": window.period.step >= DAY,
    }


def _with_share(pages: list[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Page, views, and how long its bar is: percent of the most viewed."""
    most = pages[0][1] if pages else 1
    return [(page, n, max(n * 100 // most, 1)) for page, n in pages]


class FirstStep(NamedTuple):
    """A thing to do on a new installation."""

    title: str
    text: str
    action: str
    url: str
    is_done: bool


def first_steps(conn: Connection[Any], request: HttpRequest, sources: list[SourceHealth]) -> list[FirstStep]:
    """What a new installation needs, and whether it is there. Some index probes."""
    slug = sources[-1].source.slug if sources else ""
    first = f"/sources/{slug}" if slug else "/sources/new"
    imports = [one.source for one in sources if one.source.kind == "import"]
    to_import = f"/sources/{imports[0].slug}" if imports else "/sources/new?kind=import"
    code = _("Get the code")
    has_any = any(has_events(conn, one.source.id) for one in sources)
    has_import = any(has_events(conn, source.id) for source in imports)
    texts = (
        _("A web site, an app, a server or an import."),
        _("Paste the code of your source, then watch it arrive."),
        _("An identify call makes a visitor a person with a name."),
        _("Send the customers you have to an import source."),
        _("Everybody signs in by their own name."),
    )
    steps = [
        FirstStep(_("Make a source"), texts[0], _("Make"), "/sources/new", bool(sources)),
        FirstStep(_("Send an event"), texts[1], code, first, has_any),
        FirstStep(_("Identify somebody"), texts[2], code, first, has_known(conn)),
        FirstStep(_("Import people"), texts[3], _("Import"), to_import, has_import),
    ]
    if may(request.user, Permission.MANAGE_USERS):
        steps.append(FirstStep(_("Invite a colleague"), texts[4], _("Invite"), "/users", count_users() > 1))
    return steps
