"""What the worker does for lists: exports."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final
from urllib.parse import parse_qs

from procrastinate import Blueprint, RetryStrategy
from psycopg import Connection

from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect
from onefold.kernel.errors import Rejected
from onefold.lists.api import Parameters
from onefold.profiles import exports
from onefold.profiles.export_files import FORMATS, Piece, Row, Rows
from onefold.profiles.exports import TASK, Export, Progress, add_piece, claim_export, end_export, remove_old_exports
from onefold.profiles.more import more_fields_of_user
from onefold.profiles.naming import names_in_force
from onefold.profiles.people_export import people_rows
from onefold.profiles.people_fields import PeopleCatalogue
from onefold.profiles.people_state import state_of

PIECE_LENGTH: Final = 500_000  # bytes
PIECE_ROWS: Final = 5_000
"""So often it is told how far an export is whose file comes at the end."""
MAX_TRIES: Final = 3
OtherRows = Callable[[Connection[Any], Export, Parameters], Rows]
"""The rows of a list that isn't of people, by a connection for them alone. Raises Rejected."""

log = get_logger(__name__)


def export_jobs(url: str, retry: RetryStrategy, other_rows: OtherRows) -> Blueprint:
    """Exports: at once when one is asked for (`infra.waking`), and every minute for what a dead worker left."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="make_exports", queueing_lock=TASK, retry=retry)
    def exports(timestamp: int) -> None:
        made = make_exports(url, other_rows)
        log.debug("exports_made", count=made)

    return blueprint


def make_exports(url: str, other_rows: OtherRows | None = None) -> int:
    """Remove what is old, then make whatever waits; how many were made. Safe to run twice at once.

    A worker that dies leaves its export to a later run (`exports.SILENT`), which begins it anew.
    """
    made = 0
    with connect(url, "exports", autocommit=True) as conn, connect(url, "exports reader", autocommit=True) as reader:
        remove_old_exports(conn)
        while (export := claim_export(conn)) is not None:
            if export.tries > MAX_TRIES:
                end_export(conn, export, None, fault=f"Its worker stopped in the middle, {MAX_TRIES} times.")
                continue
            try:
                made += _make(conn, export, _rows(reader, export, other_rows))
            except Rejected as fault:  # a field of the list is no more, or its owner may do less
                end_export(conn, export, None, fault=str(fault))
    return made


def _rows(reader: Connection[Any], export: Export, other_rows: OtherRows | None) -> Rows:
    if export.object != "people" and other_rows is not None:
        return other_rows(reader, export, Address(export.address))
    most = FORMATS[export.format].most_rows
    more = more_fields_of_user(reader, export.user_id, is_masked=export.is_masked)
    catalogue = PeopleCatalogue(names_in_force(reader), export.is_masked, more)
    return people_rows(reader, catalogue, state_of(Address(export.address)), ids=None, cap=most)


def _make(conn: Connection[Any], export: Export, rows: Rows) -> bool:
    """Whether it was made; not when it was removed meanwhile."""
    made = FORMATS[export.format]
    taken = _Taken(rows.batches, made.most_rows)
    progress = Progress(rows.total)
    with ExitStack() as ending:
        for part in (taken.batches, written := made.write(rows.columns, taken)):
            ending.callback(getattr(part, "close", lambda: None))
        for n, (body, count) in enumerate(_pieces(written)):
            size = progress.size + len(body)
            progress = progress._replace(written=progress.written + count, size=size, is_cut=taken.is_cut)
            if not add_piece(conn, export, n, body, progress):
                return False
    return end_export(conn, export, progress)


class _Taken:
    """The batches of an export until it is full."""

    def __init__(self, batches: Iterator[Sequence[Row]], most_rows: int) -> None:
        self.batches = batches
        self.is_cut = False
        self._left = most_rows
        self._size = 0

    def __iter__(self) -> Iterator[Sequence[Row]]:
        for batch in self.batches:
            if self._left <= 0 or self._size >= exports.MAX_SIZE:
                self.is_cut = True
                return
            self.is_cut = len(batch) > self._left
            yield batch[: self._left]
            self._left -= len(batch)
            self._size += sum(len(value) if isinstance(value, str) else 8 for row in batch for value in row)


def _pieces(parts: Iterator[Piece]) -> Iterator[Piece]:
    """The same bytes in fewer pieces."""
    kept: list[bytes] = []
    rows = size = 0
    for body, count in parts:
        kept.append(body)
        rows, size = rows + count, size + len(body)
        if size >= PIECE_LENGTH or rows >= PIECE_ROWS:
            yield b"".join(kept), rows
            kept, rows, size = [], 0, 0
    if kept:
        yield b"".join(kept), rows


class Address:
    """An address read without Django (`lists.api.Parameters`)."""

    def __init__(self, text: str) -> None:
        self._given = parse_qs(text, keep_blank_values=True)

    def get(self, key: str, default: str) -> str:
        return self._given.get(key, [default])[-1]

    def getlist(self, key: str, /) -> list[Any]:
        return self._given.get(key, [])
