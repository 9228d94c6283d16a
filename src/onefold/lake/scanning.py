"""Datasets that DuckDB can scan while their files are opened by Python code."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.dataset as ds

NEAR: Final = {"fragment_readahead": 1, "batch_readahead": 2}
"""Of files on this machine little is read ahead: what pyarrow would hold of wide rows is hundreds of megabytes."""


def scannable(found: ds.FileSystemDataset, *, is_near: bool = False) -> ds.FileSystemDataset:
    """The same files, for DuckDB; `is_near`: on this machine. Without this a scan may stand still for ever.

    DuckDB asks a dataset for `scanner(…).to_reader()`, and pyarrow holds Python's lock while it starts one. A thread of
    its own may by then hold the scan's lock and wait for Python's, to open the next file through a file system that is
    written in Python, as Delta's is. `scan_batches` is the same without holding it.
    """
    dataset = _Dataset(list(found.get_fragments()), found.schema, found.format, found.filesystem)
    dataset.read_ahead = NEAR if is_near else {}
    return dataset


class _Dataset(ds.FileSystemDataset):  # type: ignore[misc] # pyarrow has no types
    read_ahead: Mapping[str, int]

    def scanner(self, *args: Any, **options: Any) -> "_Scanner":  # noqa: ANN401 passed on
        """As pyarrow's, with another `to_reader`."""
        return _Scanner(super().scanner(*args, **{**options, **self.read_ahead}))


class _Scanner:
    def __init__(self, scanner: ds.Scanner) -> None:
        self._scanner = scanner

    def to_reader(self) -> pa.RecordBatchReader:
        """The batches in order, read ahead."""
        return pa.RecordBatchReader.from_batches(self._scanner.projected_schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for tagged in self._scanner.scan_batches():
            yield tagged.record_batch
