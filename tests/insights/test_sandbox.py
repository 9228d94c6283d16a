"""What a hostile or unlucky query does to its child process, and to nothing else."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import psutil
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from onefold.config import Settings
from onefold.insights import asking, sandbox
from onefold.insights.asking import Question, job_of
from onefold.insights.guard import SqlRejected
from onefold.insights.job import MAX_SQL, Job
from onefold.insights.sandbox import SqlBusy, SqlCancelled, SqlTooMuch, private_folder, run_job
from onefold.kernel.errors import Unavailable
from onefold.lake.snapshot import Snapshot
from tests.insights.conftest import Ask
from tests.waiting import wait_until

TWICE = [f"t{n + 1} as (from t{n} a, t{n} b)" for n in range(40)]
DOUBLING = ", ".join(["with t0 as (values (1))", *TWICE]) + " from t40"
ENDLESS = "select count(*) from range(1000000000000) a(i)"


@pytest.mark.parametrize(
    "sql",
    [
        "select string_agg(repeat('x', 1000000), '') from range(100000)",
        "select list(i) from range(1000000000) t(i)",
        "select repeat('x', 3000000000)",
        "select list_transform(range(400000000), lambda x: x::varchar)",
        "select count(distinct a.i * 100000 + b.i) from range(100000) a(i), range(100000) b(i)",
        "select a.i, b.i from range(100000) a(i), range(100000) b(i) order by hash(a.i + b.i)",
        "with recursive t(a) as (select [1] union all select a || a from t) select max(len(a)) from t",
        "select lpad('x', 2000000000, 'y')",
        "select array_to_string(range(200000000), ',')",
        "select histogram(i) from range(1000000000) t(i)",
    ],
)
def test_all_memory_is_not_had(sql: str, ask: Ask) -> None:
    with pytest.raises(SqlTooMuch) as caught:
        ask(sql)
    assert "memory" in str(caught.value) or "longer" in str(caught.value)


@pytest.mark.parametrize(
    "sql", [ENDLESS, "with recursive t(a) as (select 1 union all select a from t) select count(*) from t",
            "with recursive t(a) as (select 1 union all select a from t) select * from t where a = 2",
            "select 1 from range(1000000) a(i), range(1000000) b(i), range(1000000) c(i) where a.i + b.i = -c.i - 1"],
)  # fmt: skip
def test_time_is_bounded(sql: str, snapshot: Snapshot, sandboxed: Settings) -> None:
    with private_folder(sandboxed.database.data_dir / "sql") as folder:
        job = job_of(sandboxed, Question(sql=sql, is_masked=False), snapshot, folder)
        with pytest.raises(SqlTooMuch, match="longer than 1 s"):
            run_job(_within(job, 1.0), lambda: False)


@pytest.mark.parametrize(
    "sql",
    [
        "select " + "(" * 5_000 + "1" + ")" * 5_000,
        "select " + "[" * 3_000 + "1" + "]" * 3_000,
        "select " + " + ".join(["1"] * 9_000),
        "select " + "not " * 9_000 + "true",
        "select '" + "x" * MAX_SQL + "'",
        "select " + ", ".join(f"{n} as c{n}" for n in range(2_000)),
        "from range(1) t0" + "".join(f" cross join (from range(1)) t{n}" for n in range(1, 900)),
        DOUBLING,
        "select '\0",
        "\\x00",
        "select 1 as \"" + "é" * 20_000,
    ],
)  # fmt: skip
def test_texts_that_parsers_choke_on_are_refused(sql: str, ask: Ask) -> None:
    with pytest.raises((SqlRejected, SqlTooMuch)):
        ask(sql)


def test_a_result_is_cut_where_it_is_too_long(sandboxed: Settings, snapshot: Snapshot, ask: Ask) -> None:
    """An endless one as well: what nobody reads isn't computed."""
    assert len(ask("select i from range(1000000000000) t(i)", max_rows=5_000)) == 5_000
    with asking.ask(sandboxed, Question(sql="from range(10)", is_masked=False, max_rows=10), lambda: False) as answer:
        assert (answer.report.rows, answer.report.is_cut) == (10, False)
    with asking.ask(sandboxed, Question(sql="from range(11)", is_masked=False, max_rows=10), lambda: False) as answer:
        assert (answer.report.rows, answer.report.is_cut) == (10, True)
    wide = Question(sql="select repeat('x', 10000) from range(1000000)", is_masked=False, max_rows=100_000)
    with asking.ask(sandboxed, wide, lambda: False) as answer:
        assert answer.report.is_cut
        assert answer.file.stat().st_size < 400_000_000


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (f"select cast('{'y' * 20_000}' as enum('{'y' * 20_000}')) from range(100000)", 500),  # noqa: S608 a test
        (f"select {', '.join(['null'] * 1000)} from range(100000)", 2_000),  # noqa: S608 as above
        ("select list_transform(range(100000), lambda x: null) from range(40)", 20),
        ("select repeat(chr(1), 300000) from range(60)", 15),
    ],
)  # fmt: skip
def test_what_is_small_in_arrow_and_large_as_json_is_cut(
    sandboxed: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch, sql: str, rows: int
) -> None:
    """In the child: the process that answers pages sends the file as it is."""
    monkeypatch.setitem(asking.MAX_BYTES, "json", 5_000_000)
    with asking.ask(sandboxed, Question(sql=sql, is_masked=False, max_rows=100_000), lambda: False) as answer:
        assert answer.report.is_cut
        assert 0 < answer.report.rows < rows
        assert answer.file.stat().st_size < 15_000_000


