"""Reports on stages: what stands in each now, how many deals went on from it, how long that took."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _
from psycopg.sql import SQL, Literal

from onefold.crm.pipelines import Stage
from onefold.crm.report_asking import ReportAsked
from onefold.crm.report_tables import Bars, Column, Figure, Report, ReportRow, ReportTable, bar_of, counted, share_of
from onefold.crm.stays import STAYS
from onefold.filters.api import AllOf, Flag, Node, OneOf, Present, RelatedTo

OPEN: Final = OneOf("state", "is", ("open",))
LOST: Final = OneOf("state", "is", ("lost",))
_STANDING: Final = SQL(
    "select r.stage, count(*), {sums}, count(*) filter (where {without}) from deal r"
    " where r.state = 'open' and {where} group by r.stage"
)
# `stays.went_on` of many at once: whatever follows a stay of the period is no older than the period
_PASSED: Final = SQL(
    "with since as ("
    " select s.deal, s.stage, s.entered_at, r.state, st.place,"
    " max(case st.state when 'won' then 2147483647 when 'open' then st.place end)"
    " over (partition by s.deal, st.pipeline order by s.entered_at desc) as furthest"
    " from deal_stay s join stage st on st.id = s.stage join deal r on r.id = s.deal"
    " where s.entered_at >= %(begins)s and {where}"
    "), passed as ("
    " select stage, deal, state, bool_or(furthest > place) as went_on from since"
    " where stage = any({stages}) and entered_at < %(ends)s group by stage, deal, state)"
    " select stage, count(*), count(*) filter (where went_on), count(*) filter (where not went_on and state = 'lost'),"
    " count(*) filter (where not went_on and state = 'open') from passed group by stage"
)
_LEFT: Final = SQL(
    "select s.stage, count(distinct s.deal),"
    " percentile_cont(array[0.5, 0.9]) within group (order by extract(epoch from s.left_at - s.entered_at) / 86400)"
    " from deal_stay s join deal r on r.id = s.deal"
    " where s.stage = any({stages}) and s.left_at >= %(begins)s and s.left_at < %(ends)s and {where} group by s.stage"
)


def by_stage(asked: ReportAsked) -> Report:
    """Open deals by the stage they stand in now: how many, their sum, weighted. One statement.

    Cost: the open deals (index on pipeline, stage).
    """
    nodes = (*asked.state.deals, OPEN)
    without = SQL("r.home_amount is null") if asked.has_amounts else SQL("false")
    sums = asked.sums("home_amount", "weighted")
    found = {row[0]: row[1:] for row in asked.rows("deal", _STANDING, nodes, sums=sums, without=without)}
    stages = [one for one in _stages(asked) if not one.is_archived or one.id in found]
    columns = [Column("count", _("Deals"))]
    if asked.has_amounts:
        columns += [
            Column("sum", _("Sum"), "money"),
            Column("weighted", _("Weighted"), "money"),
            Column("without_amount", _("Without an amount")),
        ]
    nothing = (0, Decimal(0), Decimal(0), 0)
    most = max((row[0] for row in found.values()), default=0)
    rows = []
    for stage in stages:
        row = found.get(stage.id, nothing)
        here = (*nodes, _in(stage))
        rows.append(_standing(stage_title(asked, stage), str(stage.id), row, here, bar=bar_of(row[0], most)))
    total = [sum(row[n] or 0 for row in found.values()) for n in range(len(nothing))]
    rows.append(_standing(_("All open"), "total", total, nodes))
    table = ReportTable(
        name="stages",
        title=_("Open deals by stage"),
        head=_("Stage"),
        columns=columns,
        rows=rows,
        note=_("As they stand now. A sum weighs each amount by the probability of the stage."),
    )
    return Report(name="stages", tables=[table], bars=_standing_bars(asked, rows[:-1]))


def conversion(asked: ReportAsked) -> Report:
    """Of the deals that entered a stage in the period: how many went on; of those that left it: how long they stood.

    Two statements. Cost: the stays that began, and those that ended, in the period (indexes on stage and moment).
    """
    stages = [one for one in _stages(asked) if not one.is_archived]
    given = Literal([one.id for one in stages])
    passed = asked.rows("deal", _PASSED, asked.state.deals, stages=given)
    left = asked.rows("deal", _LEFT, asked.state.deals, stages=given)
    by_passed, by_left = {row[0]: row[1:] for row in passed}, {row[0]: row[1:] for row in left}
    most = max((row[1] for row in passed), default=0)
    rows = []
    for stage in stages:
        entered, onwards, lost, still = by_passed.get(stage.id, (0, 0, 0, 0))
        ended, days = by_left.get(stage.id, (0, (None, None)))
        came = _stayed(stage, asked.state.within("entered_at"))
        moved = RelatedTo(STAYS, AllOf((*came.of, Flag("went_on", True))))
        base = (*asked.state.deals, RelatedTo(STAYS, came))
        stuck = (*base, RelatedTo(STAYS, moved.where, "has_not"))
        gone = RelatedTo(STAYS, _stayed(stage, asked.state.within("left_at")))
        rows.append(
            ReportRow(
                key=str(stage.id),
                title=stage_title(asked, stage),
                bar=bar_of(entered, most),
                figures={
                    "entered": counted(entered, "deal", *base),
                    "went_on": counted(onwards, "deal", *asked.state.deals, moved),
                    "rate": share_of(onwards, entered),
                    "lost": counted(lost, "deal", *stuck, LOST),
                    "still": counted(still, "deal", *stuck, OPEN),
                    "left": counted(ended, "deal", *asked.state.deals, gone),
                    "median_days": Figure(days[0]),
                    "p90_days": Figure(days[1]),
                },
            )
        )
    return Report(name="conversion", tables=[_conversion_table(rows)])


def stage_title(asked: ReportAsked, stage: Stage) -> str:
    """With its pipeline where there are several."""
    if len(asked.chosen) == 1:
        return stage.name
    pipeline = asked.pipelines.pipeline(stage.pipeline)
    return f"{pipeline.name}: {stage.name}" if pipeline else stage.name


def _stages(asked: ReportAsked) -> list[Stage]:
    """Open ones in their order."""
    chosen = [one.id for one in asked.chosen]
    known = [one for one in asked.pipelines.stages.values() if one.state == "open" and one.pipeline in chosen]
    return sorted(known, key=lambda one: chosen.index(one.pipeline))


def _in(stage: Stage) -> Node:
    return OneOf("stage", "is", (str(stage.id),))


def _stayed(stage: Stage, when: Node) -> AllOf:
    return AllOf((_in(stage), when))


def _standing(
    title: str, key: str, row: Sequence[int | Decimal | None], nodes: Sequence[Node], bar: int | None = None
) -> ReportRow:
    count, worth, weighted, without = row
    figures = {
        "count": counted(int(count or 0), "deal", *nodes),
        "sum": Figure(worth),
        "weighted": Figure(weighted),
        "without_amount": counted(int(without or 0), "deal", *nodes, Present("home_amount", False)),
    }
    return ReportRow(key=key, title=title, figures=figures, is_total=key == "total", bar=bar)


def _standing_bars(asked: ReportAsked, rows: Sequence[ReportRow]) -> Bars:
    if not asked.has_amounts:
        return Bars(_("Open deals by stage"), [_("Deals")], [(one.title, [one.figures["count"].value]) for one in rows])
    drawn = []
    for one in rows:
        worth, weighted = one.figures["sum"].value or Decimal(0), one.figures["weighted"].value or Decimal(0)
        drawn.append((one.title, [weighted, Decimal(worth) - Decimal(weighted)]))
    return Bars(_("Sum of open deals by stage"), [_("Weighted"), _("Rest of the sum")], drawn)


def _conversion_table(rows: Sequence[ReportRow]) -> ReportTable:
    return ReportTable(
        name="conversion",
        title=_("From stage to stage"),
        head=_("Stage"),
        columns=[
            Column("entered", _("Entered")),
            Column("went_on", _("Went on")),
            Column("rate", _("Share that went on"), "share"),
            Column("lost", _("Lost from here")),
            Column("still", _("Still open")),
            Column("left", _("Left")),
            Column("median_days", _("Days, median"), "days"),
            Column("p90_days", _("Days, nine of ten"), "days"),
        ],
        rows=rows,
        note=_(
            "Of the deals that entered the stage in the period. Went on: entered a later stage of the pipeline"
            " afterwards, or was won in it. Days: of those that left the stage in the period."
        ),
    )
