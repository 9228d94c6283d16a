"""The deals of a pipeline by stage: how many, what they are worth, the first cards of each. Later cards on demand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL, Composable, Identifier

from onefold.crm.labels import Labels, labels_of
from onefold.crm.listing import Question, where_of
from onefold.crm.pipelines import Pipeline, Stage
from onefold.crm.store import Row, load_rows

CARDS: Final = 25
CLOSED_DAYS: Final = 30
"""Won and lost deals stand on the board for so long."""
_TRUE: Final = SQL("true")
_NOT_SAID: Final = SQL("null::numeric")
_OPEN: Final = SQL("r.state = 'open'")
_CLOSED_LATELY: Final = SQL("(r.state <> 'open' and r.closed_at > %(closed_since)s)")
_Figures = tuple[int, Decimal | None, Decimal | None]


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A stage of the board. `worth` and `weighted` in the workspace's currency; `rows`: the cards moved last.

    None = amounts are hidden from who asks.
    """

    stage: Stage
    count: int
    worth: Decimal | None
    weighted: Decimal | None
    rows: list[Row]
    next_kinds: Mapping[int, str]  # by deal: what is to be done next, a task's kind

    @property
    def left(self) -> int:
        """Cards that aren't shown yet."""
        return self.count - len(self.rows)


@dataclass(frozen=True, kw_only=True)
class Strip:
    """What stands above the board, of open deals. `won_days`: median from making to winning one, of a year.

    Sums are None where who asks may not see what they are of.
    """

    count: int
    worth: Decimal | None
    weighted: Decimal | None
    closing: Decimal | None
    overdue: int
    stale: int
    won_days: float | None


@dataclass(frozen=True, kw_only=True)
class Board:
    """A pipeline as it stands."""

    pipeline: Pipeline
    lanes: list[Lane]
    labels: Labels


def load_board(conn: Connection[Any], question: Question, pipeline: Pipeline) -> Board:
    """Three statements and those of the cards' labels. Cost: the pipeline's open deals, by an index on the stage."""
    if not pipeline.stages:
        return Board(pipeline=pipeline, lanes=[], labels=Labels())
    figures = _figures(conn, question, pipeline.stages)
    ids = _first_cards(conn, question, pipeline.stages)
    rows = load_rows(conn, question.kind, [number for many in ids.values() for number in many], where=_TRUE)
    kinds = load_next_kinds(conn, question, list(rows))
    lanes = [
        _lane(stage, figures[stage.id], [rows[number] for number in ids.get(stage.id, ()) if number in rows], kinds)
        for stage in pipeline.stages
    ]
    labels = labels_of(conn, question.asking, question.kind, [row.values for row in rows.values()])
    return Board(pipeline=pipeline, lanes=lanes, labels=labels)


def load_lane(conn: Connection[Any], question: Question, stage: Stage, *, shown: int = 0) -> tuple[Lane, Labels]:
    """One stage; its cards after the first `shown`."""
    (lane,) = load_heads(conn, question, [stage])
    ids = _first_cards(conn, question, [stage], skip=shown).get(stage.id, [])
    rows = load_rows(conn, question.kind, ids, where=_TRUE)
    lane = replace(
        lane, rows=[rows[number] for number in ids if number in rows], next_kinds=load_next_kinds(conn, question, ids)
    )
    return lane, labels_of(conn, question.asking, question.kind, [row.values for row in rows.values()])


def load_heads(conn: Connection[Any], question: Question, stages: Sequence[Stage]) -> list[Lane]:
    """These stages of one pipeline, without their cards. One statement."""
    figures = _figures(conn, question, stages)
    return [_lane(stage, figures[stage.id], [], {}) for stage in stages]


def load_next_kinds(conn: Connection[Any], question: Question, deals: list[int]) -> dict[int, str]:
    """The kind of the first due task of each deal, where who asks may see it (index on deal, due_at)."""
    asked = Question(asking=question.asking, kind=question.asking.objects["task"], now=question.now)
    condition, parameters = where_of(asked)
    statement = SQL(
        "select distinct on (r.deal) r.deal, r.kind from task r where r.deal = any(%(deals)s::bigint[])"
        " and r.done_at is null and r.due_at is not null and {} order by r.deal, r.due_at, r.id"
    ).format(condition)
    return dict(conn.execute(statement, parameters | {"deals": deals}, prepare=False).fetchall())


