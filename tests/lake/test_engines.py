"""Engines answer as a plain reading of the plan over plain rows does; within limits, and of the snapshot alone."""

import math
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onefold.config import EngineSettings
from onefold.kernel.errors import Broken
from onefold.lake.engine import (
    Cancel,
    EngineBusy,
    FileGone,
    Limits,
    QueryCancelled,
    QueryTooLarge,
    QueryTooSlow,
    SumTooLarge,
    engine_of,
)
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.plans import (
    Aggregate,
    AllDid,
    AllOf,
    AnyDid,
    AnyOf,
    Between,
    Column,
    Compare,
    Condition,
    Deeds,
    Did,
    Exists,
    Funnel,
    Metric,
    Not,
    OneOf,
    Order,
    Output,
    Plan,
    ProfilesWho,
    Property,
    Retention,
    Rows,
    Text,
    TimeBucket,
)
from onefold.lake.snapshot import Snapshot
from tests.lake.awkward import GONE, HOT, IN_FILES, MOVED, PEOPLE_TABLE, awkward_snapshot
from tests.lake.questions import NAME, NAMES, QUESTIONS, everything_of
from tests.lake.reference import answer
from tests.lake.small import Row, event, snapshot_of, truth

START: Final = datetime(2026, 3, 20, tzinfo=UTC)
SLOW: Final = Aggregate(
    metrics=(Metric("n", "distinct", Column("body")), Metric("m", "quantile", Property("a", "double"))),
    dimensions=(Output("b", Column("body")),),
    where=Not(Text(Column("body"), "contains", "nowhere")),
)


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> DuckDBEngine:
    return DuckDBEngine(EngineSettings(), tmp_path_factory.mktemp("spill"))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return awkward_snapshot(tmp_path_factory.mktemp("lake"))


def comparable(rows: list[Row]) -> list[Row]:
    """The last digits of a sum of doubles depend on the order of adding."""
    return [
        {
            name: f"{value:.12g}" if isinstance(value, float) and math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in rows
    ]


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in ("known_people", "companies", "identifiers")])
def test_duckdb_answers_as_a_plain_reading_does(name: str, duck: DuckDBEngine, snapshot: Snapshot) -> None:
    plan = QUESTIONS[name]
    result = duck.run(plan, snapshot)
    expected = answer(plan, truth(IN_FILES, HOT, GONE, MOVED), PEOPLE_TABLE)
    assert comparable(result.table.to_pylist()) == comparable(expected)
    assert expected


def test_a_promoted_property_answers_as_the_json_does(tmp_path: Path, duck: DuckDBEngine) -> None:
    kinds = ("long", "double", "string", "boolean")
    plain = awkward_snapshot(tmp_path / "json", promoted=())
    for kind in kinds:
        promoted = awkward_snapshot(tmp_path / kind, promoted=tuple((name, kind) for name in NAMES))
        for name in NAMES:
            plan = Aggregate(metrics=everything_of(name))
            assert duck.run(plan, promoted).table.equals(duck.run(plan, plain).table), (kind, name)


def test_a_column_that_older_files_lack_is_null_in_them(tmp_path: Path, duck: DuckDBEngine) -> None:
    old = snapshot_of(tmp_path / "old", [event(1, 1, START)])
    new = snapshot_of(tmp_path / "new", [event(2, 1, START, properties={"n": 5})], promoted=[("n", "long")])
    files = old.tables["events"].files
    for all_files in ((*files, *new.tables["events"].files), (*new.tables["events"].files, *files)):
        both = replace(new, tables={**new.tables, "events": replace(new.tables["events"], files=all_files)})
        plan = Rows(columns=(Output("position", Column("position")), Output("n", Property("n", "long"))))
        rows = duck.run(plan, both).table.to_pylist()
        assert rows == [{"position": 2, "n": 5}, {"position": 1, "n": None}]
    lacking = replace(new, tables={**new.tables, "events": replace(new.tables["events"], files=files)})
    assert duck.run(plan, lacking).table.to_pylist() == [{"position": 1, "n": None}]


def test_an_empty_lake_answers(tmp_path: Path, duck: DuckDBEngine) -> None:
    empty = snapshot_of(tmp_path, [])
    for name, plan in QUESTIONS.items():
        table = duck.run(plan, empty).table
        assert isinstance(table, pa.Table), name
    assert duck.run(QUESTIONS["count"], empty).table.to_pylist() == [{"n": 0}]


