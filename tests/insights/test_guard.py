"""What SQL may say. The trees are DuckDB's, as in the sandbox."""

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefold.insights.functions import FUNCTIONS, TABLE_FUNCTIONS
from onefold.insights.guard import SqlRejected, check, place_of

TABLES = ("events", "profiles")
_memory = duckdb.connect()


def tree_of(sql: str) -> Any:
    return json.loads(_memory.execute("select json_serialize_sql(?, skip_null := true)", [sql]).fetchall()[0][0])


def refusal(sql: str) -> SqlRejected:
    with pytest.raises(SqlRejected) as caught:
        check(tree_of(sql), sql, TABLES)
    return caught.value


@pytest.mark.parametrize(
    "sql",
    [
        "select name, count(*) from events e where ts > now() - interval 1 day group by all order by 2 desc limit 3",
        "from events",
        "from events select count(*)",
        "table events",
        "values (1, 'a')",
        "with a as (select 1 as x), b as (from a) select * from b union all by name select 2 as x",
        "with recursive t(a) as (select 1 union all select a + 1 from t where a < 5) select * from t",
        "with events as (select * from events) from events",
        "select * from events e join profiles p using (profile_id) asof join events f on e.ts >= f.ts",
        "select * from events pivot (count(*) for name in ('a', 'b'))",
        "select * from (unpivot events on name, kind)",
        "select columns('^p_'), * exclude (body) replace (upper(name) as name), #1 from events",
        "select list_transform([1, 2], lambda x: x + 1), [x * 2 for x in [1, 2]], {'a': 1}.a, map {'a': 1}",
        "select 'a'.upper(), row(1, 2), [1, 2, 3][1:2], struct_pack(a := 1)",
        "select sum(position) filter (where kind = 'page') over w from events window w as (partition by name)",
        "select * from range(3) r(i), unnest([1, 2]) u(v), generate_series(1, 2)",
        "select body ->> '$.properties.total', cast(position as decimal(10, 2)), 'a' collate nocase from events",
        "select $$it's$$, e'\\n', 'a''b', \"name\" /* ; drop table events */ from events -- ; attach 'x'",
        "select (select max(ts) from events), exists (from profiles), 1 in (select 2), case when true then 1 end",
        "describe events",
        "summarize select name from events",
        "select name from events using sample 10%",
        "select 1;",
    ],
)
def test_questions_may_be_asked(sql: str) -> None:
    check(tree_of(sql), sql, TABLES)


@pytest.mark.parametrize(
    "source",
    [
        "read_csv('/etc/passwd')",
        "read_text('/etc/passwd')",
        "read_blob('/etc/passwd')",
        "read_json('x')",
        "glob('*')",
        "read_parquet('x.parquet')",
        "parquet_scan('x')",
        "parquet_metadata('x')",
        "sniff_csv('x')",
        "'/etc/passwd'",
        "'x.parquet'",
        '"x.csv"',
        "'https://example.com/x.parquet'",
        "'s3://b/x.parquet'",
        "query('select 1')",
        "query_table('events')",
        "duckdb_settings()",
        "duckdb_secrets()",
        "duckdb_functions()",
        "pragma_version()",
        "pragma_table_info('events')",
        "sqlite_master",
        "information_schema.tables",
        "pg_catalog.pg_class",
        "main.events",
        "memory.main.events",
        "json_execute_serialized_sql('x')",
        "arrow_scan(1, 2, 3)",
        "pandas_scan(1)",
        "test_all_types()",
        "seq_scan(1)",
        "which_secret('a', 's3')",
        "duckdb_settings",
        "events at (version => 1)",
        "json_each('[]')",
        "repeat_row(1, num_rows => 9)",
        "enable_logging()",
        "_gone",
        "_hot_events",
    ],
)
def test_nothing_but_the_tables_is_read(source: str) -> None:
    around = ["select * from {}", "select 1 where exists (from {})", "with t as (from {}) from t", "from events, {} x"]
    if not source.startswith("events at"):
        around += ["summarize (from {})", "select (select count(*) from {})"]
    for sql in around:
        assert refusal(sql.format(source)).line == 1


@pytest.mark.parametrize(
    "call",
    [
        "getenv('HOME')",
        "current_setting('memory_limit')",
        "getvariable('x')",
        "nextval('s')",
        "currval('s')",
        "write_log('x')",
        "sleep_ms(1000)",
        "pg_sleep(9)",
        "json_serialize_sql('select 1')",
        "json_deserialize_sql('{}')",
        "json_serialize_plan('select 1')",
        "current_query()",
        "txid_current()",
        "version()",
        "setseed(0.5)",
        "read_text('/etc/passwd')",
        "stats(1)",
        "index_key('a')",
        "__internal_decompress_string(1)",
        "create_sort_key(1)",
        "current_connection_id()",
        "has_table_privilege('events', 'select')",
        "main.upper('x')",
        "system.main.upper('x')",
        "in_search_path('a', 'b')",
        "col_description(1, 2)",
        "pg_conf_load_time()",
    ],
)
def test_functions_that_touch_something_are_refused_wherever_they_stand(call: str) -> None:
    for sql in (
        "select {}",
        "select 1 from events where {} is null",
        "select 1 order by {}",
        "select 1 from events group by grouping sets (({}))",
        "select list_transform([1], lambda x: {})",
        "select sum(1) over (partition by {} order by 1)",
        "select sum(1) filter (where {} is null) from events",
        "select string_agg(name, ',' order by {}) from events",
        "values ({})",
        "with t(a) as (select {}) select 1",
        "select * replace ({} as name) from events",
        "select columns(lambda c: {} is null) from events",
        "from events e join profiles p on {} is null",
        "select distinct on ({}) name from events",
        "select 1 limit (select count(*) from events where {} is null)",
        "select case when {} is null then 1 end",
        "select cast({} as varchar)",
        "select try({})",
        "select {{'a': {}}}.a",
        "select 1 from events having {} is null",
        "select name from events qualify {} is null",
    ):
        assert "possible here" in str(refusal(sql.format(call))) or "alone" in str(refusal(sql.format(call)))


