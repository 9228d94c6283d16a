"""Properties become columns: equal to what the JSON says, in every file before anybody uses them."""

import json
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from onefold.lake.compact import compact
from onefold.lake.delta import column_names
from onefold.lake.failpoints import unwatch, watch
from onefold.lake.flush import flush
from onefold.lake.learn import MAX_NAMES, note_properties
from onefold.lake.location import Location
from onefold.lake.promote import complete, demote, lacks_columns, promote, promote_frequent, wanted_columns
from onefold.lake.promoted import (
    MAX_PROMOTED,
    Promoted,
    PromotionRejected,
    Seen,
    column_name,
    columns_sql,
    values_sql,
    worth_promoting,
)
from onefold.lake.reading import take_snapshot
from onefold.lake.snapshot import Snapshot
from onefold.lake.tables import EVENTS
from onefold.lake.verify import verify
from tests.lake.events import RECEIVED_US, rows_in_database, rows_in_snapshot, send, track, value_of

DAY_US = 86_400_000_000
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
ODD_NAMES = (
    "'",
    '"',
    "a.b",
    "a/b",
    "~1",
    "*",
    "*/~\"'",
    "\\",
    "[0]",
    "$",
    "0",
    "{}",
    " ",
    "é ü 漢字 🦊",
    "x" * 500,
    "\n",
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.sampled_from(["true", "1.5", "null", '"', "", "[]"]),
)  # fmt: skip


def columns_of(bodies: list[str], promoted: list[Promoted]) -> list[tuple[Any, ...]]:
    """What DuckDB makes of these."""
    with duckdb.connect() as memory:
        memory.register("events", pa.table({"body": pa.array(bodies, pa.string())}))
        columns = ", ".join(columns_sql(promoted, "found"))
        query = f"select {columns} from (select {values_sql(promoted)} as found from events)"  # noqa: S608 quoted
        return memory.sql(query).fetchall()


@settings(deadline=None)  # a database of its own each time, on a machine that does other things
@given(
    st.lists(st.dictionaries(st.one_of(NAMES, st.sampled_from(ODD_NAMES)), VALUES, max_size=4), max_size=4), st.data()
)
@example([dict.fromkeys(ODD_NAMES, "odd")], None)
def test_a_column_is_what_the_json_says(events: list[dict[str, Any]], data: Any) -> None:
    names = sorted({name for properties in events for name in properties}) or ["none"]
    kinds = [data.draw(st.sampled_from(["string", "double", "boolean"])) if data else "string" for _ in names]
    promoted = [Promoted(name, f"p_{place}", kind) for place, (name, kind) in enumerate(zip(names, kinds, strict=True))]
    wholes: list[Any] = [{"type": "track", "properties": properties} for properties in events]
    bodies = [json.dumps(whole, ensure_ascii=False) for whole in wholes] + ["", "{", "[]", '{"properties": ["a", 1]}']
    wholes += [None, None, None, {"properties": ["a", 1]}]
    wanted = [tuple(value_of(whole, one.name, one.type) for one in promoted) for whole in wholes]
    assert columns_of(bodies, promoted) == wanted


@given(st.lists(NAMES, unique=True, max_size=30))
@example([*ODD_NAMES, "Größe", "GROSSE", "orderValue", "order value", "ORDER-VALUE", "цена", "ціна"])
def test_names_of_columns_are_plain_and_never_twice(names: list[str]) -> None:
    taken: set[str] = set()
    for name in names:
        column = column_name(name, taken)
        assert column.isascii()
        assert column.replace("_", "a").isalnum()
        assert column == column.lower()
        assert column not in taken
        taken.add(column)


def test_promoted_is_what_is_frequent_of_one_type_and_short() -> None:
    seen = [
        Seen("revenue", 500, 0, 490, 0, 10, 3_000),
        Seen("plan", 900, 900, 0, 0, 0, 9_000),
        Seen("mixed", 900, 500, 400, 0, 0, 9_000),
        Seen("rare", 9, 9, 0, 0, 0, 90),
        Seen("essay", 900, 900, 0, 0, 0, 900 * 32_000),
        Seen("items", 900, 0, 0, 0, 900, 9_000),
    ]
    assert worth_promoting(seen, 1_000, 30) == [("plan", "string"), ("revenue", "double")]
    assert worth_promoting(seen, 1_000, 1) == [("plan", "string")]
    assert worth_promoting(seen, 999, 30) == []


