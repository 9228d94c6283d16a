"""Writes a result into the job's folder: Arrow for pages and JSON, CSV, Parquet. Stops at the job's bounds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from onefold.insights.job import RESULT, Job

FORMULA: Final = r"^[=+\-@\t\r]"
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
        for batch in batches:
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


def _fitting(batch: pa.RecordBatch, size: int) -> pa.RecordBatch:
    """About as many rows as have that many bytes, one at least: a batch of long texts is large."""
    return batch if batch.nbytes <= size else batch.slice(0, max(1, batch.num_rows * size // batch.nbytes))


def _writer(schema: pa.Schema, sink: pa.NativeFile, form: str) -> tuple[Writer, Any]:
    if form == "parquet":
        import pyarrow.parquet as pq

        names = _distinct(schema.names)
        renamed = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
        return pq.ParquetWriter(sink, renamed, compression="zstd"), lambda batch: batch.rename_columns(names)
    if form == "csv":
        import pyarrow.csv as pacsv

        plain = pa.schema(
            [pa.field(name, _plain_type(kind)) for name, kind in zip(schema.names, schema.types, strict=True)]
        )
        return pacsv.CSVWriter(sink, plain), lambda batch: _plain_batch(batch, plain)
    return pa.ipc.new_file(sink, schema), lambda batch: batch


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
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%S%z" if kind.tz else "%Y-%m-%dT%H:%M:%S")
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
    if not pa.types.is_string(column.type):
        column = pa.array([None if value is None else _text(value) for value in _values(column)], pa.string())
    is_formula = pc.and_(
        pc.match_substring_regex(column, FORMULA), pc.invert(pc.match_substring_regex(column, HARMLESS))
    )
    return pc.if_else(pc.fill_null(is_formula, False), pc.binary_join_element_wise("'", column, ""), column)


def _values(column: pa.Array) -> Iterator[Any]:
    from onefold.insights.cells import value_of

    return (value_of(scalar) for scalar in column)


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
