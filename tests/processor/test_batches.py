"""Batch after batch: lanes, sizes, reading ahead, and what happens to a request that we fail on."""

import gc
import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from onefold.audiences.api import Computed, create_computed
from onefold.config import ProcessorSettings
from onefold.events.api import INTERNAL_SOURCE, Position, append_internal, has_unread, lock_positions
from onefold.filters.api import EventMatch, Number
from onefold.identity.api import DEFAULT_CONFIG
from onefold.infra.postgres import connect
from onefold.kernel.errors import Broken
from onefold.programs.processor.ahead import Ahead
from onefold.programs.processor.batch import Batch
from onefold.programs.processor.batches import MOST_SET_ASIDE_IN_A_ROW, Batches, tune
from onefold.programs.processor.rebuild import rebuild
from onefold.programs.processor.steps import process
from tests.log import wait_until_readable
from tests.processor.driving import NOWHERE

SHOP = 2
INTERACTIVE, BULK = 0, 1


@pytest.fixture
def shop(db: Connection[Any]) -> Connection[Any]:
    db.execute("insert into source (id, slug, name, kind) values (2, 'shop', 'Shop', 'server')")
    db.execute("insert into log_epoch values (1, 'test')")
    return db


@pytest.fixture
def batches(shop: Connection[Any], pg_url: str) -> Iterator[Batches]:
    with (
        connect(pg_url, "test") as conn,
        connect(pg_url, "reader", autocommit=True) as reader,
        Ahead(reader, conn) as ahead,
    ):
        tune(conn)
        yield Batches(conn, ahead, ProcessorSettings(), suppression_key=bytes(32))


def log(conn: Connection[Any], *message_ids: str, lane: int = INTERACTIVE) -> None:
    """One request with these events."""
    events = [{"type": "track", "event": "E", "userId": "u1", "messageId": name} for name in message_ids]
    write(conn, json.dumps({"batch": events}).encode(), len(events), lane)


def write(conn: Connection[Any], body: bytes, n: int, lane: int = INTERACTIVE, source_id: int = SHOP) -> None:
    conn.execute(
        "insert into event_log (epoch, lane, source_id, trust, received_at, n, body)"
        " values (1, %s, %s, 2, now(), %s, %b)",
        [lane, source_id, n, body],
    )


def stored(conn: Connection[Any]) -> list[str]:
    return [row[0] for row in conn.execute("select message_id from event order by message_id")]


def drain(batches: Batches, shop: Connection[Any]) -> int:
    """Until all is read. Other tests' transactions in this cluster hold the reader back for moments."""
    count = 0
    deadline = time.monotonic() + 60
    while has_unread(shop):
        assert time.monotonic() < deadline, "the log was not read to its end in a minute"
        if batches.run():
            count += 1
        else:
            time.sleep(0.02)
    return count


def wait_for_a_batch(batches: Batches) -> None:
    deadline = time.monotonic() + 60
    while not batches.run():
        assert time.monotonic() < deadline, "nothing could be read for a minute"
        time.sleep(0.02)


def test_both_lanes_are_read_to_their_end(shop: Connection[Any], batches: Batches) -> None:
    log(shop, "a", "b")
    log(shop, "c", lane=BULK)
    drain(batches, shop)
    assert stored(shop) == ["a", "b", "c"]
    assert shop.execute("select sum(n) from node").fetchone() == (3,)


def test_a_full_bulk_lane_does_not_hold_up_the_interactive_one(shop: Connection[Any], batches: Batches) -> None:
    for index in range(300):
        log(shop, *(f"bulk-{index}-{n}" for n in range(10)), lane=BULK)
    log(shop, "live")
    wait_until_readable(shop)
    wait_for_a_batch(batches)
    assert "live" in stored(shop)
    assert len(stored(shop)) < 3_001


def test_what_comes_while_a_bulk_batch_is_ready_goes_first_every_other_time(
    shop: Connection[Any], batches: Batches
) -> None:
    batches.limit = 100
    for index in range(20):
        log(shop, *(f"bulk-{index}-{n}" for n in range(100)), lane=BULK)
    wait_until_readable(shop)
    batches.run()
    assert batches.is_behind
    seen = [len(stored(shop))]
    for edit in ("edit-1", "edit-2"):
        log(shop, edit)
        wait_until_readable(shop)
        batches.run()
        seen.append(len(stored(shop)))
    assert seen == [100, 101, seen[2]]
    assert seen[2] >= 201  # the second edit let the bulk batch go first
    assert "edit-2" not in stored(shop)
    batches.run()
    assert "edit-2" in stored(shop)
    drain(batches, shop)
    assert len(stored(shop)) == 2_002
    assert not batches.is_behind


def test_a_backlog_read_ahead_is_processed_once(shop: Connection[Any], batches: Batches) -> None:
    batches.limit = 100
    for index in range(40):
        log(shop, *(f"{index}-{n}" for n in range(25)))
    assert drain(batches, shop) > 2
    assert len(stored(shop)) == len(set(stored(shop))) == 1_000