def column_in(snapshot: Snapshot, name: str) -> dict[str, Any]:
    """A promoted column of all events by message id, out of files and hot tail."""
    import pyarrow.parquet as pq

    events, column = snapshot.tables["events"], snapshot.promoted[name].name
    assert events.hot is not None
    parts = [events.hot.select(["message_id", column]), *(
        pq.read_table(file.uri, columns=["message_id", column], partitioning=None) for file in events.files
    )]  # fmt: skip
    return {row["message_id"]: row[column] for part in parts for row in part.to_pylist()}


def orders(first: int, n: int, **properties: Any) -> list[dict[str, Any]]:
    """Track calls that carry these."""
    return [track(f"user {k % 40}", "Order Completed", k, properties=properties) for k in range(first, first + n)]


@pytest.fixture
def lake(tmp_path: Any) -> Location:
    """A lake in a folder."""
    return Location(str(tmp_path / "lake"))


def test_a_column_is_used_once_every_file_has_it(db: Connection[Any], pg_url: str, location: Location) -> None:
    send(db, orders(0, 50, revenue=1.5, plan="pro"))
    flush(db, pg_url, location)
    one = promote(db, location, "revenue")
    assert one == Promoted("revenue", "p_revenue", "double")
    assert "p_revenue" in column_names(location, EVENTS)
    send(db, orders(50, 20, revenue="much"), RECEIVED_US + DAY_US)
    flush(db, pg_url, location)
    before = take_snapshot(pg_url, location)
    assert before.promoted == {}
    assert [lacks_columns(location, file, [one]) for file in before.tables["events"].files] in (
        [True, False],
        [False, True],
    )
    complete(db, location)
    assert take_snapshot(pg_url, location).promoted == {}
    compact(db, location)
    after = take_snapshot(pg_url, location)
    assert set(after.promoted) == {"revenue"}
    assert rows_in_snapshot(after) == rows_in_database(db)
    assert verify(pg_url, location).faults == []


def test_files_and_hot_tail_hold_what_the_json_says(db: Connection[Any], pg_url: str, lake: Location) -> None:
    odd = {name: f"as {place}" for place, name in enumerate(ODD_NAMES)}
    send(db, orders(0, 30, revenue=3, flag=True, **odd))
    flush(db, pg_url, lake)
    kinds = {"revenue": "double", "flag": "boolean", **dict.fromkeys(ODD_NAMES, "string")}
    promoted = [promote(db, lake, name) for name in kinds]
    assert {one.name: one.type for one in promoted} == kinds
    for day, value in enumerate([True, "text", 7, None, [1], {"a": 1}, "x" * 1_000, 2.5], start=1):
        send(
            db,
            orders(day * 100, 5, revenue=value, flag=value, **dict.fromkeys(ODD_NAMES, value)),
            RECEIVED_US + day * DAY_US,
        )
        flush(db, pg_url, lake)
        if day == 4:
            compact(db, lake)
    compact(db, lake)
    send(db, orders(5_000, 5, revenue=9, flag=False, **odd), RECEIVED_US + 20 * DAY_US)
    snapshot = take_snapshot(pg_url, lake)
    bodies = {json.loads(row.body)["messageId"]: json.loads(row.body) for row in rows_in_snapshot(snapshot)}
    assert len(bodies) == 30 + 8 * 5 + 5
    for one in promoted:
        assert column_in(snapshot, one.name) == {
            key: value_of(body, one.name, one.type) for key, body in bodies.items()
        }


def test_traffic_promotes_what_it_carries(db: Connection[Any], pg_url: str, lake: Location) -> None:
    send(db, orders(0, 1_200, revenue=3, plan="pro", mixed="a") + orders(1_200, 300, mixed=1, seldom=True)[:300])
    flush(db, pg_url, lake)
    compact(db, lake)
    assert set(take_snapshot(pg_url, lake).promoted) == {"revenue", "plan", "seldom"}
    assert [one.column for one in wanted_columns(db)] == ["p_plan", "p_revenue", "p_seldom"]
    assert promote_frequent(db, lake) == []


