"""DuckDB scans files that Python code opens, and asks only for what it needs."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from onefold.lake.scanning import scannable

FILES = 12


@pytest.fixture
def found(tmp_path: Path) -> ds.FileSystemDataset:
    """Files of two months, of which one lacks a column."""
    for month in ("2026-01", "2026-02"):
        (tmp_path / f"month={month}").mkdir()
    paths = []
    for n in range(FILES):
        path = f"month=2026-0{1 + n % 2}/{n}.parquet"
        columns: dict[str, Any] = {"n": [n * 10 + k for k in range(10)], "text": ["x" * 100] * 10}
        if n:
            columns["late"] = [float(n)] * 10
        pq.write_table(pa.table(columns), tmp_path / path)
        paths.append(path)
    schema = pa.schema([("n", pa.int64()), ("text", pa.string()), ("late", pa.float64()), ("month", pa.string())])
    parts = ds.partitioning(pa.schema([schema.field("month")]), flavor="hive")
    store = PyFileSystem(DeltaStorageHandler(str(tmp_path)))
    return ds.dataset(paths, schema=schema, filesystem=store, format="parquet", partitioning=parts)


def test_rows_are_the_same(found: ds.FileSystemDataset) -> None:
    with duckdb.connect() as memory:
        memory.register("given", found.to_table())
        memory.register("scanned", scannable(found))
        for query in (
            "select * from {} order by n",
            "select sum(n), count(late), max(late) from {}",
            "select month, count(*) from {} where n >= 25 group by month order by month",
            "select n from {} where month = '2026-02' and late > 3 order by n limit 5",
            "select count(*) from {} a join {} b using (n)",
        ):
            wanted, scanned = (memory.sql(query.replace("{}", name)).fetchall() for name in ("given", "scanned"))
            assert scanned == wanted


def test_only_named_columns_are_read(found: ds.FileSystemDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    safe = scannable(found)
    asked: list[Any] = []
    plain = type(safe).scanner

    def noting(self: Any, **options: Any) -> Any:
        asked.append((options["columns"], str(options["filter"])))
        return plain(self, **options)

    monkeypatch.setattr(type(safe), "scanner", noting)
    with duckdb.connect() as memory:
        memory.register("scanned", safe)
        assert memory.sql("select n from scanned where n > 115").fetchall() == [(116,), (117,), (118,), (119,)]
    assert asked[-1] == (["n"], "(n > 115)")
