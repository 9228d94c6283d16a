"""What a batch costs in rows: those that its statements read, wrote or deleted. A count, so that no clock is asked."""

import json
from typing import Any, Self

from psycopg import Connection, Cursor

from onefold.events.api import LogRow, Trust
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.steps import process
from tests.log import read_log

SOURCE = 2
RECEIVED = 1_795_315_602_551_000  # 2026-11-22T02:46:42.551Z
SECOND_US = 1_000_000
REQUEST = 1_000
BULK = 1  # the interactive lane is for what Onefold logs itself


class Counting(Cursor[Any]):
    """Remembers itself for each statement, because in a pipeline the number of rows is known later."""

    used: list["Counting"] = []  # noqa: RUF012 one for all

    def execute(self, *arguments: Any, **more: Any) -> Self:
        """As usual."""
        Counting.used.append(self)
        return super().execute(*arguments, **more)


class Worker:
    """Processes batches as the processor does, second after second, and counts."""

    def __init__(self, conn: Connection[Any]) -> None:
        self._conn = conn
        self._conn.execute(
            "insert into source (id, slug, name, kind) values (%s, 'hostile', 'Hostile', 'browser')", [SOURCE]
        )
        self._conn.cursor_factory = Counting
        self._off = 0

    def batch(self, events: list[dict[str, Any]], trust: Trust = Trust.SECRET) -> int:
        """Processes `events`, each with a message id of its own; the rows that this took."""
        rows = [self._row(events[start : start + REQUEST], trust) for start in range(0, len(events), REQUEST)]
        Counting.used.clear()
        with self._conn.transaction():
            context = load_context(self._conn)
            batch, _ = process(self._conn, context, prepare(rows, context))
        assert len(batch.accepted) == len(events)
        return _rows_used()

    def catch_up(self) -> int:
        """Processes what Onefold logged itself meanwhile; the rows that this took, 0 = there was nothing."""
        with self._conn.transaction():
            context = load_context(self._conn)
            rows = read_log(self._conn, REQUEST * 10)
            Counting.used.clear()
            if not rows:
                return 0
            process(self._conn, context, prepare(rows, context))
        return _rows_used()

    def _row(self, events: list[dict[str, Any]], trust: Trust) -> LogRow:
        self._off += 1
        for index, event in enumerate(events):
            event["messageId"] = f"m-{self._off}-{index}"
        body = json.dumps({"batch": events}).encode()
        received = RECEIVED + self._off * SECOND_US
        return LogRow(1, 1_000, self._off, BULK, SOURCE, trust, received, len(events), "", "", body)


def _rows_used() -> int:
    return sum(max(cursor.rowcount, 0) for cursor in Counting.used)
