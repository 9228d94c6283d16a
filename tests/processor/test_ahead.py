"""Reading ahead: in turns with the batch at hand, and gone at once when it is left."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from onefold.events.api import LogRow, Trust, lock_positions
from onefold.infra.postgres import connect
from onefold.programs.processor import ahead as module
from onefold.programs.processor.ahead import LONGEST_HELD_UP_S, Ahead
from onefold.programs.processor.context import Context, load_context

ROWS = 200


@pytest.fixture
def conn(pg_url: str, db: Connection[Any]) -> Iterator[Connection[Any]]:
    with connect(pg_url, "batches") as found:
        yield found


@pytest.fixture
def prepared_rows(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The log holds ROWS requests; when each was prepared (a row waits for its turn first)."""
    rows = [LogRow(1, 1, off, 0, 2, Trust.SECRET, off, 1, "", "", b"{}") for off in range(ROWS)]
    at: list[float] = []

    def decode(*_: Any) -> Iterator[Any]:
        at.append(time.monotonic())
        return iter(())

    monkeypatch.setattr(module, "read_batch", lambda *_: rows)
    monkeypatch.setattr("onefold.programs.processor.accept.decode_each", decode)
    return at


def begin(ahead: Ahead, conn: Connection[Any]) -> Context:
    with conn.transaction():
        context, positions = load_context(conn), lock_positions(conn)
    ahead.begin(positions, context, ROWS)
    return context


def test_it_goes_on_while_the_batch_at_hand_waits_for_the_server(
    conn: Connection[Any], prepared_rows: list[float]
) -> None:
    with Ahead(conn, conn) as ahead:
        begin(ahead, conn)
        for _ in range(20):
            conn.execute("select pg_sleep(.05)")
            if len(prepared_rows) == ROWS:
                break
        assert len(prepared_rows) == ROWS


def test_it_holds_still_while_the_batch_at_hand_computes(conn: Connection[Any], prepared_rows: list[float]) -> None:
    with Ahead(conn, conn) as ahead:
        with pytest.raises(psycopg.errors.DivisionByZero):
            conn.execute("select 1 / 0")
        conn.rollback()
        begin(ahead, conn)
        time.sleep(10 * LONGEST_HELD_UP_S)
        assert len(prepared_rows) <= 15  # one now and then: should nobody ever wait again, it must not stand still


def test_who_waits_for_it_lets_it_run(conn: Connection[Any], prepared_rows: list[float]) -> None:
    with Ahead(conn, conn) as ahead:
        context = begin(ahead, conn)
        with conn.transaction():
            positions = lock_positions(conn)
        began = time.monotonic()
        found = ahead.find(positions, context)
        assert found is not None
        assert len(found.rows) == len(prepared_rows) == ROWS
        assert time.monotonic() - began < ROWS * LONGEST_HELD_UP_S / 4  # it didn't wait for its turn at each row


def test_left_in_the_middle_it_ends_at_once(conn: Connection[Any], prepared_rows: list[float]) -> None:
    with Ahead(conn, conn) as ahead:
        begin(ahead, conn)
        began = time.monotonic()
    assert time.monotonic() - began < ROWS * LONGEST_HELD_UP_S / 4
    assert len(prepared_rows) < ROWS
