"""Files of an object store as a dataset that DuckDB reads through pyarrow: SQL itself reaches no network."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from onefold.insights.job import JobTable
from onefold.lake.delta import schema_of
from onefold.lake.scanning import scannable
from onefold.lake.tables import Column


def dataset_of(table: JobTable, options: Mapping[str, str]) -> ds.Dataset:
    """The table's files; what a file lacks is null. Opens none of them yet."""
    schema = schema_of(Column(column.name, column.type, "") for column in table.columns)
    parts = pa.schema([schema.field(name) for name in table.partitions])
    store = PyFileSystem(DeltaStorageHandler(table.url, dict(options) or None))
    paths = [uri.removeprefix(f"{table.url}/") for uri in table.files]
    partitioning = ds.partitioning(parts, flavor="hive")
    return scannable(ds.dataset(paths, schema=schema, filesystem=store, format="parquet", partitioning=partitioning))
