"""An engine for all tests of a process, and a database that nobody else uses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from onefold.config import EngineSettings
from onefold.infra.postgres import connect
from onefold.lake.engines.duckdb import DuckDBEngine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckDBEngine:
    return DuckDBEngine(EngineSettings(), Path(tmp_path_factory.mktemp("duckdb")))


@pytest.fixture
def conn(pg_url: str) -> Iterator[Connection[Any]]:
    with connect(pg_url, "tests", autocommit=True) as connection:
        yield connection
