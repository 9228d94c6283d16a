"""Rows as a file that others read: CSV, XLSX or Parquet, made piece by piece however many rows there are.

Spreadsheets run nothing of what stands in a cell: in CSV an apostrophe goes before what they take for a formula, in
XLSX such a cell is marked as text. Parquet has every value as it is.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from onefold.kernel.errors import Rejected
from onefold.kernel.spreadsheets import is_formula

MAX_ROWS: Final = 5_000_000
MAX_SHEET_ROWS: Final = 1_048_575
"""Of XLSX, below the head: a sheet has no more."""
MAX_SHEET_TEXT: Final = 32_767
"""Letters in a cell of XLSX; longer texts are cut off there."""
CHUNK: Final = 1 << 19  # bytes
Row = Sequence[Any]
Piece = tuple[bytes, int]
"""Bytes of the file, and how many rows were written since the last piece; one of both may be nothing."""


class FormatRejected(Rejected):
    """There is no such kind of file."""

    code = "export_format_invalid"


class Column(NamedTuple):
    """A column. `kind`: text, number, money, flag, date, moment or texts; values of text may be anything."""

    name: str
    kind: str = "text"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What is exported: batches of rows as of one moment; `total` as far as it is known."""

    columns: Sequence[Column]
    batches: Iterator[Sequence[Row]]
    total: int


@dataclass(frozen=True)
class Format:
    """A kind of file. `name` is also the ending of its name."""

    name: str
    content_type: str
    most_rows: int
    write: Callable[[Sequence[Column], Iterable[Sequence[Row]]], Iterator[Piece]]


def format_named(name: str) -> Format:
    """Raises FormatRejected, which lists them."""
    if name not in FORMATS:
        raise FormatRejected(f"Lists are exported as {', '.join(FORMATS)}, not as {name[:40]!r}.")
    return FORMATS[name]


def safe_cell(value: object) -> str:
    """As text that no spreadsheet takes for a formula."""
    text = plain(value)
    return f"'{text}" if is_formula(text) else text


def plain(value: object) -> str:
    """A value as text: moments in UTC, numbers to the last digit, several texts by commas, else JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return msgspec.json.encode(value).decode()


def _csv(columns: Sequence[Column], batches: Iterable[Sequence[Row]]) -> Iterator[Piece]:
    yield _lines([[one.name for one in columns]]), 0
    for batch in batches:
        yield _lines([[safe_cell(value) for value in row] for row in batch]), len(batch)


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _xlsx(columns: Sequence[Column], batches: Iterable[Sequence[Row]]) -> Iterator[Piece]:
    """By a file on this machine's disk: memory stays that of a row, and what it is made of can't be told before."""
    with tempfile.TemporaryDirectory(prefix="onefold-export-") as folder:
        path = Path(folder) / "export.xlsx"
        sheet = _Sheet(path, columns)
        try:
            for batch in batches:
                sheet.add(batch)
                yield b"", len(batch)
        finally:
            sheet.close()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk, 0


class _Sheet:
    """A workbook of one sheet, written from top to bottom."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        from xlsxwriter import Workbook  # 10 MB, wanted seldom

        self._book = Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
        self._sheet = self._book.add_worksheet("Onefold")
        self._text = self._book.add_format({"quote_prefix": True})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._n = 0
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, max(len(columns) - 1, 0), 18)
        self.add([[one.name for one in columns]])

    def add(self, batch: Sequence[Row]) -> None:
        for row in batch:
            for place, value in enumerate(row):
                self._write(place, value)
            self._n += 1

    def close(self) -> None:
        self._book.close()

    def _write(self, place: int, value: object) -> None:
        match value:
            case None | "":
                return
            case bool():
                self._sheet.write_boolean(self._n, place, value)
            case int() | float() | Decimal():
                self._sheet.write_number(self._n, place, value)
            case datetime():
                # spreadsheets know no zones: UTC, as the other formats say it
                self._sheet.write_datetime(self._n, place, value.astimezone(UTC).replace(tzinfo=None), self._moment)
            case date():
                self._sheet.write_datetime(self._n, place, value, self._day)
            case _:
                text = plain(value)[:MAX_SHEET_TEXT]
                self._sheet.write_string(self._n, place, text, self._text if is_formula(text) else None)


def _parquet(columns: Sequence[Column], batches: Iterable[Sequence[Row]]) -> Iterator[Piece]:
    import pyarrow as pa  # heavy, wanted seldom
    import pyarrow.parquet as pq

    types = {
        "number": pa.float64(),
        "money": pa.decimal128(20, 2),
        "flag": pa.bool_(),
        "date": pa.date32(),
        "moment": pa.timestamp("us", tz="UTC"),
        "texts": pa.list_(pa.string()),
    }
    schema = pa.schema([(one.name, types.get(one.kind, pa.string())) for one in columns])
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            columns_ = zip(*batch, strict=True) if batch else ([] for _ in columns)
            arrays = [
                pa.array([_typed(one.kind, value) for value in values], kind)
                for one, kind, values in zip(columns, schema.types, columns_, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            yield sink.taken(), len(batch)
    yield sink.taken(), 0


def _typed(kind: str, value: object) -> object:
    """As the column holds it; no value where text is missing stays an empty text."""
    if kind == "text":
        return plain(value)
    return float(value) if kind == "number" and isinstance(value, Decimal) else value


class _Sink(io.RawIOBase):
    """A file that is only written; what was written is taken away as it comes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:  # noqa: ANN401  (whatever has bytes)
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def taken(self) -> bytes:
        found = b"".join(self._parts)
        self._parts.clear()
        return found


FORMATS: Final = {
    one.name: one
    for one in (
        Format("csv", "text/csv; charset=utf-8", MAX_ROWS, _csv),
        Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", MAX_SHEET_ROWS, _xlsx),
        Format("parquet", "application/vnd.apache.parquet", MAX_ROWS, _parquet),
    )
}
