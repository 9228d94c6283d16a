"""The log's writing side: durable rows in the reader's order, epochs, and waiting for the processor."""

import asyncio
import threading
import time
from typing import Any

import msgspec
import pytest
from psycopg import AsyncConnection, Connection

from onefold.events.api import (
    Kind,
    NewRow,
    NotStored,
    PostgresLog,
    Trust,
    advance,
    append_internal,
    decode_request,
    lock_positions,
    wait_until_processed,
)
from onefold.events.log import current_epoch, open_epoch
from onefold.infra.postgres import connect
from tests.collector.running import free_port
from tests.log import read_log

Conn = Connection[Any]
RULE = {"type": "link", "rule": "never", "a": ["email", "a@b.c"], "b": ["phone", "+49301234567"]}


def new_row(body: bytes, lane: int = 0) -> NewRow:
    return NewRow(lane, 2, Trust.SECRET, time.time_ns() // 1000, 1, "1.2.3.0", "curl/8", body)


def appended(url: str, *groups: list[NewRow]) -> None:
    async def work() -> None:
        log = PostgresLog(url)
        await asyncio.gather(*(log.append(group) for group in groups))
        await log.close()

    asyncio.run(work())


def test_rows_come_back_as_they_were_appended(db: Conn, pg_url: str) -> None:
    rows = [new_row(b'{"batch":[%d]}' % number, lane=number % 2) for number in range(10)]
    appended(pg_url, rows)
    read = read_log(db, 100)
    assert sorted(row.body for row in read) == [row.body for row in rows]
    assert [row.lane for row in read] == [0] * 5 + [1] * 5
    first = read[0]
    assert (first.epoch, first.source_id, first.trust, first.n) == (1, 2, Trust.SECRET, 1)
    assert (first.ip, first.user_agent, first.received_at) == ("1.2.3.0", "curl/8", rows[0].received_at)


def test_concurrent_appends_each_keep_all_their_rows(db: Conn, pg_url: str) -> None:
    appended(pg_url, *[[new_row(b'{"batch":[%d]}' % (group * 100 + one)) for one in range(50)] for group in range(8)])
    assert len(read_log(db, 1_000)) == 400


def test_an_append_wakes_the_listener(db: Conn, pg_url: str) -> None:
    db.execute("listen onefold_log")
    appended(pg_url, [new_row(b'{"batch":[]}')])
    assert len(list(db.notifies(timeout=2, stop_after=1))) == 1


def test_a_database_that_is_away_means_not_stored() -> None:
    with pytest.raises(NotStored):
        appended(f"postgresql://127.0.0.1:{free_port()}/x", [new_row(b"{}")])


def test_an_idle_connection_that_was_ended_is_replaced(db: Conn, pg_url: str) -> None:
    async def work() -> None:
        log = PostgresLog(pg_url)
        await log.append([new_row(b'{"batch":[1]}')])
        db.execute(
            "select pg_terminate_backend(pid, 2000) from pg_stat_activity"
            " where application_name = 'onefold collector' and datname = current_database()"
        )
        await log.append([new_row(b'{"batch":[2]}')])
        await log.close()

    asyncio.run(work())
    assert len(read_log(db, 10)) == 2


def test_the_epoch_grows_when_the_cluster_is_another(db: Conn, pg_url: str) -> None:
    async def opened() -> int:
        async with await AsyncConnection.connect(pg_url, autocommit=True) as conn:
            return await open_epoch(conn)

    assert [asyncio.run(opened()), asyncio.run(opened()), current_epoch(db)] == [1, 1, 1]
    db.execute("update log_epoch set system_identifier = 'the one it was restored from'")
    assert [asyncio.run(opened()), current_epoch(db)] == [2, 2]


def test_two_starters_begin_one_epoch(db: Conn, pg_url: str) -> None:
    async def both() -> list[int]:
        conns = [await AsyncConnection.connect(pg_url, autocommit=True) for _ in range(4)]
        epochs = await asyncio.gather(*(open_epoch(conn) for conn in conns))
        for conn in conns:
            await conn.close()
        return list(epochs)

    assert asyncio.run(both()) == [1, 1, 1, 1]
    assert db.execute("select count(*) from log_epoch").fetchone() == (1,)


def test_internal_events_carry_who_acted(db: Conn) -> None:
    position = append_internal(db, [RULE, RULE | {"messageId": "mine"}], acting_user="alice")
    (row,) = read_log(db, 10)
    assert (row.epoch, row.xid, row.off, row.lane) == (position.epoch, position.xid, position.off, position.lane)
    assert (row.source_id, row.trust, row.n) == (1, Trust.SECRET, 2)
    (first, second), bad = decode_request(row)
    assert not bad
    assert (first.kind, first.flags, second.message_id) == (Kind.LINK, 0, "mine")
    assert first.ts == first.received_at
    assert msgspec.json.decode(first.body)["actingUser"] == "alice"


def test_internal_events_go_with_the_callers_transaction(db: Conn) -> None:
    with db.transaction(force_rollback=True):
        append_internal(db, [RULE], acting_user="alice")
    assert read_log(db, 10) == []


def test_whatever_an_editor_types_can_be_kept(db: Conn) -> None:
    append_internal(db, [RULE | {"a": ["email", "a\0\ud800\U0001f600"]}], acting_user="\0")
    (event,), _ = decode_request(read_log(db, 10)[0])
    assert msgspec.json.decode(event.body)["a"] == ["email", "a\ufffd\ufffd\U0001f600"]


def test_many_internal_events_become_several_rows(db: Conn) -> None:
    position = append_internal(db, [RULE] * 2_501, acting_user="alice")
    rows = read_log(db, 10_000)
    assert [row.n for row in rows] == [2_500, 1]
    assert rows[-1].off == position.off


def test_waiting_ends_when_the_processor_has_come_past(db: Conn, pg_url: str) -> None:
    position = append_internal(db, [RULE], acting_user="alice")
    assert not wait_until_processed(db, position, timeout_s=0.05)

    def process() -> None:
        time.sleep(0.1)
        with connect(pg_url, "processor") as other:
            lock_positions(other)
            advance(other, read_log(other, 10))

    thread = threading.Thread(target=process)
    thread.start()
    assert wait_until_processed(db, position, timeout_s=5)
    thread.join()
    later = append_internal(db, [RULE], acting_user="alice")
    assert not wait_until_processed(db, later, timeout_s=0.05)
