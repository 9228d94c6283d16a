"""The worker keeps the lake in order: what it starts when."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from onefold.config import Settings, load_settings
from onefold.programs import lake_keeping


@pytest.mark.parametrize("waiting", [lake_keeping.FLUSH_AT, 1])
def test_flushes_and_thaws_go_on_beside_a_long_compaction(
    waiting: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings({"ONEFOLD_LAKE_FLUSH_S": "1", "ONEFOLD_DATA_DIR": str(tmp_path)})
    ran: list[str] = []

    async def run(_: Settings, stopping: asyncio.Event, arguments: Sequence[str]) -> None:
        action = arguments[-1]
        ran.append(action)
        if action == "compact":
            await stopping.wait()
        elif "compact" in ran and ran[ran.index("compact") :].count("flush") == 2:
            stopping.set()

    monkeypatch.setattr(lake_keeping, "run_to_end", run)
    monkeypatch.setattr(lake_keeping, "_look", lambda _: (waiting, True))
    monkeypatch.setattr(lake_keeping, "LOOK_S", 0.05)
    asyncio.run(lake_keeping.keep_lake(settings, asyncio.Event()))
    assert ran.count("compact") == 1
    assert "thaw" in ran[ran.index("compact") :]
    if waiting < lake_keeping.FLUSH_AT:
        assert ran.count("flush") < 6, "few events wait for their time"


def test_nothing_is_started_while_the_database_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({"ONEFOLD_LAKE_FLUSH_S": "1", "ONEFOLD_DATA_DIR": str(tmp_path)})
    stopping, looks = asyncio.Event(), 0

    def look(_: Settings) -> tuple[None, bool]:
        nonlocal looks
        looks += 1
        if looks == 30:
            stopping.set()
        return None, False

    async def run(*_: object) -> None:
        pytest.fail("something was started")

    monkeypatch.setattr(lake_keeping, "run_to_end", run)
    monkeypatch.setattr(lake_keeping, "_look", look)
    monkeypatch.setattr(lake_keeping, "LOOK_S", 0.05)
    asyncio.run(lake_keeping.keep_lake(settings, stopping))
    assert looks >= 30