@pytest.mark.parametrize(
    "sql",
    [
        "insert into events values (1)",
        "update events set name = 'x'",
        "delete from events",
        "drop view events",
        "create table t as select 1",
        "alter table events rename to x",
        "copy events to 'x'",
        "copy (select 1) to 'x'",
        "attach 'x.db'",
        "detach x",
        "install httpfs",
        "load httpfs",
        "force install httpfs",
        "call pragma_version()",
        "pragma database_list",
        "set threads = 99",
        "reset threads",
        "export database 'x'",
        "import database 'x'",
        "use main",
        "begin",
        "commit",
        "checkpoint",
        "vacuum",
        "explain select 1",
        "explain analyze select 1",
        "prepare p as select 1",
        "execute p",
        "deallocate p",
        "create macro f(a) as a",
        "create secret s (type s3)",
        "set variable x = 1",
        "comment on view events is 'x'",
        "merge into events using events e on true when matched then delete",
        "truncate events",
        "pivot events on name using count(*)",
    ],
)
def test_nothing_but_questions_may_be_said(sql: str) -> None:
    assert refusal(sql).code == "sql_invalid"
    assert refusal(f"select 1; {sql}").code == "sql_invalid"
    assert refusal(f"{sql}; select 1").code == "sql_invalid"


@pytest.mark.parametrize(
    "sql", ["show tables", "show all tables", "show databases", "describe", "show events; select 1"]
)
def test_what_there_is_stands_on_the_page_not_in_show(sql: str) -> None:
    refusal(sql)


def test_one_statement_at_a_time() -> None:
    assert "these are 2" in str(refusal("select 1; select 2"))
    for nothing in ("", " ", "-- only a comment", "/* */", ";"):
        assert "nothing to run" in str(refusal(nothing))


def test_a_name_counts_only_where_it_is_in_scope() -> None:
    """Elsewhere DuckDB would look for a file or a table of its own by that name."""
    for name in ("duckdb_settings", '"/etc/passwd"'):
        for known in ("with N as (select 1) from N", "with N as (select 1) select (select 1 from N)"):
            check(tree_of(sql := known.replace("N", name)), sql, TABLES)
        for unknown in (
            "select * from (with N as (select 1) from N) t, N",
            "with t as (from N), N as (select 1) from t",
            "with N as (from N) from N",
            "select 1 from events union (with N as (select 1) from N) union from N",
        ):
            refusal(unknown.replace("N", name))


def test_a_refusal_says_what_where_and_what_is_possible() -> None:
    fault = refusal("select 'ü',\n  nme\nfrom evnts")
    assert (str(fault), fault.line, fault.column) == ("There is no table “evnts”. Did you mean events?", 3, 6)
    fault = refusal("select\n 'üü', cuont(*) from events")
    assert (fault.line, fault.column) == (2, 8)
    assert "Did you mean count" in str(fault)
    fault = refusal("select 1 fro events")
    assert (fault.line, fault.column) == (1, 14)
    assert "Tables: events, profiles" in str(refusal("from zzzzzzzzz"))


def test_tables_read_are_told() -> None:
    sql = "with x as (from Events) select * from x join (select 1 as a) on true"
    assert check(tree_of(sql), sql, TABLES) == {"events"}


def test_every_function_is_one_of_duckdbs() -> None:
    """A name that is misspelt, or that DuckDB no longer has, would promise what there is not."""
    known = {
        name for (name,) in _memory.execute("select distinct lower(function_name) from duckdb_functions()").fetchall()
    }
    syntax = {"->", "<>", "coalesce", "grouping", "grouping_id", "ifnull", "percentile_cont", "percentile_disc", "try"}
    assert FUNCTIONS - known == syntax
    assert known >= TABLE_FUNCTIONS


def test_no_function_of_the_list_has_a_side_effect_or_touches_anything() -> None:
    rows = _memory.execute(
        "select distinct lower(function_name) from duckdb_functions() where has_side_effects or stability = 'VOLATILE'"
    ).fetchall()
    assert {name for (name,) in rows} & FUNCTIONS <= {
        "random", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "error"
    }  # fmt: skip
    for word in (
        "read",
        "scan",
        "glob",
        "pragma",
        "duckdb",
        "secret",
        "setting",
        "env",
        "query",
        "privilege",
        "internal",
    ):
        assert [name for name in FUNCTIONS if word in name and not name.startswith("formatreadable")] == []


@given(st.text(max_size=200))
def test_whatever_is_typed_is_judged(text: str) -> None:
    """Never another error, and nothing is read that is no table."""
    try:
        used = check(tree_of(text), text, TABLES)
    except (SqlRejected, duckdb.Error):
        return
    assert used <= set(TABLES)


@given(st.text(max_size=50), st.integers(-1, 300))
def test_a_place_is_within_the_text(text: str, at: int) -> None:
    line, column = place_of(text, at)
    if line:
        assert 1 <= line <= text.count("\n") + 1
        assert 1 <= column <= len(text) + 1
