"""Which files are made into one. Pure."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from onefold.lake.snapshot import File
from onefold.lake.tables import FRESH_MONTH

FRESH_ROWS: Final = 1_000_000
"""Rows of fresh files that are filed at once."""
MIN_FRESH_FILES: Final = 8
SIMILAR: Final = 2
"""A file joins smaller ones if it is at most so many times as large as all of them: no row is rewritten often."""
MIN_MERGED: Final = 4


def is_fresh(file: File) -> bool:
    """Whether its rows are not filed by month and bucket."""
    return file.partition.get("month") == FRESH_MONTH


def fresh_groups(files: Sequence[File], *, everything: bool = False) -> Iterator[list[File]]:
    """Fresh files to be filed together: once there are MIN_FRESH_FILES or FRESH_ROWS of them, or in any case."""
    fresh = sorted((file for file in files if is_fresh(file)), key=lambda file: file.uri)
    if not everything and len(fresh) < MIN_FRESH_FILES and sum(file.rows for file in fresh) < FRESH_ROWS:
        return
    yield from _pieces(fresh)


def cell_groups(files: Sequence[File], open_month: str, *, everything: bool = False) -> Iterator[list[File]]:
    """Files of one month and bucket that become one.

    Of the open month (and later ones, by wrong clocks) those of similar size, so that a row is rewritten about
    log(rows) times; of a month that is over all of them.
    """
    filed = sorted((file for file in files if not is_fresh(file)), key=_cell)
    for (month, _bucket), members in groupby(filed, key=_cell):
        found = sorted(members, key=lambda file: (file.rows, file.uri))
        merged = found if everything or month < open_month else _similar(found)
        if len(merged) > 1:
            yield merged


def lacking_groups(files: Sequence[File], is_lacking: Callable[[File], bool]) -> Iterator[list[File]]:
    """Files that are rewritten because they lack something: of each month and bucket, FRESH_ROWS at a time."""
    for _, members in groupby(sorted(files, key=_cell), key=_cell):
        yield from _pieces([file for file in members if is_lacking(file)])


def _pieces(files: Sequence[File]) -> Iterator[list[File]]:
    """Together at most FRESH_ROWS, or one file."""
    piece: list[File] = []
    for file in files:
        if piece and sum(one.rows for one in piece) + file.rows > FRESH_ROWS:
            yield piece
            piece = []
        piece.append(file)
    if piece:
        yield piece


def _similar(ascending: Sequence[File]) -> list[File]:
    merged: list[File] = []
    for file in ascending:
        if merged and file.rows > SIMILAR * sum(one.rows for one in merged):
            break
        merged.append(file)
    return merged if len(merged) >= MIN_MERGED else []


def _cell(file: File) -> tuple[str, str]:
    return file.partition["month"], file.partition["bucket"]
