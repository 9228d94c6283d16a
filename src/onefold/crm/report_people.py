"""The report on people and teams: what each did in a period, and what came of it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg.sql import SQL

from onefold.crm.objects import ACTIVITY_KINDS
from onefold.crm.references import TEAM
from onefold.crm.report_asking import ReportAsked
from onefold.crm.report_results import WON
from onefold.crm.report_stages import LOST
from onefold.crm.report_tables import Column, Figure, Report, ReportRow, ReportTable, counted
from onefold.crm.subjects import usernames
from onefold.crm.teams import load_teams
from onefold.crm.viewer import members_sql
from onefold.filters.api import Node, OneOf, Present

MOST_PEOPLE: Final = 200
"""Rows of people; the total is of all."""
_KINDS: Final = tuple(one.value for one in ACTIVITY_KINDS)
# the bounds stand in each once more, as indexes know them
_ACTIVITIES: Final = SQL(
    "select r.owner, r.kind, count(*) from activity r"
    " where r.at >= %(begins)s and r.at < %(ends)s and {where} group by r.owner, r.kind"
)
_TASKS: Final = SQL(
    "select r.owner, count(*) from task r"
    " where r.done_at >= %(begins)s and r.done_at < %(ends)s and {where} group by r.owner"
)
_MADE: Final = SQL(
    "select r.owner, count(*) from deal r"
    " where r.created_at >= %(begins)s and r.created_at < %(ends)s and {where} group by r.owner"
)
_CLOSED: Final = SQL(
    "select r.owner, r.state, count(*), {sums} from deal r"
    " where r.closed_at >= %(begins)s and r.closed_at < %(ends)s and {where} group by r.owner, r.state"
)
_MEMBERS: Final = SQL("select t.id, array({}) from sales_team t where t.id = any(%(ids)s)").format(
    members_sql(SQL("array[t.id]"))
)
Totals = dict[str, Any]
"""By column."""


def people(asked: ReportAsked) -> Report:
    """Activities, tasks done, deals made, won and lost, by owner and by team. Up to four statements, and one of teams.

    Cost: what happened in the period (indexes on at, done_at, created_at, closed_at).
    """
    found = _figures(asked)
    names = usernames(asked.conn, [one for one in found if one is not None])
    order = sorted(found, key=lambda one: (one is None, -_weight(found[one]), names.get(one or 0, "").lower()))
    rows = [_row(asked, names[one], found[one], (OneOf("owner", "is", (names[one],)),))
            for one in order[:MOST_PEOPLE] if one is not None and one in names]  # fmt: skip
    if None in found:
        nobodys = (Present("owner", False),)
        rows.append(_row(asked, "", found[None], nobodys, title=_("Nobody")))
    total = _added(found.values())
    rows.append(_row(asked, "total", total, (), title=_("All"), is_total=True))
    columns = _columns(asked)
    note = _("By owner. A pipeline narrows the deals down, not the activities and tasks.")
    by_person = ReportTable(
        name="people", title=_("By person"), head=_("Person"), columns=columns, rows=rows, note=note
    )
    teams = _teams(asked, found)
    note = _("With the teams below. Who is in two teams counts in both.")
    by_team = ReportTable(name="teams", title=_("By team"), head=_("Team"), columns=columns, rows=teams, note=note)
    return Report(name="people", tables=[by_person, by_team] if teams else [by_person])


def _figures(asked: ReportAsked) -> dict[int | None, Totals]:
    """By owner; none of them who did nothing."""
    state = asked.state
    found: dict[int | None, Totals] = defaultdict(lambda: defaultdict(int))
    if asked.sees("activity"):
        for owner, kind, n in asked.rows("activity", _ACTIVITIES, (*state.owned, state.within("at"))):
            found[owner][kind] += n
    if asked.sees("task"):
        for owner, n in asked.rows("task", _TASKS, (*state.owned, state.within("done_at"))):
            found[owner]["tasks"] += n
    if asked.sees("deal"):
        for owner, n in asked.rows("deal", _MADE, (*state.deals, state.within("created_at"))):
            found[owner]["made"] += n
        nodes = (*state.deals, state.within("closed_at"))
        for owner, what, n, worth in asked.rows("deal", _CLOSED, nodes, sums=asked.sums("home_amount")):
            found[owner][what] += n
            if what == "won":
                found[owner]["won_sum"] += worth or 0
    return found


def _row(
    asked: ReportAsked, key: str, totals: Totals, whose: tuple[Node, ...], *, title: str = "", is_total: bool = False
) -> ReportRow:
    state = asked.state
    figures: dict[str, Figure] = {
        kind: counted(
            totals.get(kind, 0), "activity", OneOf("kind", "is", (kind,)), *state.owned, *whose, state.within("at")
        )
        for kind in _KINDS
    }
    deals = (*state.deals, *whose)
    figures |= {
        "tasks": counted(totals.get("tasks", 0), "task", *state.owned, *whose, state.within("done_at")),
        "made": counted(totals.get("made", 0), "deal", *deals, state.within("created_at")),
        "won": counted(totals.get("won", 0), "deal", *deals, WON, state.within("closed_at")),
        "lost": counted(totals.get("lost", 0), "deal", *deals, LOST, state.within("closed_at")),
        "won_sum": Figure(totals.get("won_sum", Decimal(0))),
    }
    return ReportRow(key=key, title=title or key, figures=figures, is_total=is_total)


def _teams(asked: ReportAsked, found: dict[int | None, Totals]) -> list[ReportRow]:
    """Each before those below it. One statement more."""
    tree = load_teams(asked.conn).tree
    members: dict[int, Sequence[int]] = dict(
        asked.conn.execute(_MEMBERS, {"ids": [one.id for one in tree]}).fetchall() if tree else ()
    )
    rows = []
    for team in tree:
        totals = _added(found[one] for one in members.get(team.id, ()) if one in found)
        whose = (OneOf("owner", "is", (f"{TEAM}{team.id}",)),)
        row = _row(asked, str(team.id), totals, whose, title=team.name)
        rows.append(ReportRow(key=row.key, title=row.title, figures=row.figures, depth=team.depth))
    return rows


def _columns(asked: ReportAsked) -> list[Column]:
    titles = {"call": _("Calls"), "email": _("E-mails"), "meeting": _("Meetings"), "note": _("Notes")}
    columns = [Column(kind, titles[kind]) for kind in _KINDS] if asked.sees("activity") else []
    if asked.sees("task"):
        columns.append(Column("tasks", _("Tasks done")))
    if asked.sees("deal"):
        columns += [Column("made", _("Deals made")), Column("won", _("Won")), Column("lost", _("Lost"))]
        if asked.has_amounts:
            columns.append(Column("won_sum", _("Sum won"), "money"))
    return columns


def _added(many: Collection[Totals] | Any) -> Totals:  # noqa: ANN401  (any iterable)
    total: Totals = defaultdict(int)
    for one in many:
        for name, value in one.items():
            total[name] += value
    return total


def _weight(totals: Totals) -> float:
    """What came of it first, then what was done."""
    return float(totals.get("won_sum", 0)) * 1_000 + float(sum(totals.get(one, 0) for one in ("won", "made", *_KINDS)))
