"""Reports on what became of deals: how fast money comes, what was won and lost by month and why, what is to come."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils import dateformat
from django.utils.translation import gettext as _
from psycopg.sql import SQL, Composable, Literal

from onefold.crm.report_asking import ReportAsked
from onefold.crm.report_stages import LOST, OPEN
from onefold.crm.report_state import months_in, months_later
from onefold.crm.report_tables import Bars, Column, Figure, Report, ReportRow, ReportTable, bar_of, counted, share_of
from onefold.filters.api import Days, Node, OneOf, Present

WON: Final = OneOf("state", "is", ("won",))
AHEAD_MONTHS: Final = 12
MOST_REASONS: Final = 30
_OPEN: Final = SQL("select r.pipeline, count(*) from deal r where r.state = 'open' and {where} group by r.pipeline")
# the bounds stand here once more, as indexes know them
_CLOSED_IN: Final = SQL("r.closed_at >= %(begins)s and r.closed_at < %(ends)s")
_CLOSED: Final = SQL(
    "select r.pipeline, count(*) filter (where r.state = 'won'), count(*) filter (where r.state = 'lost'), {average},"
    " avg(extract(epoch from r.closed_at - r.created_at) / 86400) filter (where r.state = 'won')"
    " from deal r where {closed} and {where} group by r.pipeline"
)
_AVERAGE: Final = SQL("avg(r.home_amount) filter (where r.state = 'won')")
_MONTHLY: Final = SQL(
    "select date_trunc('month', r.closed_at at time zone 'UTC')::date, r.state, {reason}, count(*), {sums}"
    " from deal r where {closed} and {where} group by 1, 2, 3"
)
_FORECAST: Final = SQL(
    "select case when r.close_on is null then 'none' when r.close_on < {today} then 'overdue'"
    " when r.close_on >= {horizon} then 'later' else to_char(r.close_on, 'YYYY-MM') end, count(*), {sums}"
    " from deal r where r.state = 'open' and {where} group by 1"
)
_WON_NOW: Final = SQL("select count(*), {sums} from deal r where r.closed_at >= {month} and {where}")


def velocity(asked: ReportAsked) -> Report:
    """What a pipeline brings by the day: open deals by win rate by average amount, over days to win. Two statements."""
    state = asked.state
    when = state.within("closed_at")
    open_now = {pipeline: n for pipeline, n in asked.rows("deal", _OPEN, (*state.deals, OPEN))}
    average = _AVERAGE if asked.has_amounts else SQL("null::numeric")
    closed = asked.rows("deal", _CLOSED, (*state.deals, when), average=average, closed=_CLOSED_IN)
    by_pipeline = {row[0]: row[1:] for row in closed}
    rows = []
    for pipeline in asked.chosen:
        mine: tuple[Node, ...] = (OneOf("pipeline", "is", (str(pipeline.id),)), *state.owned)
        won, lost, amount, days = by_pipeline.get(pipeline.id, (0, 0, None, None))
        n = open_now.get(pipeline.id, 0)
        rate = share_of(won, won + lost)
        figures = {
            "open": counted(n, "deal", *mine, OPEN),
            "won": counted(won, "deal", *mine, WON, when),
            "lost": counted(lost, "deal", *mine, LOST, when),
            "rate": rate,
            "average": Figure(amount),
            "days": Figure(days),
            "by_day": Figure(_speed(n, rate.value, amount, days)),
        }
        rows.append(ReportRow(key=str(pipeline.id), title=pipeline.name, figures=figures))
    money = [Column("average", _("Average won"), "money")] if asked.has_amounts else []
    columns = [
        Column("open", _("Open now")),
        Column("won", _("Won")),
        Column("lost", _("Lost")),
        Column("rate", _("Win rate"), "share"),
        *money,
        Column("days", _("Days to win, average"), "days"),
        *([Column("by_day", _("Velocity, a day"), "money")] if asked.has_amounts else []),
    ]
    table = ReportTable(
        name="velocity",
        title=_("Velocity"),
        head=_("Pipeline"),
        columns=columns,
        rows=rows,
        note=_(
            "Open deals \N{MULTIPLICATION SIGN} win rate \N{MULTIPLICATION SIGN} average won \N{DIVISION SIGN} days to"
            " win. Won and lost: closed in the period."
        ),
    )
    shown = [(column, rows[0].figures[column.name]) for column in columns] if len(rows) == 1 else []
    return Report(name="velocity", tables=[table], figures=shown)


def results(asked: ReportAsked) -> Report:
    """Won and lost by month of closing, and why they were lost. One statement (index on closed_at)."""
    state = asked.state
    knows_reason = "lost_reason" in asked.deal.by_name
    reason = SQL("case when r.state = 'lost' then r.lost_reason else '' end") if knows_reason else SQL("''")
    sums = asked.sums("home_amount")
    base = (*state.deals, OneOf("state", "is", ("won", "lost")), state.within("closed_at"))
    by_month: dict[date, dict[str, list[Any]]] = defaultdict(lambda: {"won": [0, Decimal(0)], "lost": [0, Decimal(0)]})
    reasons: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for month, what, why, n, worth in asked.rows("deal", _MONTHLY, base, reason=reason, sums=sums, closed=_CLOSED_IN):
        by_month[month][what][0] += n
        by_month[month][what][1] += worth or 0
        if what == "lost":
            reasons[month][why] += n
    months = months_in(state.first, state.last)
    tables = [_monthly_table(asked, months, by_month)]
    if knows_reason:
        tables.append(_reasons_table(asked, months, reasons))
    drawn = [(_month(one), [by_month[one]["won"][0], by_month[one]["lost"][0]]) for one in months]
    bars = Bars(_("Deals won and lost by month"), [_("Won"), _("Lost")], drawn, is_monthly=True)
    return Report(name="results", tables=tables, bars=bars)


def forecast(asked: ReportAsked) -> Report:
    """What open deals will bring by the month in which they should close, and what this month brought. Two statements.

    Nothing where close dates are hidden from who asks.
    """
    if "close_on" not in asked.deal.by_name:
        return Report(name="forecast", tables=[])
    today = asked.now.date()
    month = today.replace(day=1)
    horizon = months_later(month, AHEAD_MONTHS)
    sums = asked.sums("home_amount", "weighted")
    nodes = (*asked.state.deals, OPEN)
    found = {row[0]: row[1:] for row in asked.rows("deal", _FORECAST, nodes, sums=sums, today=_day(today),
                                                    horizon=_day(horizon))}  # fmt: skip
    this_month = (*asked.state.deals, WON, Days("closed_at", "between", month, months_later(month, 1) - _DAY))
    moment = SQL("({}::timestamp at time zone 'UTC')").format(_day(month))
    won = asked.rows("deal", _WON_NOW, this_month, sums=asked.sums("home_amount"), month=moment)[0]
    places: list[tuple[str, str, Node]] = [("overdue", _("Overdue"), Days("close_on", "before", today))]
    for one in months_in(month, horizon - _DAY):
        ends = months_later(one, 1) - _DAY
        places.append((f"{one:%Y-%m}", _month(one), Days("close_on", "between", max(one, today), ends)))
    places += [
        ("later", _("Later"), Days("close_on", "after", horizon - _DAY)),
        ("none", _("No close date"), Present("close_on", False)),
    ]
    rows = []
    for key, title, when in places:
        n, worth, weighted = found.get(key, (0, Decimal(0), Decimal(0)))
        already = won if key == f"{month:%Y-%m}" else (0, Decimal(0))
        figures = {
            "open": counted(n, "deal", *nodes, when),
            "sum": Figure(worth),
            "weighted": Figure(weighted),
            "won": counted(already[0], "deal", *this_month) if key == f"{month:%Y-%m}" else Figure(None),
            "won_sum": Figure(already[1] if key == f"{month:%Y-%m}" else None),
            "forecast": Figure(None if weighted is None else weighted + (already[1] or 0)),
        }
        tone = "bad" if key == "overdue" and n else ""
        rows.append(ReportRow(key=key, title=title, figures=figures, tone=tone))
    return Report(name="forecast", tables=[_forecast_table(asked, rows)], bars=_forecast_bars(asked, rows))


_DAY: Final = timedelta(days=1)


def _day(day: date) -> Composable:
    return SQL("{}::date").format(Literal(day))


def _speed(n: int, rate: Any, amount: Decimal | None, days: Any) -> float | None:  # noqa: ANN401  (numbers of any kind)
    """None where something isn't known. Who wins on the day of making needs a day."""
    if rate is None or amount is None or days is None:
        return None
    return n * float(rate) * float(amount) / max(float(days), 1.0)