def test_a_request_that_is_no_json_is_kept_as_a_violation(shop: Connection[Any], batches: Batches) -> None:
    write(shop, b"\x00 not json", 1)
    log(shop, "after")
    drain(batches, shop)
    assert stored(shop) == ["after"]
    assert shop.execute("select reason, body from violation").fetchall() == [("malformed", b"\x00 not json")]


def test_a_request_that_we_fail_on_is_set_aside_and_the_others_go_on(
    shop: Connection[Any], batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_b(conn: Any, context: Any, prepared: Any, last_known: Any) -> Any:
        if any(incoming.event.message_id == "b" for incoming in prepared.events):
            raise ZeroDivisionError
        return process(conn, context, prepared, last_known)

    monkeypatch.setattr("onefold.programs.processor.batches.process", fails_on_b)
    for name in "abc":
        log(shop, name)
    drain(batches, shop)
    assert stored(shop) == ["a", "c"]
    assert shop.execute("select reason, is_fatal from violation").fetchall() == [("processing_failed", True)]


def test_after_a_failure_whole_batches_come_back_though_the_log_is_never_read_to_its_end(
    shop: Connection[Any], batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_bad(conn: Any, context: Any, prepared: Any, last_known: Any) -> Any:
        if any(incoming.event.message_id == "bad" for incoming in prepared.events):
            raise ZeroDivisionError
        return process(conn, context, prepared, last_known)

    monkeypatch.setattr("onefold.programs.processor.batches.process", fails_on_bad)
    for index in range(800):
        log(shop, "bad" if index == 500 else f"m{index}")
    log(shop, "bulk", lane=BULK)
    runs = 0
    while len(stored(shop)) < 800 + runs:
        log(shop, f"later{runs}")
        batches.run()
        runs += 1
        assert runs < 100
    assert shop.execute("select body from violation").fetchall() == [
        (b'{"batch": [{"type": "track", "event": "E", "userId": "u1", "messageId": "bad"}]}',)
    ]


def test_when_every_request_fails_the_log_waits(
    shop: Connection[Any], batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("onefold.programs.processor.batches.process", fails)
    for index in range(30):
        log(shop, f"m{index}")
    with pytest.raises(Broken, match="The log waits"):
        drain(batches, shop)
    monkeypatch.undo()
    drain(batches, shop)
    set_aside = shop.execute("select count(*) from violation").fetchone()
    assert set_aside == (MOST_SET_ASIDE_IN_A_ROW,)
    assert len(stored(shop)) == 30 - MOST_SET_ASIDE_IN_A_ROW


def test_a_database_without_a_table_blames_no_request(shop: Connection[Any], batches: Batches) -> None:
    log(shop, "a")
    shop.execute("alter table node rename to node_gone")
    try:
        with pytest.raises(Broken, match="UndefinedTable"):
            drain(batches, shop)
    finally:
        shop.execute("alter table node_gone rename to node")
    drain(batches, shop)
    assert stored(shop) == ["a"]


def test_uncommitted_requests_are_neither_skipped_nor_overtaken(
    shop: Connection[Any], batches: Batches, pg_url: str
) -> None:
    with connect(pg_url, "slow writer") as slow:
        log(slow, "slow")
        log(shop, "fast")
        while batches.run():
            pass
        assert stored(shop) == []  # "fast" waits behind a transaction that may still write before it
        slow.commit()
    drain(batches, shop)
    assert stored(shop) == ["fast", "slow"]


def test_another_configuration_makes_what_was_read_ahead_be_prepared_again(
    shop: Connection[Any], batches: Batches
) -> None:
    batches.limit = 100
    for index in range(8):
        log(shop, *(f"{index}-{n}" for n in range(50)))
    wait_for_a_batch(batches)
    shop.execute("update source set user_space = 'shop' where id = 2")
    drain(batches, shop)
    counts = dict(shop.execute("select ns, n from node").fetchall())
    assert sum(counts.values()) == 400
    assert len(counts) == 2


def test_a_component_that_always_rules_hold_together_is_judged_once(shop: Connection[Any], batches: Batches) -> None:
    small = msgspec.structs.replace(DEFAULT_CONFIG, component_limit=5)
    shop.execute(
        "insert into identity_config (config, created_by) values (%s, 'test')", [Jsonb(msgspec.to_builtins(small))]
    )
    people = [["user_id", f"u{index}"] for index in range(8)]
    shared = ["email", "office@example.com"]
    seen = [{"type": "identify", "userId": f"u{index}", "traits": {"email": shared[1]}} for index in range(2)]
    write(shop, json.dumps({"batch": seen}).encode(), 2)
    pairs = [*pairwise(people), (people[0], shared)]
    append_internal(shop, [{"type": "link", "rule": "always", "a": a, "b": b} for a, b in pairs], acting_user="test")
    assert drain(batches, shop) < 10
    assert shop.execute("select count(*) from link_rule where a = b").fetchone() == (1,)


def counted(conn: Connection[Any]) -> int:
    (n,) = conn.execute("select sum(n) from node").fetchone() or (0,)
    return int(n)


def by_another_processor(shop: Connection[Any], pg_url: str, _: pytest.MonkeyPatch) -> None:
    log(shop, "elsewhere")
    with (
        connect(pg_url, "other") as conn,
        connect(pg_url, "other reader", autocommit=True) as reader,
        Ahead(reader, conn) as ahead,
    ):
        drain(Batches(conn, ahead, ProcessorSettings()), shop)


def by_a_rebuild(shop: Connection[Any], pg_url: str, _: pytest.MonkeyPatch) -> None:
    shop.execute("delete from event where message_id = 'a'")
    with connect(pg_url, "rebuild") as conn:
        assert rebuild(conn, NOWHERE, is_check=False).n


def by_a_retraction(shop: Connection[Any], pg_url: str, _: pytest.MonkeyPatch) -> None:
    retraction = {"type": "retract", "source": "shop", "messageIds": ["a"], "messageId": "r"}
    write(shop, json.dumps({"batch": [retraction]}).encode(), 1, source_id=INTERNAL_SOURCE)


def by_a_rebuild_that_the_next_batch_waits_for(
    shop: Connection[Any], pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is under way when the batch begins, and ends while that waits for the log's positions."""
    log(shop, "while rebuilding")
    lock, rebuilds = lock_positions, [by_a_rebuild]

    def waits(conn: Connection[Any]) -> dict[int, Position]:
        if rebuilds:
            rebuilds.pop()(shop, pg_url, monkeypatch)
        return lock(conn)

    monkeypatch.setattr("onefold.programs.processor.batches.lock_positions", waits)


def by_an_erasure(shop: Connection[Any], pg_url: str, _: pytest.MonkeyPatch) -> None:
    (request,) = shop.execute(
        "insert into privacy_request (kind, requested_by, identifier, is_suppressed) values ('erase', 't', %s, false)"
        " returning id",
        [json.dumps(["user_id", "u1"])],
    ).fetchone() or (0,)
    body = {"batch": [{"type": "request", "request": request, "messageId": "q"}]}
    write(shop, json.dumps(body).encode(), 1, source_id=INTERNAL_SOURCE)


def by_nobody_but_a_batch_failed(shop: Connection[Any], pg_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [ZeroDivisionError()]

    def fails_once(*arguments: Any) -> Any:
        result = process(*arguments)
        if faults:
            raise faults.pop()
        return result

    monkeypatch.setattr("onefold.programs.processor.batches.process", fails_once)


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        (by_another_processor, ["a", "b"]),
        (by_a_rebuild, ["b"]),
        (by_a_rebuild_that_the_next_batch_waits_for, ["b"]),
        (by_an_erasure, []),
        (by_a_retraction, ["b"]),
        (by_nobody_but_a_batch_failed, ["a", "b"]),
    ],
)
def test_what_is_remembered_of_the_last_batch_is_never_older_than_the_tables(
    shop: Connection[Any],
    batches: Batches,
    pg_url: str,
    monkeypatch: pytest.MonkeyPatch,
    changed: Callable[[Connection[Any], str, pytest.MonkeyPatch], None],
    left: list[str],
) -> None:
    log(shop, "a", "b")
    drain(batches, shop)
    changed(shop, pg_url, monkeypatch)
    drain(batches, shop)
    while batches.settle_piece():
        pass
    assert [name for name in stored(shop) if name in "ab"] == left
    log(shop, "c")
    drain(batches, shop)
    assert "c" in stored(shop)
    assert counted(shop) == len([name for name in stored(shop) if name != "r"])
    with connect(pg_url, "check") as conn:
        assert rebuild(conn, NOWHERE, is_check=True).n == 0


def test_integers_that_no_double_holds_stop_nobody(batches: Batches, shop: Connection[Any]) -> None:
    """To rules they are infinite, in sums they don't count."""
    of_total = Computed(EventMatch("E"), "sum", "total", "number")
    create_computed(shop, "spent", of_total, acting_user="test")
    large = EventMatch("E", where=Number("total", "ge", 5))
    create_computed(shop, "large", Computed(large, "count"), acting_user="test")
    for n in range(MOST_SET_ASIDE_IN_A_ROW + 2):
        event = (
            f'{{"type":"track","event":"E","userId":"u1","messageId":"m{n:02}","properties":{{"total":{"9" * 400}}}}}'
        )
        write(shop, f'{{"batch":[{event}]}}'.encode(), 1)
    log(shop, "n1")
    drain(batches, shop)
    assert len(stored(shop)) == MOST_SET_ASIDE_IN_A_ROW + 3
    assert shop.execute("select count(*) from violation").fetchone() == (0,)


def test_a_batch_is_let_go_when_it_is_done(batches: Batches, shop: Connection[Any]) -> None:
    """Nothing in it leads back to it: else Python keeps all of it until it looks for such rings."""
    gc.collect()
    gc.disable()
    try:
        log(shop, "m1", "m2")
        drain(batches, shop)
        kept = [one for one in gc.get_objects() if type(one) is Batch]
    finally:
        gc.enable()
    assert stored(shop) == ["m1", "m2"]
    assert kept == []
