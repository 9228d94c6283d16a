"""An engine for all tests of a process, and a database that nobody else uses."""

from pathlib import Path

import pytest

from onefold.config import EngineSettings
from onefold.lake.engines.duckdb import DuckDBEngine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckDBEngine:
    return DuckDBEngine(EngineSettings(), Path(tmp_path_factory.mktemp("duckdb")))
