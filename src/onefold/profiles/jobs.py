"""What the worker does for lists of people: exports."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final
from urllib.parse import parse_qs

from procrastinate import Blueprint, RetryStrategy
from psycopg import Connection

from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect
from onefold.kernel.errors import Rejected
from onefold.profiles.exports import (
    MAX_PEOPLE,
    TASK,
    Export,
    Progress,
    add_lines,
    claim_export,
    end_export,
    remove_old_exports,
)
from onefold.profiles.naming import names_in_force
from onefold.profiles.people import count_of
from onefold.profiles.people_export import csv_of
from onefold.profiles.people_state import state_of

PIECE_LENGTH: Final = 500_000
MAX_TRIES: Final = 3

log = get_logger(__name__)


def export_jobs(url: str, retry: RetryStrategy) -> Blueprint:
    """Exports: at once when one is asked for (`infra.waking`), and every minute for what a dead worker left."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="make_exports", queueing_lock=TASK, retry=retry)
    def exports(timestamp: int) -> None:
        made = make_exports(url)
        log.debug("exports_made", count=made)

    return blueprint


def make_exports(url: str) -> int:
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
                made += _make(conn, reader, export)
            except Rejected as fault:  # a field of the list is no more
                end_export(conn, export, None, fault=str(fault))
    return made


def _make(conn: Connection[Any], reader: Connection[Any], export: Export) -> bool:
    """Whether it was made; not when it was removed meanwhile."""
    names, state = names_in_force(reader), state_of(_Address(export.address))
    total = count_of(reader, names, state, is_masked=export.is_masked, cap=MAX_PEOPLE)
    progress = Progress(total)
    with closing(csv_of(reader, names, state, ids=None, is_masked=export.is_masked)) as rows:
        for n, (text, people) in enumerate(_pieces(rows)):
            size = progress.size + len(text.encode())
            progress = progress._replace(people=progress.people + people, size=size)
            if not add_lines(conn, export, n, text, progress):
                return False
            if progress.is_full:
                break
    return end_export(conn, export, progress)


def _pieces(rows: Iterator[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """The same lines in fewer pieces."""
    parts: list[str] = []
    people = length = 0
    for text, count in rows:
        parts.append(text)
        people, length = people + count, length + len(text)
        if length >= PIECE_LENGTH:
            yield "".join(parts), people
            parts, people, length = [], 0, 0
    if parts:
        yield "".join(parts), people


class _Address:
    """An address read without Django (`lists.api.Parameters`)."""

    def __init__(self, text: str) -> None:
        self._given = parse_qs(text, keep_blank_values=True)

    def get(self, key: str, default: str) -> str:
        return self._given.get(key, [default])[-1]

    def getlist(self, key: str, /) -> list[Any]:
        return self._given.get(key, [])
