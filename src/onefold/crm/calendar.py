"""Tasks by the day on which they are due: the weeks of a month, as the reader's time zone has its days."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL

from onefold.crm.listing import Question, where_of
from onefold.crm.store import Row, load_rows

SHOWN: Final = 4
"""Tasks of a day that stand in it; the others are in its list."""
YEARS: Final = (1971, 2200)
_TRUE: Final = SQL("true")


@dataclass(frozen=True, kw_only=True)
class CalendarDay:
    """A day and the first SHOWN of its `count` tasks, by hour."""

    day: date
    count: int
    rows: Sequence[Row]

    @property
    def left(self) -> int:
        """Tasks that aren't shown."""
        return self.count - len(self.rows)


@dataclass(frozen=True, kw_only=True)
class Month:
    """Whole weeks from Monday on that hold the month of `first`. `undated`: tasks of the list without a due time."""

    first: date
    weeks: Sequence[Sequence[CalendarDay]]
    undated: int

    @property
    def count(self) -> int:
        """Tasks due in the month itself."""
        return sum(one.count for week in self.weeks for one in week if one.day.month == self.first.month)

    @property
    def before(self) -> date:
        """The first day of the month before."""
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> date:
        """The first day of the month after."""
        return (self.first + timedelta(days=31)).replace(day=1)


def month_from(text: str, today: date) -> date:
    """The first day of `2026-11`; of today's month where the text is no month from YEARS."""
    try:
        found = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  (a day of the calendar has no zone)
    except ValueError:
        return today.replace(day=1)
    return found if YEARS[0] <= found.year <= YEARS[1] else today.replace(day=1)


def load_month(conn: Connection[Any], question: Question, first: date) -> Month:
    """Three statements. Cost: the tasks due in these six weeks, by an index on the due time; and those without one."""
    zone = question.asking.viewer.zone
    dates = calendar.Calendar().monthdatescalendar(first.year, first.month)
    begins = datetime.combine(dates[0][0], time(), zone)
    ends = datetime.combine(dates[-1][-1] + timedelta(days=1), time(), zone)
    condition, parameters = where_of(question)
    statement = SQL(
        "select id, day, total from (select r.id, d.day,"
        " row_number() over (partition by d.day order by r.due_at, r.id) as n,"
        " count(*) over (partition by d.day) as total"
        " from task r cross join lateral (select (r.due_at at time zone %(zone)s)::date as day) d"
        " where r.due_at >= %(begins)s and r.due_at < %(ends)s and {}) found where n <= %(shown)s order by day, n"
    ).format(condition)
    given = parameters | {"zone": str(zone), "begins": begins, "ends": ends, "shown": SHOWN}
    ids: dict[date, list[int]] = {}
    totals: dict[date, int] = {}
    for number, day, total in conn.execute(statement, given, prepare=False):
        ids.setdefault(day, []).append(number)
        totals[day] = total
    rows = load_rows(conn, question.kind, [number for many in ids.values() for number in many], where=_TRUE)
    undated = SQL("select count(*) from task r where r.due_at is null and {}").format(condition)
    (without,) = conn.execute(undated, parameters, prepare=False).fetchone() or (0,)
    weeks = [
        [
            CalendarDay(day=day, count=totals.get(day, 0), rows=[rows[n] for n in ids.get(day, ()) if n in rows])
            for day in week
        ]
        for week in dates
    ]
    return Month(first=first, weeks=weeks, undated=without)
