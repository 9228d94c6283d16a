"""Asks a small lake (lake.py) through the real child process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onefold.config import Settings, load_settings
from onefold.insights import asking
from onefold.insights.asking import Question
from onefold.lake.snapshot import Snapshot
from tests.insights import lake
from tests.web.conftest import (
    _pool,
    _quick_passwords,
    alice,
    bob,
    charlie,
    processor,
    robot,
    shop,
    transactional_users,
)

__all__ = [
    "_pool",
    "_quick_passwords",
    "alice",
    "bob",
    "charlie",
    "processor",
    "robot",
    "shop",
    "transactional_users",
]

Ask = Callable[..., list[Any]]


@pytest.fixture
def sandboxed(tmp_path: Path) -> Settings:
    """Little time and memory."""
    return load_settings(
        {
            "ONEFOLD_DATA_DIR": str(tmp_path / "data"),
            "ONEFOLD_SQL_TIMEOUT_S": "10",
            "ONEFOLD_SQL_MEMORY_MB": "200",
            "ONEFOLD_SQL_DISK_MB": "50",
        }
    )


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """Of the small lake."""
    return lake.small(tmp_path / "lake")


@pytest.fixture
def ask(sandboxed: Settings, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """`ask("select 1")` → rows; `is_masked` and other fields of a Question by name. Nothing may be left behind."""
    monkeypatch.setattr(asking, "snapshot_of", lambda *_: snapshot)

    def rows(sql: str, *, is_masked: bool = False, **more: Any) -> list[Any]:
        question = Question(sql=sql, is_masked=is_masked, **more)
        with asking.ask(sandboxed, question, lambda: False) as answer:
            return answer.rows()

    yield rows
    assert list((sandboxed.database.data_dir / "sql").glob("sql-*")) == []
