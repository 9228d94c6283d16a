"""What the page shows of a run: some rows, or why there are none."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from onefold.accounts.api import Actor
from onefold.insights.acting import Failure, failure_of, run_for
from onefold.insights.asking import MAX_ROWS
from onefold.kernel.errors import OnefoldError
from onefold.profiles.api import to_text

MAX_CELLS: Final = 20_000
"""What a browser lays out without a wait; a download has all."""
_NUMBERS: Final = (
    "BIGINT",
    "INTEGER",
    "SMALLINT",
    "TINYINT",
    "HUGEINT",
    "UBIGINT",
    "UINTEGER",
    "USMALLINT",
    "UTINYINT",
)
_FRACTIONS: Final = ("DOUBLE", "FLOAT", "DECIMAL")


_ZONE: Final = re.compile(r"[+-]\d\d:\d\d$")
_SHORT: Final = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ", '"NULL"': "NULL"}


class Cell(NamedTuple):
    """A value. `kind`: null, number, text or profile, which links to a person."""

    text: str
    kind: str


class Head(NamedTuple):
    """A column. `type`: DuckDB's name."""

    name: str
    type: str
    is_number: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A result or a failure. `fresh_until`: everything processed by then is in it."""

    failure: Failure | None = None
    heads: tuple[Head, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    is_cut: bool = False
    seconds: float = 0.0
    fresh_until: datetime | None = None


def shown_of(actor: Actor, sql: str, run_id: UUID) -> Shown:
    """Runs it. What is wrong is shown beside the text, which a page of its own would take away."""
    try:
        with run_for(actor, sql, form="page", max_rows=MAX_ROWS["page"], run_id=run_id) as answer:
            report = answer.report
            most = max(1, MAX_CELLS // max(1, len(report.columns)))
            return Shown(
                heads=tuple(_head(name, kind) for name, kind in report.columns),
                rows=tuple(cell_rows(answer.rows()[:most], report.columns)),
                is_cut=report.is_cut or report.rows > most,
                seconds=report.seconds,
                fresh_until=answer.taken_at,
            )
    except OnefoldError as fault:
        return Shown(failure=failure_of(fault, sql))


def _head(name: str, kind: str) -> Head:
    return Head(name, _SHORT.get(kind, kind), kind.startswith((*_NUMBERS, *_FRACTIONS)))


def cell_rows(rows: Sequence[list[Any]], columns: Sequence[tuple[str, str]]) -> Iterator[tuple[Cell, ...]]:
    """Rows as a page shows them: ids of profiles as on other pages, instants without their zone."""
    kinds = ["profile" if name == "profile_id" and kind == "BIGINT" else kind for name, kind in columns]
    for row in rows:
        yield tuple(_cell(value, kind) for value, kind in zip(row, kinds, strict=True))


def _cell(value: Any, kind: str) -> Cell:  # noqa: ANN401 a value of JSON
    if value is None:
        return Cell("null", "null")
    if kind == "profile" and isinstance(value, int):
        return Cell(to_text(value), "profile")
    if isinstance(value, bool):
        return Cell("true" if value else "false", "text")
    if isinstance(value, int | float):
        return Cell(f"{value:.15g}" if isinstance(value, float) else str(value), "number")
    text = str(value)
    if kind.startswith("TIMESTAMP"):  # the page says once whose days these are
        return Cell(_ZONE.sub("", text).replace("T", " "), "text")
    return Cell(text, "number" if kind.startswith(_FRACTIONS) else "text")  # a decimal is a text in JSON