def load_strip(conn: Connection[Any], question: Question, pipeline: Pipeline, month_ends: datetime) -> Strip:
    """Two statements over the pipeline's open deals, and those won in a year."""
    condition, parameters = where_of(question)
    this_month = SQL(" filter (where r.close_on < %(month_ends)s)")
    statement = SQL(
        "select count(*), {}, {}, {},"
        " count(*) filter (where r.next_task_at < %(now)s),"
        " count(*) filter (where (r.next_task_at is null or r.next_task_at >= %(now)s)"
        " and r.active_at < %(now)s - make_interval(days => s.stale_days))"
        " from deal r join stage s on s.id = r.stage where r.state = 'open' and r.pipeline = %(pipeline)s and {}"
    ).format(
        _sum(question, "home_amount"),
        _sum(question, "weighted"),
        _sum(question, "home_amount", this_month) if "close_on" in question.kind.by_name else _NOT_SAID,
        condition,
    )
    given = parameters | {"pipeline": pipeline.id, "now": question.now, "month_ends": month_ends.date()}
    row = conn.execute(statement, given, prepare=False).fetchone() or (0, None, None, None, 0, 0)
    won = SQL(
        "select percentile_cont(0.5) within group (order by extract(epoch from r.closed_at - r.created_at)) / 86400"
        " from deal r where r.state = 'won' and r.pipeline = %(pipeline)s and r.closed_at > %(since)s and {}"
    ).format(condition)
    days = conn.execute(won, given | {"since": question.now - timedelta(days=365)}, prepare=False).fetchone()
    return Strip(
        count=row[0],
        worth=row[1],
        weighted=row[2],
        closing=row[3],
        overdue=row[4],
        stale=row[5],
        won_days=float(days[0]) if days and days[0] is not None else None,
    )


def _figures(conn: Connection[Any], question: Question, stages: Sequence[Stage]) -> dict[int, _Figures]:
    """Of stages of one pipeline. Open deals and closed ones apart: each has an index with all of it."""
    condition, parameters = where_of(question)
    names = [name for name in ("home_amount", "weighted") if name in question.kind.by_name]
    half = SQL(
        "select r.stage, count(*){} from deal r where r.pipeline = %(pipeline)s"
        " and r.stage = any(%(stages)s::bigint[]) and {} and {} group by r.stage"
    )
    sums = SQL("").join(SQL(", sum({})").format(Identifier("r", name)) for name in names)
    halves = SQL(" union all ").join(half.format(sums, which, condition) for which in (_OPEN, _CLOSED_LATELY))
    rows = conn.execute(halves, parameters | _on_board(question, stages), prepare=False).fetchall()
    found: dict[int, _Figures] = {}
    for stage in stages:
        mine = [row for row in rows if row[0] == stage.id]
        totals = {name: sum((row[n] or Decimal(0) for row in mine), Decimal(0)) for n, name in enumerate(names, 2)}
        found[stage.id] = (sum(row[1] for row in mine), totals.get("home_amount"), totals.get("weighted"))
    return found


def _sum(question: Question, name: str, only: SQL | None = None) -> Composable:
    """Of a field, null where it is hidden from who asks."""
    if name not in question.kind.by_name:
        return _NOT_SAID
    return SQL("coalesce(sum({}){}, 0)").format(Identifier("r", name), only or SQL(""))


def _first_cards(
    conn: Connection[Any], question: Question, stages: Sequence[Stage], *, skip: int = 0
) -> dict[int, list[int]]:
    """The cards of each stage, the latest moved first (index on pipeline, stage, stage_at)."""
    condition, parameters = where_of(question)
    statement = SQL(
        "select s.id, found.id from unnest(%(stages)s::bigint[]) s(id) join stage on stage.id = s.id"
        " cross join lateral (select r.id, r.stage_at from deal r"
        " where r.pipeline = stage.pipeline and r.stage = s.id and ({} or {}) and {}"
        " order by r.stage_at desc, r.id desc offset %(skip)s limit %(cards)s) found"
        " order by found.stage_at desc, found.id desc"
    ).format(_OPEN, _CLOSED_LATELY, condition)
    given = parameters | _on_board(question, stages) | {"skip": skip, "cards": CARDS}
    found: dict[int, list[int]] = {}
    for stage, number in conn.execute(statement, given, prepare=False):
        found.setdefault(stage, []).append(number)
    return found


def _on_board(question: Question, stages: Sequence[Stage]) -> dict[str, Any]:
    since = question.now - timedelta(days=CLOSED_DAYS)
    return {"pipeline": stages[0].pipeline, "stages": [one.id for one in stages], "closed_since": since}


def _lane(stage: Stage, figures: _Figures, rows: list[Row], kinds: Mapping[int, str]) -> Lane:
    count, worth, weighted = figures
    return Lane(stage=stage, count=count, worth=worth, weighted=weighted, rows=rows, next_kinds=kinds)