def test_a_page_is_given_short_texts(ask: Ask) -> None:
    (row,) = ask("select repeat('x', 1000), range(1000), {'a': 1}, 1.5, null, 170141183460469231731687303715884105727",
                 form="page")  # fmt: skip
    assert (len(row[0]), len(row[1])) == (301, 301)
    assert row[2:] == ['{"a":1}', "1.5", None, 170141183460469231731687303715884105727]


def test_no_message_advises_what_cannot_be_done(ask: Ask) -> None:
    with pytest.raises(SqlRejected, match="by zero") as caught:
        ask("select 1 % 0")
    assert "SET" not in str(caught.value)


def test_names_of_columns_are_no_formulas(sandboxed: Settings, snapshot: Snapshot, ask: Ask) -> None:
    question = Question(sql='select 1 as "=HYPERLINK(1)"', is_masked=False, form="csv")
    with asking.ask(sandboxed, question, lambda: False) as answer:
        assert answer.file.read_text().startswith("\"'=HYPERLINK")


def test_what_duckdb_says_is_told_with_its_place_in_the_text(ask: Ask) -> None:
    for sql, line, column, said in (
        ("select\n  'ü', nme from events", 2, 8, 'Referenced column "nme" not found'),
        ("with x as (\n select ts from events where nme = 'a')\nfrom x", 2, 30, "Referenced column"),
        ("select name, count(*) from events", 1, 8, "GROUP BY"),
        ("select sum(name)\nfrom events", 1, 8, "explicit type casts"),
        ("select x.name from events", 1, 8, 'Referenced table "x" not found'),
        ("select\nselect 1", 2, 1, "syntax error"),
        ("select cast('a' as int)", 1, 8, "Could not convert"),
    ):
        with pytest.raises(SqlRejected, match=said) as caught:
            ask(sql)
        assert (caught.value.line, caught.value.column) == (line, column), sql
    with pytest.raises(SqlRejected, match=r"^mine$"):
        ask("select error('mine')")


def test_each_name_and_type_is_told(sandboxed: Settings, ask: Ask) -> None:
    sql = (
        "select interval 1 month as a, 1 as a, '101'::bit as b, 1.50::decimal(9, 2) as d, 2::hugeint as h, [x'ab'] as l"
    )
    with asking.ask(sandboxed, Question(sql=sql, is_masked=False), lambda: False) as answer:
        assert [kind for _, kind in answer.report.columns] == [
            "INTERVAL",
            "INTEGER",
            "BIT",
            "DECIMAL(9,2)",
            "HUGEINT",
            "BLOB[]",
        ]
    assert ask(sql) == [["1 month", 1, "101", "1.50", 2, ["ab"]]]
    assert ask(
        "select 'infinity'::timestamp, 'nan'::double, uuid() is null, {'a': date '2026-01-02'}, 9223372036854775807"
    ) == [["infinity", "nan", False, {"a": "2026-01-02"}, 9223372036854775807]]


def test_files_hold_what_was_asked(sandboxed: Settings, ask: Ask, tmp_path: Path) -> None:
    sql = (
        "select '=1+1' as f, '-5' as n, [1, 2] as l, ts, event_id, p_total, '@x' as at, null as nothing, 1 as n"
        " from events where position = 7"
    )
    with asking.ask(sandboxed, Question(sql=sql, is_masked=False, form="csv"), lambda: False) as answer:
        text = answer.file.read_text()
    assert text == (
        '"f","n","l","ts","event_id","p_total","at","nothing","n"\n'
        '"\'=1+1","-5","[1,2]","2026-02-01T05:30:00.000000+00:00","00000000000000000000000000000007",70,"\'@x",,1\n'
    )
    with asking.ask(sandboxed, Question(sql=sql, is_masked=False, form="parquet"), lambda: False) as answer:
        table = pq.read_table(answer.file)
    assert table.column_names == ["f", "n", "l", "ts", "event_id", "p_total", "at", "nothing", "n_2"]
    assert table["f"].to_pylist() == ["=1+1"]  # as it is: no spreadsheet reads this
    with asking.ask(sandboxed, Question(sql="from range(5000)", is_masked=False, form="csv"), lambda: False) as answer:
        assert pacsv.read_csv(answer.file).num_rows == 5_000