def test_an_answer_says_of_when_it_is(duck: DuckDBEngine, snapshot: Snapshot) -> None:
    result = duck.run(QUESTIONS["timeline"], snapshot)
    assert (result.position, result.taken_at) == (snapshot.position, snapshot.taken_at)
    whole = duck.run(QUESTIONS["count"], snapshot)
    assert 0 < result.file_bytes < whole.file_bytes
    assert result.rows < whole.rows == len(IN_FILES) + len(HOT)
    assert result.n_files < whole.n_files == len(snapshot.tables["events"].files)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Large enough for a question to be caught in the middle: 600,000 rows that all differ."""
    folder = tmp_path_factory.mktemp("large")
    small = snapshot_of(folder, [event(1, 1, START)])
    file = small.tables["events"].files[0]
    n = 600_000
    import pyarrow.parquet as pq

    body = pa.array([f'{{"properties":{{"a":{i}}},"rest":"{i:0300}"}}' for i in range(n)])
    table = pa.table({"body": body, "ts": pa.array([START] * n), "position": pa.array(range(n), pa.int64())})
    pq.write_table(table, file.uri, compression="zstd")
    return small


def test_a_question_ends_when_its_time_is_over(duck: DuckDBEngine, large: Snapshot) -> None:
    with pytest.raises(QueryTooSlow, match=r"longer than the 0.2 s it may"):
        duck.run(SLOW, large, limits=Limits(timeout_s=0.2))


def test_a_question_ends_when_it_is_cancelled(duck: DuckDBEngine, large: Snapshot) -> None:
    cancel = Cancel()
    timer = threading.Timer(0.2, cancel.cancel)
    timer.start()
    with pytest.raises(QueryCancelled):
        duck.run(SLOW, large, cancel=cancel)
    timer.join()
    with pytest.raises(QueryCancelled):  # so is one that hasn't begun
        duck.run(QUESTIONS["count"], large, cancel=cancel)


def test_a_question_takes_no_more_memory_than_it_may(tmp_path: Path, large: Snapshot) -> None:
    engine = DuckDBEngine(EngineSettings(memory_mb=60, temp_mb=10, max_running=1), tmp_path / "spill")
    with pytest.raises(QueryTooLarge, match="more memory, or room for temporary files"):
        engine.run(SLOW, large)
    assert list((tmp_path / "spill").iterdir()) == []


def test_only_so_many_questions_run_at_a_time(tmp_path: Path, large: Snapshot) -> None:
    engine = DuckDBEngine(EngineSettings(max_running=1), tmp_path, wait_s=0.05)
    cancel = Cancel()

    def ask() -> None:
        with pytest.raises(QueryCancelled):
            engine.run(SLOW, large, cancel=cancel)

    asking = threading.Thread(target=ask)
    asking.start()
    while not list(tmp_path.iterdir()):
        time.sleep(0.01)
    with pytest.raises(EngineBusy, match="1 questions are running"):
        engine.run(QUESTIONS["count"], large)
    cancel.cancel()
    asking.join()
    assert engine.run(QUESTIONS["count"], large).table.num_rows == 1


def test_a_sum_beyond_64_bits_is_refused(tmp_path: Path, duck: DuckDBEngine) -> None:
    rows = [event(i, 1, START, properties={"n": 2**62}) for i in range(3)]
    snapshot = snapshot_of(tmp_path, rows)
    with pytest.raises(SumTooLarge):
        duck.run(Aggregate(metrics=(Metric("s", "sum", Property("n", "long")),)), snapshot)


def test_a_file_that_is_gone_or_torn_is_told(tmp_path: Path, duck: DuckDBEngine) -> None:
    snapshot = snapshot_of(tmp_path, [event(1, 1, START)])
    path = Path(snapshot.tables["events"].files[0].uri)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises((FileGone, Broken)):
        duck.run(QUESTIONS["count_by_name"], snapshot)
    path.unlink()
    with pytest.raises(FileGone):
        duck.run(QUESTIONS["count_by_name"], snapshot)


def test_settings_choose_the_engine(tmp_path: Path) -> None:
    assert isinstance(engine_of(EngineSettings(), tmp_path), DuckDBEngine)


# random plans over random rows

fields = st.one_of(
    st.sampled_from((Column("name"), Column("source_id"), Column("profile_id"), Column("position"), Column("flags"))),
    st.builds(Property, st.sampled_from(("a", "b.c", r"d\.e")), st.sampled_from(("string", "double", "long", "boolean"))),
)
small_values = st.sampled_from(("", "a", "ab", "ä", "B", 0, 1, -1, 2, 0.5, 2.5, True, False, None, "1", "true", [1], {"c": 1}))
moments = st.integers(0, 100 * 86_400 * 4).map(lambda n: START + timedelta(seconds=n / 4))
bounds = st.none() | moments
zones = st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"))


def kind_of(field: Any) -> str:
    if isinstance(field, Property):
        return field.type
    return {"name": "string", "source_id": "number", "flags": "number"}.get(field.name, "number")


@st.composite
def comparisons(draw: Any) -> Condition:
    field = draw(fields)
    kind = kind_of(field)
    values = {"string": st.sampled_from(("", "a", "ab", "ä", "B", "1")), "boolean": st.booleans()}.get(
        kind, st.integers(-3, 5)
    )
    operators = ("=", "!=") if kind == "boolean" else ("=", "!=", "<", "<=", ">", ">=")
    one: Condition = draw(
        st.one_of(
            st.builds(Compare, st.just(field), st.sampled_from(operators), values),
            st.builds(OneOf, st.just(field), st.lists(values, min_size=1, max_size=3).map(tuple)),
            st.just(Exists(field)),
        )
    )
    if kind == "string" and draw(st.booleans()):
        return Text(field, draw(st.sampled_from(("contains", "prefix"))), draw(st.sampled_from(("a", "ä", "b"))))
    return draw(st.builds(Between, st.just(Column("ts")), bounds, bounds)) if draw(st.integers(0, 5)) == 0 else one


conditions = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, max_size=3).map(lambda of: AllOf(tuple(of))),
        st.lists(inner, max_size=3).map(lambda of: AnyOf(tuple(of))),
    ),
    max_leaves=5,
)
maybe = st.none() | conditions
asked = {"since": bounds, "until": bounds, "where": maybe, "profiles": st.none() | st.lists(st.integers(-2, 4), max_size=3).map(tuple)}
numbers = st.sampled_from((Column("source_id"), Column("position"), Property("a", "double"), Property("b.c", "long")))
outputs = st.one_of(fields, st.builds(TimeBucket, st.sampled_from(("hour", "day", "week", "month")), zones))


def numbered(kind: Any, made: list[Any]) -> tuple[Any, ...]:
    return tuple(kind(f"{kind.__name__.lower()}_{i}", *parts) for i, parts in enumerate(made))


metrics = st.lists(
    st.one_of(
        st.tuples(st.just("count"), st.none(), maybe),
        st.tuples(st.sampled_from(("distinct", "min", "max")), fields.filter(lambda f: kind_of(f) != "boolean"), maybe),
        st.tuples(st.sampled_from(("sum", "avg", "quantile")), numbers, maybe),
    ),
    min_size=1,
    max_size=3,
).map(lambda made: numbered(Metric, made))
columns = st.lists(outputs.map(lambda field: (field,)), min_size=1, max_size=3).map(lambda made: numbered(Output, made))
dids = st.builds(
    lambda where, since, until, least, more: Did(where=where, since=since, until=until, at_least=least, at_most=more),
    maybe, bounds, bounds, st.integers(0, 3), st.none() | st.integers(3, 5),
)  # fmt: skip
deeds: st.SearchStrategy[Deeds] = st.recursive(
    dids,
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(tuple).flatmap(
        lambda of: st.sampled_from((AllDid(of), AnyDid(of)))
    ),
    max_leaves=3,
)
plans: st.SearchStrategy[Plan] = st.one_of(
    st.builds(
        lambda dimensions, **given: Aggregate(dimensions=dimensions, **given),
        st.just(()) | columns,
        metrics=metrics,
        limit=st.integers(1, 9) | st.just(1_000),
        order=st.just(()) | st.booleans().map(lambda falls: (Order("metric_0", falls),)),
        **asked,
    ),
    st.builds(Rows, columns=columns, limit=st.integers(1, 30), order=st.just(()) | st.just((Order("output_0", True),)), **asked),
    st.builds(Retention, first=maybe, returned=maybe, weeks=st.integers(1, 9), time_zone=zones, **asked),
    st.builds(ProfilesWho, did=deeds, is_count=st.booleans()),
    st.builds(Funnel, steps=st.lists(conditions, min_size=1, max_size=4).map(tuple), within_s=st.integers(1, 30 * 86_400), **asked),
)
properties = st.fixed_dictionaries({}, optional={"a": small_values, "b": st.fixed_dictionaries({"c": small_values}), "d.e": small_values})
drawn_events = st.lists(
    st.tuples(st.integers(-2, 4), moments, st.sampled_from(("a", "ab", "ä")), st.integers(1, 3), properties), max_size=25
)


@given(
    rows=drawn_events,
    plan=plans,
    n_hot=st.integers(0, 10),
    gone=st.sets(st.integers(0, 24), max_size=4),
    moved=st.dictionaries(st.integers(-2, 4), st.integers(-2, 6), max_size=2),
    promoted=st.sets(st.sampled_from((("a", "double"), ("b.c", "long"), (r"d\.e", "string"), ("a", "boolean"))), max_size=2),
    fresh=st.sets(st.integers(0, 24)),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_plan_over_any_rows_is_answered_as_it_reads(
    rows: list[tuple[Any, ...]],
    plan: Plan,
    n_hot: int,
    gone: set[int],
    moved: dict[int, int],
    promoted: set[tuple[str, str]],
    fresh: set[int],
) -> None:
    made = [
        event(position, profile, ts, name, source_id=source, properties=properties)
        for position, (profile, ts, name, source, properties) in enumerate(rows)
    ]
    hot, filed = made[:n_hot], made[n_hot:]
    with TemporaryDirectory() as folder:
        snapshot = snapshot_of(
            Path(folder, "lake"),
            filed,
            hot=hot,
            gone=sorted(gone),
            overrides=moved,
            promoted=sorted(promoted),
            fresh=frozenset(fresh),
            profiles=[{"profile_id": 3}, {"profile_id": 9}],
        )
        found = DuckDBEngine(EngineSettings(threads=1), Path(folder, "spill")).run(plan, snapshot).table.to_pylist()
    assert comparable(found) == comparable(answer(plan, truth(filed, hot, sorted(gone), moved), (3, 9)))