def _month(month: date) -> str:
    """In the reader's language."""
    return dateformat.format(month, "M Y")


def _within_month(asked: ReportAsked, month: date) -> Days:
    first, last = max(month, asked.state.first), min(months_later(month, 1) - _DAY, asked.state.last)
    return Days("closed_at", "between", first, last)


def _monthly_table(
    asked: ReportAsked, months: Sequence[date], by_month: dict[date, dict[str, list[Any]]]
) -> ReportTable:
    def row(key: str, cells: dict[str, list[Any]], when: Node, month: date | None) -> ReportRow:
        (won, worth), (lost, lost_worth) = cells["won"], cells["lost"]
        deals = (*asked.state.deals, when)
        figures = {
            "won": counted(won, "deal", *deals, WON),
            "lost": counted(lost, "deal", *deals, LOST),
            "rate": share_of(won, won + lost),
            "won_sum": Figure(worth),
            "lost_sum": Figure(lost_worth),
        }
        title = _month(month) if month else _("All")
        return ReportRow(key=key, title=title, figures=figures, is_total=month is None)

    rows = [row(f"{one:%Y-%m}", by_month[one], _within_month(asked, one), one) for one in months]
    total = {what: [sum(by_month[one][what][n] for one in months) for n in (0, 1)] for what in ("won", "lost")}
    rows.append(row("total", total, asked.state.within("closed_at"), None))
    columns = [Column("won", _("Won")), Column("lost", _("Lost")), Column("rate", _("Win rate"), "share")]
    if asked.has_amounts:
        columns += [Column("won_sum", _("Sum won"), "money"), Column("lost_sum", _("Sum lost"), "money")]
    note = _("By the month in which deals were closed, of UTC. Win rate: won of all that were closed.")
    return ReportTable(name="results", title=_("Won and lost"), head=_("Month"), columns=columns, rows=rows, note=note)


