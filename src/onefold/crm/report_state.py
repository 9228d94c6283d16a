"""Which report is asked for, of which deals, of what time, of whom: read from an address and written to one. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from onefold.crm.pipelines import Pipelines
from onefold.filters.api import Days, Node, OneOf
from onefold.kernel.errors import Rejected

MOST_DAYS: Final = 1_100  # three years
ALL: Final = "all"
REPORTS: Final[Mapping[str, str | Promise]] = {
    "stages": lazy("By stage"),
    "conversion": lazy("Conversion"),
    "velocity": lazy("Velocity"),
    "results": lazy("Won and lost"),
    "forecast": lazy("Forecast"),
    "people": lazy("People and teams"),
}
TIMELESS: Final = frozenset({"stages", "forecast"})
"""What stands now: these have no period."""
PERIODS: Final[Mapping[str, str | Promise]] = {
    "30d": lazy("Last 30 days"),
    "90d": lazy("Last 90 days"),
    "365d": lazy("Last 365 days"),
    "month": lazy("This month"),
    "last_month": lazy("Last month"),
    "quarter": lazy("This quarter"),
    "last_quarter": lazy("Last quarter"),
    "year": lazy("This year"),
    "last_year": lazy("Last year"),
    "days": lazy("Chosen days"),
}
USUAL: Final = "90d"
USUAL_OF: Final = {"results": "365d"}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


class ReportRejected(Rejected):
    """There is no such report, or not of that."""

    code = "report_invalid"


@dataclass(frozen=True, kw_only=True)
class ReportState:
    """`pipeline` None = all of them; `owner`: a user's name, `me`, `team:7`, or empty = whoever's.

    `first` to `last`: days of UTC, both included, as filters have them.
    """

    report: str
    pipeline: int | None
    period: str
    first: date
    last: date
    owner: str

    @property
    def deals(self) -> tuple[Node, ...]:
        """Which deals it is of, whenever."""
        found: tuple[Node, ...] = ()
        if self.pipeline is not None:
            found = (OneOf("pipeline", "is", (str(self.pipeline),)),)
        return (*found, *self.owned)

    @property
    def owned(self) -> tuple[Node, ...]:
        """Whose records it is of."""
        return (OneOf("owner", "is", (self.owner,)),) if self.owner else ()

    def within(self, field: str) -> Days:
        """In the period."""
        return Days(field, "between", self.first, self.last)

    @property
    def moments(self) -> dict[str, datetime]:
        """Of the period: from `begins` to before `ends`."""
        return {"begins": _midnight(self.first), "ends": _midnight(self.last + timedelta(days=1))}

    def address(self, *, report: str = "") -> str:
        """After `?`; of another report the same question."""
        one = replace(self, report=report or self.report)
        pairs = {
            "report": one.report,
            "pipeline": ALL if self.pipeline is None else str(self.pipeline),
            "period": self.period if self.period != USUAL_OF.get(self.report, USUAL) else "",
            "owner": self.owner,
        }
        if self.period == "days":
            pairs |= {"first": self.first.isoformat(), "last": self.last.isoformat()}
        return urlencode({name: value for name, value in pairs.items() if value})


def report_state(given: Mapping[str, str], pipelines: Pipelines, today: date) -> ReportState:
    """What an address asks for. Raises ReportRejected, which says what there is."""
    report = given.get("report") or next(iter(REPORTS))
    _demand(report, REPORTS, "report")
    period = given.get("period") or USUAL_OF.get(report, USUAL)
    _demand(period, PERIODS, "period")
    first, last = _chosen(given, today) if period == "days" else days_of(period, today)
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        said = _("The period begins before it ends, and has up to %(n)s days.")
        raise ReportRejected(said % {"n": f"{MOST_DAYS:,}"})
    return ReportState(
        report=report,
        pipeline=_pipeline(given.get("pipeline", ""), pipelines),
        period=period,
        first=first,
        last=last,
        owner=given.get("owner", "").replace("\0", "")[:200],
    )


def days_of(period: str, today: date) -> tuple[date, date]:
    """The first and the last day of one of PERIODS, seen today; what isn't over ends today."""
    if period.endswith("d"):
        return today - timedelta(days=int(period.removesuffix("d")) - 1), today
    months = _MONTHS[period.removeprefix("last_")]
    begin = today.replace(day=1, month=(today.month - 1) // months * months + 1)
    if not period.startswith("last_"):
        return begin, today
    return months_later(begin, -months), begin - timedelta(days=1)


def months_later(begin: date, n: int) -> date:
    """The first of a month, so many months later."""
    year, month = divmod(begin.year * 12 + begin.month - 1 + n, 12)
    return date(year, month + 1, 1)


def months_in(first: date, last: date) -> Sequence[date]:
    """The first of every month that the days from `first` to `last` touch."""
    found = [first.replace(day=1)]
    while (following := months_later(found[-1], 1)) <= last:
        found.append(following)
    return found


def _chosen(given: Mapping[str, str], today: date) -> tuple[date, date]:
    """Nothing chosen yet: the usual days to begin with."""
    if not given.get("first") and not given.get("last"):
        return days_of(USUAL, today)
    try:
        return date.fromisoformat(given.get("first", "")), date.fromisoformat(given.get("last", ""))
    except ValueError as fault:
        raise ReportRejected(_("Write the first and the last day as 2026-05-17.")) from fault


def _pipeline(text: str, pipelines: Pipelines) -> int | None:
    if text == ALL or not pipelines.live:
        return None
    if not text:
        return pipelines.usual.id
    known = {str(one.id): one.id for one in pipelines.pipelines}
    _demand(text, {**known, ALL: None}, "pipeline")
    return known[text]


def _demand(value: str, known: Mapping[str, object], name: str) -> None:
    if value not in known:
        said = _("There is no %(name)s “%(value)s”. There are: %(known)s.")
        raise ReportRejected(said % {"name": name, "value": value[:80], "known": ", ".join(known)})


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
