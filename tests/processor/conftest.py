"""A cluster apart for tests that keep transactions open: in the shared one they would hold the log's readers back."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from onefold.config import load_settings
from onefold.infra import embedded
from onefold.infra.postgres import connect
from onefold.programs.migrate import migrate
from tests.conftest import UNSAFE_BUT_FAST, led_back


@pytest.fixture(scope="session")
def lone_db(test_folder: Path, django_db_blocker: Any) -> Iterator[Connection[Any]]:
    """Autocommit connection to a migrated database that nobody else uses."""
    folder = test_folder / f"lone-{os.getpid()}"  # each worker's own
    server = embedded.start(load_settings({"ONEFOLD_DATA_DIR": str(folder)}), UNSAFE_BUT_FAST)
    try:
        with led_back(django_db_blocker):
            migrate(load_settings({"DATABASE_URL": server.url}))
        with connect(server.url, "tests", autocommit=True) as connection:
            yield connection
    finally:
        server.stop()
