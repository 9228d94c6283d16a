"""A salesperson's day: their tasks, the deals that wait for them, what their people did, what they did today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection
from psycopg.sql import SQL, Composable, Identifier

from onefold.crm.catalogue import Asking
from onefold.crm.errors import RecordRejected
from onefold.crm.labels import Labels, labels_of
from onefold.crm.listed import MINE
from onefold.crm.listing import Question, where_of
from onefold.crm.sharing import reachable
from onefold.crm.stays import is_stale
from onefold.crm.store import Row, load_rows
from onefold.crm.viewer import Doing, Reach
from onefold.filters.api import AllOf, Node, OneOf
from onefold.profiles.api import Doings, doings_of

MOST_TASKS: Final = 50
MOST_DEALS: Final = 20
MOST_PEOPLE: Final = 300
"""Whose doings are looked for: of the deals that somebody did something about last."""
SHOWN_PEOPLE: Final = 12
AHEAD_DAYS: Final = 7
_TRUE: Final = SQL("true")
_NINE: Final = time(9)
_TASKS: Final = SQL(
    "select r.id, count(*) over () from task r where r.done_at is null and {due} and {where}"
    " order by r.due_at, r.id limit %(most)s"
)
_NEEDY: Final = SQL(
    "with needy as (select r.id, {late} as late, {stale} as stale, r.next_task_at is null as idle, {worth} as worth"
    " from deal r where r.state = 'open' and {where})"
    " select id, late, stale, idle, count(*) filter (where late) over (), count(*) filter (where stale) over (),"
    " count(*) filter (where idle) over () from needy where late or stale or idle"
    " order by late desc, stale desc, worth desc nulls last, id limit %(most)s"
)
_PEOPLE: Final = SQL(
    "select r.person, max(r.active_at) from deal r where r.state = 'open' and r.person is not null and {where}"
    " group by r.person order by 2 desc limit %(most)s"
)
_DONE: Final = SQL("select count(*) from {table} r where {moment} >= %(begins)s and {where}")


@dataclass(frozen=True, kw_only=True)
class DayTask:
    """A task to do. `is_late`: its hour has passed."""

    row: Row
    is_late: bool
    may_edit: bool


@dataclass(frozen=True, kw_only=True)
class TaskGroup:
    """Tasks of one time: overdue, today, next. `count`: all of them, `tasks` are the first."""

    name: str
    title: str
    tasks: list[DayTask]
    count: int


@dataclass(frozen=True, kw_only=True)
class DayDeal:
    """An open deal and why it needs somebody."""

    row: Row
    is_late: bool  # its close date has passed
    is_stale: bool
    is_idle: bool  # without a next task


@dataclass(frozen=True, kw_only=True)
class Day:
    """Of one moment. `reasons`: how many open deals are late, stale, idle."""

    groups: list[TaskGroup]
    deals: list[DayDeal]
    reasons: Mapping[str, int]
    doings: list[Doings]
    calls: int
    done: int
    task_labels: Labels
    deal_labels: Labels


@dataclass(frozen=True, kw_only=True)
class _Asked:
    conn: Connection[Any]
    asking: Asking
    now: datetime

    @property
    def today(self) -> datetime:
        """Its beginning, where the reader is."""
        return self.now.astimezone(self.asking.viewer.zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def rows(
        self, object_name: str, statement: SQL, parts: Mapping[str, Any], of: Sequence[Node] = ()
    ) -> list[tuple[Any, ...]]:
        """Of records that the reader owns. `parts`: what is composed is put in by name, others are parameters."""
        tree = AllOf((MINE, *of))
        question = Question(asking=self.asking, kind=self.asking.objects[object_name], tree=tree, now=self.now)
        where, parameters = where_of(question)
        composed = {name: one for name, one in parts.items() if isinstance(one, Composable)}
        given = {name: one for name, one in parts.items() if name not in composed}
        query = statement.format(where=where, **composed)
        # not prepared: which plan is good depends on the values
        return self.conn.execute(query, parameters | given, prepare=False).fetchall()


def load_day(conn: Connection[Any], asking: Asking, now: datetime, *, with_people: bool) -> Day:
    """What stands now; of people only if the reader may see them. Some ten statements.

    Cost: the reader's open tasks and deals (indexes on owner), a few weeks of events of up to MOST_PEOPLE people.
    """
    asked = _Asked(conn=conn, asking=asking, now=now)
    groups = _tasks(asked)
    needy, reasons = _deals(asked)
    people = [row[0] for row in asked.rows("deal", _PEOPLE, {"most": MOST_PEOPLE})] if with_people else []
    tasks, deals = asking.objects["task"], asking.objects["deal"]
    return Day(
        groups=groups,
        deals=needy,
        reasons=reasons,
        doings=doings_of(conn, people, asked.today - timedelta(days=1))[:SHOWN_PEOPLE],
        calls=_count(asked, "activity", SQL("r.at"), OneOf("kind", "is", ("call",))),
        done=_count(asked, "task", SQL("r.done_at")),
        task_labels=labels_of(conn, asking, tasks, [one.row.values for group in groups for one in group.tasks]),
        deal_labels=labels_of(conn, asking, deals, [one.row.values for one in needy]),
    )


def put_off(values: Mapping[str, Any], to: str, now: datetime, asking: Asking) -> dict[str, str]:
    """Changes that put a task off to `tomorrow` or `next_week` (its Monday), at its hour; its reminder moves with it.

    Raises RecordRejected for another `to`.
    """
    here = now.astimezone(asking.viewer.zone)
    days = {"tomorrow": 1, "next_week": 7 - here.weekday()}.get(to)
    if days is None:
        raise RecordRejected(_("A task is put off to “tomorrow” or “next_week”."))
    return due_on(values, here.date() + timedelta(days=days), asking)


def due_on(values: Mapping[str, Any], day: date, asking: Asking) -> dict[str, str]:
    """Changes that make a task due on another day, at its hour, else at nine; its reminder moves with it."""
    due: datetime | None = values.get("due_at")
    hour = due.astimezone(asking.viewer.zone).time() if due else _NINE
    later = datetime.combine(day, hour, asking.viewer.zone)
    changes = {"due_at": later.isoformat()}
    remind: datetime | None = values.get("remind_at")
    if remind and due:
        changes["remind_at"] = (later - (due - remind)).isoformat()
    return changes


def _tasks(asked: _Asked) -> list[TaskGroup]:
    kind = asked.asking.objects["task"]
    if "due_at" not in kind.by_name or asked.asking.viewer.reach("task", Doing.SEE) is Reach.NONE:
        return []
    today, tomorrow = asked.today, asked.today + timedelta(days=1)
    times = (
        ("overdue", _("Overdue"), SQL("r.due_at < %(begins)s"), {"begins": today}),
        (
            "today",
            _("Today"),
            SQL("r.due_at >= %(begins)s and r.due_at < %(ends)s"),
            {"begins": today, "ends": tomorrow},
        ),
        (
            "next",
            _("Next"),
            SQL("r.due_at >= %(begins)s and r.due_at < %(ends)s"),
            {"begins": tomorrow, "ends": tomorrow + timedelta(days=AHEAD_DAYS)},
        ),
    )
    found = [
        (name, title, asked.rows("task", _TASKS, {"due": due, "most": MOST_TASKS, **bounds}))
        for name, title, due, bounds in times
    ]
    ids = [row[0] for _name, _title, rows in found for row in rows]
    rows_by_id = load_rows(asked.conn, kind, ids, where=_TRUE)
    owners = {row.id: row.values["owner"] for row in rows_by_id.values()}
    editable = reachable(asked.conn, asked.asking.viewer, "task", Doing.EDIT, owners)

    def task(row: Row) -> DayTask:
        return DayTask(row=row, is_late=row.values["due_at"] < asked.now, may_edit=row.id in editable)

    return [
        TaskGroup(
            name=name,
            title=title,
            tasks=[task(rows_by_id[row[0]]) for row in rows if row[0] in rows_by_id],
            count=rows[0][1] if rows else 0,
        )
        for name, title, rows in found
    ]


def _deals(asked: _Asked) -> tuple[list[DayDeal], dict[str, int]]:
    kind = asked.asking.objects["deal"]
    today: date = asked.today.date()
    late = SQL("coalesce(r.close_on < %(today)s, false)" if "close_on" in kind.by_name else "false")
    worth = SQL("r.weighted" if "weighted" in kind.by_name else "extract(epoch from r.active_at)")
    given = {"late": late, "stale": is_stale("r"), "worth": worth, "today": today, "most": MOST_DEALS}
    found = asked.rows("deal", _NEEDY, given)
    rows = load_rows(asked.conn, kind, [row[0] for row in found], where=_TRUE)
    counts = found[0][4:7] if found else (0, 0, 0)
    deals = [
        DayDeal(row=rows[number], is_late=is_late, is_stale=stale, is_idle=is_idle)
        for number, is_late, stale, is_idle, *_counts in found
        if number in rows
    ]
    return deals, dict(zip(("late", "stale", "idle"), counts, strict=True))


def _count(asked: _Asked, object_name: str, moment: SQL, *of: Node) -> int:
    """What happened today."""
    table = Identifier(asked.asking.objects[object_name].table)
    rows = asked.rows(object_name, _DONE, {"table": table, "moment": moment, "begins": asked.today}, of)
    return int(rows[0][0])