def test_ten_thousand_names_grow_nothing(db: Connection[Any], pg_url: str, lake: Location) -> None:
    for flushed in range(5):
        names = {f"property {flushed} {place}": place for place in range(10_000)}
        bodies = [
            json.dumps({"properties": {**dict(list(names.items())[k::40]), "plan": "pro"}}).encode() for k in range(40)
        ]
        with db.transaction():
            note_properties(db, bodies * 20)
        assert db.execute("select count(*) from lake_property").fetchone() == (MAX_NAMES,)
    ((n, sampled),) = db.execute(
        "select n, sampled from lake_property cross join lake_progress where name = 'plan'"
    ).fetchall()
    assert n == sampled < 5 * 800
    assert [one.name for one in promote_frequent(db, lake)] == ["plan"]


def test_rare_names_make_room(db: Connection[Any], lake: Location) -> None:
    with db.transaction():
        note_properties(db, [json.dumps({"properties": {f"property {k}": 1 for k in range(MAX_NAMES)}}).encode()])
        note_properties(db, [b'{"properties": {"plan": "pro"}}'] * 1_500)
    assert promote_frequent(db, lake) == []
    with db.transaction():
        note_properties(db, [b'{"properties": {"plan": "pro"}}'] * 1_500)
    assert [one.name for one in promote_frequent(db, lake)] == ["plan"]


def test_a_demoted_property_stays_demoted_and_its_column_keeps_its_name(
    db: Connection[Any], pg_url: str, lake: Location
) -> None:
    send(db, orders(0, 1_200, revenue=3))
    flush(db, pg_url, lake)
    compact(db, lake)
    assert demote(db, "p_revenue") == ("revenue", True), "as `status` names it"
    assert demote(db, "revenue") == ("revenue", False)
    assert take_snapshot(pg_url, lake).promoted == {}
    send(db, orders(2_000, 30, revenue=4), RECEIVED_US + DAY_US)
    flush(db, pg_url, lake)
    compact(db, lake, everything=True)
    assert take_snapshot(pg_url, lake).promoted == {}
    assert promote(db, lake, "revenue", "string").column == "p_revenue_2"
    demote(db, "revenue")
    assert promote(db, lake, "revenue", "double").column == "p_revenue_3"
    compact(db, lake)
    assert set(column_in(take_snapshot(pg_url, lake), "revenue").values()) == {3.0, 4.0}


def test_what_can_not_be_promoted_is_refused(db: Connection[Any], lake: Location) -> None:
    for name, kind in (("", "string"), ("x" * 501, "string"), ("a", "date"), ("never seen", None)):
        with pytest.raises(PromotionRejected):
            promote(db, lake, name, kind)
    promote(db, lake, "a", "double")
    assert promote(db, lake, "a").type == "double"
    with pytest.raises(PromotionRejected, match="Demote it first"):
        promote(db, lake, "a", "string")
    for place in range(MAX_PROMOTED - 1):
        promote(db, lake, f"a{place}", "string")
    with pytest.raises(PromotionRejected, match="the most"):
        promote(db, lake, "one more", "string")
    assert len(wanted_columns(db)) == MAX_PROMOTED


class Died(Exception):
    """The run ends here."""


@pytest.mark.parametrize(
    "point", ["promote: committed", "promote: published", "compact: committed", "compact: published"]
)
def test_who_dies_between_leaves_nothing_half_done(
    db: Connection[Any], pg_url: str, location: Location, point: str
) -> None:
    send(db, orders(0, 1_200, revenue=3))
    flush(db, pg_url, location)

    def die(reached: str) -> None:
        if reached == point:
            raise Died

    watch(die)
    try:
        with pytest.raises(Died):
            compact(db, location)
    finally:
        unwatch()
    assert rows_in_snapshot(take_snapshot(pg_url, location)) == rows_in_database(db)
    send(db, orders(2_000, 30, revenue=4), RECEIVED_US + DAY_US)
    flush(db, pg_url, location)
    compact(db, location)
    snapshot = take_snapshot(pg_url, location)
    assert set(snapshot.promoted) == {"revenue"}
    assert rows_in_snapshot(snapshot) == rows_in_database(db)
    assert verify(pg_url, location).faults == []
