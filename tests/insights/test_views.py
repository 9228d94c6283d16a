"""The tables that SQL sees, and what whoever sees no personal data can find out about it."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from onefold.insights import asking
from onefold.insights.guard import SqlRejected
from onefold.lake.delta import schema_of
from onefold.lake.snapshot import Snapshot
from onefold.lake.tables import EVENTS
from tests.insights import lake
from tests.insights.conftest import Ask
from tests.insights.lake import ANNA, BERT, CARA

EVERYTHING = "select position, profile_id, name, p_total, month, bucket from events order by position"


def test_files_without_what_is_gone_with_the_hot_tail_under_the_present_profile(ask: Ask) -> None:
    assert ask(EVERYTHING) == [
        [1, ANNA, "Bought", None, "2026-01", ANNA % 16],
        [2, BERT, "Bought", None, "2026-01", BERT % 16],
        [4, ANNA, "Moved", 40.0, "2026-01", BERT % 16],
        [6, BERT, "user102@example.com", 60.0, "2026-01", BERT % 16],
        [7, ANNA, "Hot", 70.0, "fresh", -1],
    ]


def test_nobody_who_is_being_erased_is_seen(ask: Ask) -> None:
    assert ask("select distinct profile_id from events order by 1") == [[ANNA], [BERT]]
    assert ask("select profile_id from profiles order by 1") == [[ANNA], [BERT]]
    assert ask("select profile_id from identifiers order by 1") == [[ANNA], [BERT]]


def test_people_are_as_they_are_now(ask: Ask, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = snapshot.tables["profiles"]
    news = {"bucket": 5, "profile_id": ANNA, "name": "Anna now", "is_known": True}
    changed = replace(
        profiles,
        hot=pa.Table.from_pylist([news], schema_of(profiles.table.columns)),
        replaced=pa.table({"profile_id": pa.array([ANNA, BERT, CARA], pa.int64())}),
    )
    now = replace(snapshot, tables=dict(snapshot.tables) | {"profiles": changed})
    monkeypatch.setattr(asking, "snapshot_of", lambda *_: now)
    assert ask("select profile_id, name from profiles order by 1") == [[ANNA, "Anna now"]]
    assert ask("select profile_id, name from profiles", is_masked=True) == [[ANNA, None]]


def test_all_columns_of_the_contract_are_there_with_their_types(ask: Ask) -> None:
    said = {name: kind for name, kind, *_ in ask("describe events")}
    types = {"long": "BIGINT", "integer": "INTEGER", "string": "VARCHAR", "double": "DOUBLE", "binary": "BLOB",
             "timestamp": "TIMESTAMP WITH TIME ZONE", "boolean": "BOOLEAN"}  # fmt: skip
    wanted = {column.name: types[column.type] for column in (*EVENTS.columns, *lake.PROMOTED.values())}
    assert said == wanted
    assert ask("select name, email, phone, company_id, is_known from profiles where profile_id = 101") == [
        ["Name 101", "user101@example.com", "+40721123456", 9, True]
    ]


def test_an_empty_lake_has_empty_tables(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "snapshot_of", lambda *_: lake.empty())
    assert ask("select count(*), max(ts) from events") == [[0, None]]
    assert ask("select count(*) from profiles join identifiers using (profile_id)") == [[0]]


def test_an_object_store_is_read_by_another_way_and_says_the_same(
    ask: Ask, snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ask(EVERYTHING)
    tables = {
        name: replace(part, files=tuple(replace(file, uri=f"file://{file.uri}") for file in part.files))
        for name, part in snapshot.tables.items()
    }
    monkeypatch.setattr(asking, "snapshot_of", lambda *_: replace(snapshot, tables=tables))
    assert ask(EVERYTHING) == here
    assert ask("select count(*) from profiles") == [[2]]
    assert ask("select position, p_note from events where bucket = 6 and ts > '2020-01-01' and month = '2026-01'"
               " order by 1") == [[2, None], [4, None], [6, None]]  # fmt: skip


def test_days_are_those_of_the_workspace(ask: Ask) -> None:
    sql = "select date_trunc('day', ts), ts::date from events where position = 1"
    assert ask(sql) == [["2026-01-31T00:00:00+00:00", "2026-01-31"]]
    assert ask(sql, time_zone="Europe/Bucharest") == [["2026-02-01T00:00:00+02:00", "2026-02-01"]]


PERSONAL = {
    "events": ("user_id", "context_page_url", "context_page_referrer", "body", "p_tel"),
    "profiles": ("name", "email", "phone", "traits"),
    "identifiers": ("value",),
}


@pytest.mark.parametrize("table", PERSONAL)
def test_personal_columns_are_null_for_whoever_sees_none(table: str, ask: Ask) -> None:
    counts = ", ".join(f"count({column})" for column in PERSONAL[table])
    assert ask(f"from {table} select count(*) > 0, {counts}", is_masked=True) == [[True, *[0] * len(PERSONAL[table])]]


def test_other_texts_are_without_addresses(ask: Ask) -> None:
    sql = "select position, name, p_note, p_total from events where position in (2, 6) order by 1"
    assert ask(sql, is_masked=True) == [[2, "Bought", None, None], [6, "•••", None, 60.0]]
    assert ask(sql) == [[2, "Bought", None, None], [6, "user102@example.com", None, 60.0]]


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from profiles where email = 'user101@example.com'",
        "select count(*) from profiles where email like 'user%' or starts_with(email, 'u') or length(email) > 0",
        "select count(*) from profiles p where p is distinct from null and p.email is not null",
        "select count(*) from events where body like '%user101%' or user_id > 'a' or name = 'user102@example.com'",
        "select count(*) from profiles p join (values ('user101@example.com')) v(email) using (email)",
        "select count(distinct email) + count(distinct value) from profiles join identifiers using (profile_id)",
        "select count(*) from identifiers where hash(value) = hash('user101@example.com')",
        "select count(*) from (select email from profiles intersect select 'user101@example.com')",
        "select count(x) from (select coalesce(*columns('mail|phone|^name$')) as x from profiles)",
        "select count(*) from events where columns('user_id|body')::varchar <> ''",
        "select count(*) from events e where to_json(e)::varchar like '%user101%'",
        "select count(*) from profiles where try(cast(email as int)) is not null",
        "select count(*) from events where name like '%@%' or contains(name, 'example')",
    ],
)
def test_what_isnt_seen_cant_be_probed(sql: str, ask: Ask) -> None:
    assert ask(sql, is_masked=True) == [[0]]


def test_errors_dont_tell_what_isnt_seen(ask: Ask) -> None:
    with pytest.raises(SqlRejected, match="user102"):
        ask("select cast(name as int) from events where position = 6")
    with pytest.raises(SqlRejected) as caught:
        ask("select cast(name as int) from events where position = 6", is_masked=True)
    assert "user102" not in str(caught.value)
    assert ask("select cast(email as int) from profiles", is_masked=True) == [[None], [None]]