def test_a_query_is_stopped_when_somebody_wants_it(sandboxed: Settings, ask: Ask) -> None:
    started = time.monotonic()
    with (
        pytest.raises(SqlCancelled),
        asking.ask(sandboxed, Question(sql=ENDLESS, is_masked=False), lambda: time.monotonic() > started + 0.5),
    ):
        pass
    assert time.monotonic() - started < 15


def test_no_more_run_at_once_than_may(sandboxed: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "WAIT_S", 0.1)
    monkeypatch.setattr(sandbox, "_slots", {})
    may_end = threading.Event()
    running = [threading.Thread(target=_until, args=(sandboxed, may_end)) for _ in range(sandboxed.sql.at_once)]
    for thread in running:
        thread.start()
    wait_until(lambda: len(_children()) == sandboxed.sql.at_once)
    with pytest.raises(SqlBusy, match="2 queries are running"):
        ask("select 1")
    may_end.set()
    for thread in running:
        thread.join()
    assert ask("select 1") == [[1]]


def test_a_torn_file_is_told_as_what_it_is(ask: Ask, snapshot: Snapshot) -> None:
    file = Path(snapshot.tables["companies"].files[0].uri)
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(Unavailable, match="file of the lake"):
        ask("from companies")
    file.unlink()
    with pytest.raises(Unavailable, match="file of the lake"):
        ask("from companies")


def test_the_child_knows_nothing_that_it_needs_not(sandboxed: Settings, snapshot: Snapshot, tmp_path: Path) -> None:
    with private_folder(sandboxed.database.data_dir / "sql") as folder:
        child = sandbox._start(job_of(sandboxed, Question(sql=ENDLESS, is_masked=False), snapshot, folder))
        process = psutil.Process(child.pid)
        wait_until(lambda: child.poll() is not None or process.nice() == 10)
        assert child.poll() is None, "it ended by itself"
        assert set(process.environ()) <= {"PATH", "LANG", "PYTHONPATH", "HOME", "TZ", "LC_CTYPE"}
        assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        wait_until(lambda: process.rlimit(psutil.RLIMIT_AS)[0] > 0)
        sandbox._end(child)


def test_nothing_is_left_when_the_parent_is_killed(sandboxed: Settings, tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)])
    wait_until(lambda: len(_children(parent.pid)) == 1 and _children(parent.pid)[0].nice() == 10, seconds=30)
    (child,) = _children(parent.pid)
    folders = tmp_path / "data" / "sql"
    assert len(list(folders.glob("sql-*"))) == 1
    parent.kill()
    parent.wait()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, seconds=20)
    wait_until(lambda: list(folders.glob("sql-*")) == [], seconds=20)


def test_what_a_killed_pair_left_is_cleared_by_the_next_query(sandboxed: Settings, ask: Ask) -> None:
    left = sandboxed.database.data_dir / "sql" / "sql-left"
    left.mkdir(parents=True)
    (left / sandbox.LOCK).touch()
    (left / "spill").mkdir()
    assert ask("select 1") == [[1]]
    assert not left.exists()


PARENT = f"""
import sys
from pathlib import Path
from onefold.config import load_settings
from onefold.insights import asking
from tests.insights import lake
settings = load_settings({{"ONEFOLD_DATA_DIR": sys.argv[1] + "/data"}})
snapshot = lake.small(Path(sys.argv[1], "lake"))
asking.snapshot_of = lambda *_: snapshot
with asking.ask(settings, asking.Question(sql="{ENDLESS}", is_masked=False), lambda: False):
    pass
"""


def _within(job: Job, timeout_s: float) -> Job:
    return msgspec.structs.replace(job, timeout_s=timeout_s)


def _until(settings: Settings, may_end: threading.Event) -> None:
    with (
        pytest.raises(SqlCancelled),
        asking.ask(settings, Question(sql=ENDLESS, is_masked=False), may_end.is_set),
    ):
        pass


def _children(parent: int | None = None) -> list[psutil.Process]:
    return [one for one in psutil.Process(parent).children() if "onefold.insights.inside" in " ".join(one.cmdline())]


def test_folders_of_those_that_begin_at_once_are_left_alone(tmp_path: Path) -> None:
    lost: list[bool] = []

    def hold() -> None:
        for _ in range(50):
            with private_folder(tmp_path) as folder:
                lost.append(not (folder / sandbox.LOCK).exists())

    threads = [threading.Thread(target=hold) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == [False] * 400
    assert list(tmp_path.glob("sql-*")) == []