def _reasons_table(asked: ReportAsked, months: Sequence[date], reasons: dict[date, dict[str, int]]) -> ReportTable:
    totals: dict[str, int] = defaultdict(int)
    for many in reasons.values():
        for why, n in many.items():
            totals[why] += n
    shown = sorted(totals, key=lambda one: (-totals[one], one))[:MOST_REASONS]
    field = asked.deal.by_name["lost_reason"]
    lost, most = sum(totals.values()), max(totals.values(), default=0)
    rows = []
    for why in shown:
        said: Node = OneOf("lost_reason", "is", (why,)) if why else Present("lost_reason", False)
        deals = (*asked.state.deals, LOST, said)
        figures = {
            "lost": counted(totals[why], "deal", *deals, asked.state.within("closed_at")),
            "share": share_of(totals[why], lost),
        }
        figures |= {
            f"{one:%Y-%m}": counted(reasons[one][why], "deal", *deals, _within_month(asked, one)) for one in months
        }
        title = str(field.titled(why)) if why else _("No reason said")
        rows.append(ReportRow(key=why, title=title, figures=figures, bar=bar_of(totals[why], most)))
    columns = [Column("lost", _("Lost")), Column("share", _("Share"), "share")]
    columns += [Column(f"{one:%Y-%m}", _month(one)) for one in months]
    return ReportTable(name="reasons", title=_("Why deals were lost"), head=_("Reason"), columns=columns, rows=rows)


def _forecast_table(asked: ReportAsked, rows: Sequence[ReportRow]) -> ReportTable:
    columns = [Column("open", _("Open")), Column("won", _("Won already"))]
    if asked.has_amounts:
        columns = [
            Column("open", _("Open")),
            Column("sum", _("Sum"), "money"),
            Column("weighted", _("Weighted"), "money"),
            Column("won", _("Won already")),
            Column("won_sum", _("Sum won"), "money"),
            Column("forecast", _("Forecast"), "money"),
        ]
    note = _(
        "Open deals by their close date. Forecast: weighted, and what this month has won already."
        " Overdue: open, and their close date has passed."
    )
    return ReportTable(name="forecast", title=_("Forecast by close date"), head=_("Month"), columns=columns, rows=rows,
                       note=note)  # fmt: skip


def _forecast_bars(asked: ReportAsked, rows: Sequence[ReportRow]) -> Bars:
    months = [one for one in rows if one.key[0].isdigit()]
    if not asked.has_amounts:
        drawn: list[Any] = [(one.title, [one.figures["open"].value]) for one in months]
        return Bars(_("Open deals by the month of their close date"), [_("Open")], drawn, is_monthly=True)
    drawn = [(one.title, [one.figures["won_sum"].value or 0, one.figures["weighted"].value]) for one in months]
    return Bars(_("Forecast by month"), [_("Won already"), _("Weighted")], drawn, is_monthly=True)
