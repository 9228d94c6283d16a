"""Writes a result into the job's folder: JSON, CSV or Parquet. Stops at the job's bounds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from onefold.insights.cells import value_of
from onefold.insights.job import MAX_CELL, RESULT, Form, Job

FORMULA: Final = r"^[=+\-@\t\r]"
JSON_CELLS: Final = 20_000
JSON_BYTES: Final = 1_000_000
"""What becomes Python's at a time."""
_AS_THEY_ARE: Final = (pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_string)
"""Types whose values JSON has."""
HARMLESS: Final = r"^[+-]?\d[\d ]*(\.\d+)?$"


@dataclass(frozen=True, kw_only=True)
class Written:
    """What is in the file; `is_cut`: there would have been more."""

    columns: tuple[tuple[str, str], ...]
    rows: int
    is_cut: bool


class Writer(Protocol):
    """Takes batches; pyarrow's writers do."""

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Appends."""

    def close(self) -> None:
        """Makes an end."""


def write(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], columns: Sequence[tuple[str, str]], job: Job
) -> Written:
    """Rows until the job's bounds. Memory: a batch, or for Parquet a row group."""
    path = Path(job.folder, RESULT)
    sink = pa.OSFile(str(path), "wb")
    writer, prepare = _writer(schema, sink, job.form)
    rows = size = 0
    is_cut = False
    try:
        for batch in batches if job.form in ("csv", "parquet") else _small(batches):
            if rows >= job.max_rows or size >= job.max_bytes:
                is_cut = True
                break
            part = _fitting(batch.slice(0, job.max_rows - rows), job.max_bytes - size)
            is_cut = part.num_rows < batch.num_rows
            writer.write_batch(prepare(part))
            rows += part.num_rows
            size = max(size + part.nbytes, sink.tell())
            if is_cut:
                break
    finally:
        writer.close()
        sink.close()
    return Written(columns=tuple(columns), rows=rows, is_cut=is_cut)


def _small(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """In pieces of which each is small as JSON, too: in Arrow a null takes no byte, a list of them as little."""
    for batch in batches:
        is_nested = any(pa.types.is_nested(kind) for kind in batch.schema.types)
        by_size = batch.num_rows * JSON_BYTES // max(1, batch.nbytes)
        rows = 1 if is_nested else max(1, min(by_size, JSON_CELLS // max(1, batch.num_columns)))
        yield from (batch.slice(first, rows) for first in range(0, max(1, batch.num_rows), rows))


def _fitting(batch: pa.RecordBatch, size: int) -> pa.RecordBatch:
    """About as many rows as have that many bytes, one at least: a batch of long texts is large."""
    return batch if batch.nbytes <= size else batch.slice(0, max(1, batch.num_rows * size // batch.nbytes))


class _JsonWriter:
    """One list of rows, each a list."""

    def __init__(self, sink: pa.NativeFile, max_cell: int | None) -> None:
        self._sink, self._max_cell = sink, max_cell
        self._before = b"["

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """As of Writer."""
        columns = [self._values(column) for column in batch.columns]
        for row in zip(*columns, strict=True):
            self._sink.write(self._before + msgspec.json.encode(row))
            self._before = b",\n"

    def close(self) -> None:
        """As of Writer."""
        self._sink.write(b"[]" if self._before == b"[" else b"]")

    def _values(self, column: pa.Array) -> list[Any]:
        is_plain = any(is_kind(column.type) for is_kind in _AS_THEY_ARE)
        values = column.to_pylist() if is_plain else [value_of(scalar) for scalar in column]
        return values if self._max_cell is None else [_short(value, self._max_cell) for value in values]


def _short(value: object, letters: int) -> object:
    """As a page shows it."""
    if isinstance(value, list | dict):
        value = msgspec.json.encode(value).decode()
    return f"{value[:letters]}…" if isinstance(value, str) and len(value) > letters else value


def _writer(schema: pa.Schema, sink: pa.NativeFile, form: Form) -> tuple[Writer, Any]:
    if form == "parquet":
        import pyarrow.parquet as pq

        names = _distinct(schema.names)
        renamed = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
        return pq.ParquetWriter(sink, renamed, compression="zstd"), lambda batch: batch.rename_columns(names)
    if form == "csv":
        import pyarrow.csv as pacsv

        kinds = [_plain_type(kind) for kind in schema.types]
        plain = pa.schema([pa.field(name, kind) for name, kind in zip(_disarmed(schema.names), kinds, strict=True)])
        return pacsv.CSVWriter(sink, plain), lambda batch: _plain_batch(batch, plain)
    return _JsonWriter(sink, MAX_CELL if form == "page" else None), lambda batch: batch


def _disarmed(names: Sequence[str]) -> list[str]:
    """Of columns: a table calculator takes a formula there, too."""
    return [f"'{name}" if re.match(FORMULA, name) else name for name in names]


def _distinct(names: Sequence[str]) -> list[str]:
    """Parquet's readers want each name once: the second `a` is `a_2`."""
    found: list[str] = []
    for name in names:
        number, tried = 1, name
        while tried in found:
            number += 1
            tried = f"{name}_{number}"
        found.append(tried)
    return found


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """What CSV can say; all else as JSON."""
    is_plain = pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return kind if is_plain or pa.types.is_decimal(kind) or pa.types.is_date(kind) else pa.string()


def _plain_batch(batch: pa.RecordBatch, plain: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch(
        [_column(column, field.type) for column, field in zip(batch.columns, plain, strict=True)], plain
    )


def _column(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    kind = column.type
    if kind == wanted and not pa.types.is_string(kind):
        return column
    if pa.types.is_timestamp(kind):
        said = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S%z" if kind.tz else "%Y-%m-%dT%H:%M:%S")
        return pc.replace_substring_regex(said, r"([+-]\d\d)(\d\d)$", r"\1:\2") if kind.tz else said
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
    if not pa.types.is_string(column.type):
        column = pa.array([None if value is None else _text(value) for value in _values(column)], pa.string())
    is_formula = pc.and_(
        pc.match_substring_regex(column, FORMULA), pc.invert(pc.match_substring_regex(column, HARMLESS))
    )
    return pc.if_else(pc.fill_null(is_formula, False), pc.binary_join_element_wise("'", column, ""), column)


def _values(column: pa.Array) -> Iterator[Any]:
    return (value_of(scalar) for scalar in column)


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
