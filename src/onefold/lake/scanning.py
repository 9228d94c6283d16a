"""Datasets that DuckDB can scan while their files are opened by Python code."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds


def scannable(found: ds.FileSystemDataset) -> ds.FileSystemDataset:
    """The same files, for DuckDB. Without this a scan may stand still for ever.

    DuckDB asks a dataset for `scanner(…).to_reader()`, and pyarrow holds Python's lock while it starts one. A thread of
    its own may by then hold the scan's lock and wait for Python's, to open the next file through a file system that is
    written in Python, as Delta's is. `scan_batches` is the same without holding it.
    """
    return _Dataset(list(found.get_fragments()), found.schema, found.format, found.filesystem)


class _Dataset(ds.FileSystemDataset):  # type: ignore[misc] # pyarrow has no types
    def scanner(self, *args: Any, **options: Any) -> "_Scanner":  # noqa: ANN401 passed on
        """As pyarrow's, with another `to_reader`."""
        return _Scanner(super().scanner(*args, **options))


class _Scanner:
    def __init__(self, scanner: ds.Scanner) -> None:
        self._scanner = scanner

    def to_reader(self) -> pa.RecordBatchReader:
        """The batches in order, read ahead."""
        return pa.RecordBatchReader.from_batches(self._scanner.projected_schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for tagged in self._scanner.scan_batches():
            yield tagged.record_batch
