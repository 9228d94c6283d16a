"""Plans become the SQL that stands in golden/, in both dialects; what can't be asked is refused and says where."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pytest
import sqlglot

from onefold.lake.compile import compile_plan
from onefold.lake.plans import (
    Aggregate,
    AllDid,
    Asked,
    Between,
    Column,
    Compare,
    Condition,
    Did,
    Exists,
    Funnel,
    Metric,
    Not,
    OneOf,
    Order,
    Output,
    Plan,
    PlanRejected,
    ProfilesWho,
    Property,
    Rows,
    Text,
    TimeBucket,
    plan_of,
)
from onefold.lake.snapshot import File, Snapshot, TableFiles
from onefold.lake.sources import Dialect
from onefold.lake.tables import COMPANIES, EVENTS, IDENTIFIERS, PROFILES
from onefold.lake.tables import Column as TableColumn
from tests.lake.questions import NAME, QUESTIONS

GOLDEN: Final = Path(__file__).parent / "golden"
NO_ROWS: Final = pa.table({"position": pa.array([], pa.int64())})
NO_MOVES: Final = pa.table({"fragment_id": pa.array([], pa.int64()), "profile_id": pa.array([], pa.int64())})


def bare(files: tuple[File, ...] = ()) -> Snapshot:
    """Files alone: nothing hot, gone or moved; one promoted property."""
    promoted = TableColumn("p_amount", "double", "A property")
    events = EVENTS._replace(columns=(*EVENTS.columns, promoted))
    tables = {table.name: TableFiles(table=table, version=0, files=()) for table in (PROFILES, IDENTIFIERS, COMPANIES)}
    return Snapshot(
        tables={**tables, "events": TableFiles(table=events, version=0, files=files)},
        position=0,
        taken_at=datetime(2026, 1, 1, tzinfo=UTC),
        gone=NO_ROWS,
        withheld=pa.table({"fragment_id": pa.array([], pa.int64())}),
        overrides=NO_MOVES,
        promoted={"amount": promoted},
    )


def full(files: tuple[File, ...] = ()) -> Snapshot:
    """With hot rows, rows gone, fragments moved and people changed."""
    snapshot = bare(files)
    events, profiles = snapshot.tables["events"], snapshot.tables["profiles"]
    hot = pa.table({column.name: [None] for column in EVENTS.columns})
    people = pa.table({column.name: [None] for column in PROFILES.columns})
    changed = pa.table({"profile_id": pa.array([5], pa.int64())})
    return replace(
        snapshot,
        tables={
            **snapshot.tables,
            "events": replace(events, hot=hot),
            "profiles": replace(profiles, hot=people, replaced=changed),
        },
        gone=pa.table({"position": pa.array([7], pa.int64())}),
        withheld=pa.table({"fragment_id": pa.array([8], pa.int64())}),
        overrides=pa.table({"fragment_id": pa.array([5, 9], pa.int64()), "profile_id": pa.array([2, 1], pa.int64())}),
    )


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_plan_becomes_its_golden_sql(name: str, dialect: Dialect) -> None:
    """A missing file is written, and the test fails so that somebody reads it."""
    for kind, snapshot in (("", bare()), (".full", full())):
        if kind and name not in ("count", "timeline", "did_not", "revenue_by_plan"):
            continue
        sql = compile_plan(QUESTIONS[name], snapshot, dialect).sql() + "\n"
        path = GOLDEN / f"{name}{kind}.{dialect}.sql"
        if not path.exists():
            path.write_text(sql)
            pytest.fail(f"{path} is new: read it, and keep it if it is right")
        assert sql == path.read_text()


def test_every_golden_file_belongs_to_a_question() -> None:
    assert {path.name.split(".")[0] for path in GOLDEN.glob("*.sql")} == set(QUESTIONS)


def test_what_isnt_needed_isnt_joined() -> None:
    count = QUESTIONS["count"]
    assert compile_plan(count, bare(), "duckdb").relations() == {"events_files"}
    assert compile_plan(count, full(), "duckdb").relations() == {"events_files", "events_hot", "gone", "withheld"}
    of_people = QUESTIONS["people_by_day"]
    assert compile_plan(of_people, full(), "duckdb").relations() == {
        "events_files",
        "events_hot",
        "gone",
        "withheld",
        "overrides",
    }


def cells() -> tuple[File, ...]:
    filed = [(f"2026-{month:02}", bucket) for month in range(1, 7) for bucket in range(16)]
    return tuple(
        File(uri=f"/{month}/{bucket}", partition={"month": month, "bucket": str(bucket)}, size_bytes=1, rows=1)
        for month, bucket in [*filed, ("fresh", -1)]
    )


def read_of(plan: Asked, snapshot: Snapshot) -> set[str]:
    assert isinstance(plan, Rows | Aggregate)
    return {file.uri for file in compile_plan(plan, snapshot, "duckdb").files["events"]}


def test_months_outside_the_window_are_not_read() -> None:
    metrics = (Metric("n"),)
    west = datetime.fromisoformat("2026-02-28T23:30:00-02:00")  # March in UTC
    plan = Aggregate(metrics=metrics, since=west, until=datetime(2026, 4, 1, tzinfo=UTC))
    months = {uri.split("/")[1] for uri in read_of(plan, bare(cells()))}
    assert months == {"2026-03", "2026-04", "fresh"}  # April's own first instant is cheap to look for


def test_a_few_profiles_are_looked_for_in_their_buckets() -> None:
    rows = Rows(columns=(Output("ts", Column("ts")),), profiles=(3, -1))
    assert {uri.split("/")[2] for uri in read_of(rows, bare(cells()))} == {"3", "15", "-1"}


def test_a_profile_that_took_in_fragments_is_looked_for_everywhere() -> None:
    rows = Rows(columns=(Output("ts", Column("ts")),), profiles=(2,))
    assert len(read_of(rows, full(cells()))) == len(cells())
    others = Rows(columns=(Output("ts", Column("ts")),), profiles=(3,))
    assert {uri.split("/")[2] for uri in read_of(others, full(cells()))} == {"3", "-1"}


def test_a_page_reads_no_month_after_its_mark() -> None:
    page = QUESTIONS["timeline_next_page"]
    assert isinstance(page, Rows)
    assert max(uri.split("/")[1] for uri in read_of(page, bare(cells())) if "fresh" not in uri) == "2026-05"


def where(condition: Condition) -> Aggregate:
    return Aggregate(metrics=(Metric("n"),), where=condition)


def deep(levels: int) -> Condition:
    condition: Condition = Exists(NAME)
    for _ in range(levels):
        condition = Not(condition)
    return condition


DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
REFUSED: Final[Mapping[str, tuple[Plan, str]]] = {
    "no column": (where(Exists(Column("nam"))), r"where.field: events have no column 'nam'. They have: profile_id, ts"),
    "partition": (where(Exists(Column("month"))), r"where.field: events have no column 'month'"),
    "no metric's field": (Aggregate(metrics=(Metric("n"), Metric("s", "sum"))), r"metrics\[1\].field: sum needs one"),
    "sum of texts": (
        Aggregate(metrics=(Metric("s", "sum", NAME),)),
        r"metrics\[0\].field: sum takes integer, long, double",
    ),
    "count of a field": (Aggregate(metrics=(Metric("n", "count", NAME),)), r"metrics\[0\].field: count takes none"),
    "text as number": (
        where(Compare(Property("a", "double"), "=", "1")),
        r"where.value: must be a finite number, is '1'",
    ),
    "endless number": (where(Compare(Property("a", "double"), "=", 10**400)), "where.value: must be a finite number"),
    "fraction as whole": (where(OneOf(Property("a", "long"), (1, 1.5))), r"where.values\[1\]: must be a whole number"),
    "true as whole": (where(Compare(Property("a", "long"), "=", True)), "where.value: must be a whole number"),
    "beyond 64 bits": (
        where(Compare(Column("position"), "=", 2**63)),
        "where.value: must be a whole number of 64 bits",
    ),
    "instant compared": (where(Compare(Column("ts"), "=", "2026-01-01")), "where.value: must be compared by Between"),
    "no instant": (where(Between(NAME, DAY)), "where.field: must be a timestamp field, 'name' is string"),
    "no text": (where(Text(Column("trust"), "prefix", "x")), "where.field: must be a string field, 'trust' is integer"),
    "no zone": (where(Between(Column("ts"), datetime(2026, 1, 1))), r"where.since: must be an instant with its zone"),  # noqa: DTZ001 what is refused
    "less than true": (where(Compare(Property("a", "boolean"), "<", True)), "where.operator: must be one of =, !="),
    "no id": (where(Compare(Column("event_id"), "=", "xyz")), "where.value: must be 32 hexadecimal digits"),
    "time zone": (
        Aggregate(metrics=(Metric("n"),), dimensions=(Output("d", TimeBucket("day", "Mars/North")),)),
        r"dimensions\[0\].field.time_zone: there is no time zone 'Mars/North'",
    ),
    "bucket of a text": (
        Rows(columns=(Output("d", TimeBucket("day", column="name")),)),
        r"columns\[0\].field.column: must be an instant, 'name' is string",
    ),
    "name twice": (Aggregate(metrics=(Metric("n"), Metric("n"))), "twice there is: n"),
    "order": (Aggregate(metrics=(Metric("n"),), order=(Order("m"),)), r"order\[0\].name: must be one of n, is 'm'"),
    "window of people": (
        Aggregate(table="profiles", metrics=(Metric("n"),), since=DAY),
        "since, until: only events are narrowed by time",
    ),
    "properties of identifiers": (
        Aggregate(table="identifiers", metrics=(Metric("n"),), where=Exists(Property("a", "long"))),
        "where.field: identifiers have no properties",
    ),
    "empty name": (where(Exists(Property("a..b", "long"))), "'a..b' names no property"),
    "stray backslash": (where(Exists(Property("a\\b", "long"))), "names no property"),
    "too deep": (where(deep(60)), "conditions may stand 50 deep"),
    "most below least": (
        ProfilesWho(did=AllDid((Did(), Did(at_least=3, at_most=2)))),
        r"did.of\[1\].at_most: must be 3 \(at_least\) or more",
    ),
    "step": (Funnel(steps=(Exists(NAME), Exists(Column("x"))), within_s=1), r"steps\[1\].field: events have no column"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_asked_is_refused_with_its_place(what: str) -> None:
    plan, text = REFUSED[what]
    with pytest.raises(PlanRejected, match=text):
        compile_plan(plan, bare(), "duckdb")


def test_plans_come_from_json() -> None:
    text = """{"is": "aggregate", "metrics": [{"is": "metric", "name": "total", "kind": "sum",
        "field": {"is": "property", "name": "amount", "type": "double"}}],
        "where": {"is": "not", "of": {"is": "compare", "operator": "=", "value": "x",
        "field": {"is": "column", "name": "name"}}}}"""
    assert plan_of(text) == Aggregate(
        metrics=(Metric("total", "sum", Property("amount", "double")),), where=Not(Compare(NAME, "=", "x"))
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{", "truncated"),
        ('{"is": "drop"}', "drop"),
        ('{"is": "aggregate", "metrics": []}', re.escape("$.metrics")),
        ('{"is": "aggregate", "metrics": [{"is": "metric", "name": "x y"}]}', re.escape("$.metrics[0].name")),
        ('{"is": "rows", "columns": [], "limit": 0}', re.escape("$")),
        ('{"is": "aggregate", "metrics": [{"is": "metric", "name": "n"}], "sql": "x"}', "sql"),
    ],
)
def test_json_that_is_no_plan_is_refused(text: str, place: str) -> None:
    with pytest.raises(PlanRejected, match=place):
        plan_of(text)


def test_texts_stay_texts() -> None:
    """Whatever stands in a plan comes into the SQL as a literal."""
    nasty = "'; DROP TABLE x; -- \\' \" ` \n"
    for dialect in ("duckdb", "spark"):
        compiled = compile_plan(
            where(Compare(Property(nasty.replace("\\", "\\\\"), "string"), "=", nasty)), bare(), dialect
        )
        assert len(sqlglot.parse(compiled.sql(), dialect=dialect)) == 1


def test_an_answer_is_ordered_whole() -> None:
    """The SQL of a grouped answer orders by every dimension: the same answer every time, whatever the engine."""
    plan = Aggregate(
        metrics=(Metric("n"),), dimensions=(Output("a", NAME), Output("b", Column("kind"))), order=(Order("n"),)
    )
    assert compile_plan(plan, bare(), "duckdb").sql().endswith("ORDER BY\n  3 ASC,\n  1 ASC,\n  2 ASC\nLIMIT 1000000")


def test_a_moment_of_a_month_ends_with_it() -> None:
    plan = Rows(columns=(Output("ts", Column("ts")),), since=DAY, until=DAY + timedelta(days=1))
    assert {uri.split("/")[1] for uri in read_of(plan, bare(cells()))} == {"2026-01", "fresh"}
