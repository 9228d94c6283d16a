"""The deals of a pipeline by stage: how many, what they are worth, the first cards of each. Later cards on demand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL, Composable, Composed, Identifier

from onefold.crm.labels import Labels, labels_of
from onefold.crm.listing import Question, where_of
from onefold.crm.pipelines import Pipeline, Stage
from onefold.crm.store import Row, load_rows

CARDS: Final = 25
CLOSED_DAYS: Final = 30
"""Won and lost deals stand on the board for so long."""
_TRUE: Final = SQL("true")
_NOT_SAID: Final = SQL("null::numeric")
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
    """Two statements and those of the cards' labels. Cost: the pipeline's open deals, by an index on the stage."""
    stages = {one.id: one for one in pipeline.stages}
    figures = _figures(conn, question, list(stages))
    ids = _first_cards(conn, question, list(stages))
    rows = load_rows(conn, question.kind, [number for many in ids.values() for number in many], where=_TRUE)
    lanes = [
        _lane(stage, figures[stage.id], [rows[number] for number in ids.get(stage.id, ()) if number in rows])
        for stage in pipeline.stages
    ]
    labels = labels_of(conn, question.asking, question.kind, [row.values for row in rows.values()])
    return Board(pipeline=pipeline, lanes=lanes, labels=labels)


def load_lane(conn: Connection[Any], question: Question, stage: Stage, *, shown: int = 0) -> tuple[Lane, Labels]:
    """One stage; its cards after the first `shown`."""
    figures = _figures(conn, question, [stage.id])
    ids = _first_cards(conn, question, [stage.id], skip=shown).get(stage.id, [])
    rows = load_rows(conn, question.kind, ids, where=_TRUE)
    lane = _lane(stage, figures[stage.id], [rows[number] for number in ids if number in rows])
    return lane, labels_of(conn, question.asking, question.kind, [row.values for row in rows.values()])


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


def _figures(conn: Connection[Any], question: Question, stages: list[int]) -> dict[int, _Figures]:
    condition, parameters = _on_board(question, stages)
    statement = SQL(
        "select s.id, count(r.id), {}, {} from unnest(%(stages)s::bigint[]) s(id)"
        " left join deal r on r.stage = s.id and {} group by s.id"
    ).format(_sum(question, "home_amount"), _sum(question, "weighted"), condition)
    rows = conn.execute(statement, parameters, prepare=False)
    return {stage: (count, worth, weighted) for stage, count, worth, weighted in rows}


def _sum(question: Question, name: str, only: SQL | None = None) -> Composable:
    """Of a field, null where it is hidden from who asks."""
    if name not in question.kind.by_name:
        return _NOT_SAID
    return SQL("coalesce(sum({}){}, 0)").format(Identifier("r", name), only or SQL(""))


def _first_cards(
    conn: Connection[Any], question: Question, stages: list[int], *, skip: int = 0
) -> dict[int, list[int]]:
    """The cards of each stage, the latest moved first (index on pipeline, stage, stage_at)."""
    condition, parameters = _on_board(question, stages)
    statement = SQL(
        "select s.id, found.id from unnest(%(stages)s::bigint[]) s(id) join stage on stage.id = s.id"
        " cross join lateral (select r.id, r.stage_at from deal r"
        " where r.pipeline = stage.pipeline and r.stage = s.id and {}"
        " order by r.stage_at desc, r.id desc offset %(skip)s limit %(cards)s) found"
        " order by found.stage_at desc, found.id desc"
    ).format(condition)
    found: dict[int, list[int]] = {}
    for stage, number in conn.execute(statement, parameters | {"skip": skip, "cards": CARDS}, prepare=False):
        found.setdefault(stage, []).append(number)
    return found


def _on_board(question: Question, stages: list[int]) -> tuple[Composed, dict[str, Any]]:
    condition, parameters = where_of(question)
    whole = SQL(
        "r.stage = any(%(stages)s::bigint[]) and (r.state = 'open' or r.closed_at > %(closed_since)s) and {}"
    ).format(condition)
    since = question.now - timedelta(days=CLOSED_DAYS)
    return whole, parameters | {"stages": stages, "closed_since": since}


def _lane(stage: Stage, figures: _Figures, rows: list[Row]) -> Lane:
    count, worth, weighted = figures
    return Lane(stage=stage, count=count, worth=worth, weighted=weighted, rows=rows)
