"""The command: its words, its exit codes, and what it says when something is wrong."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from onefold.programs import cli

COMMAND = str(Path(sys.executable).with_name("onefold"))


def onefold(*arguments: str, environ: dict[str, str], said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments], env=environ, input=said, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_names_every_command() -> None:
    text = onefold("--help", environ={}).stdout
    for name in ("up", "demo", "run", "migrate", "createuser", "rebuild", "doctor"):
        assert f"\n    {name}" in text


def test_unknown_process_is_refused_with_what_is_allowed() -> None:
    answer = onefold("run", "everything", environ={})
    assert answer.returncode == 2
    assert all(name in answer.stderr for name in cli.PROCESSES)


def test_wrong_settings_are_told_without_a_stack() -> None:
    answer = onefold("doctor", environ={"ONEFOLD_WEB_PORT": "0", "ONEFOLD_LOG_LEVEL": "loud"})
    assert answer.returncode == 2
    assert "ONEFOLD_WEB_PORT" in answer.stderr
    assert "ONEFOLD_LOG_LEVEL" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_unreachable_database_is_told_without_a_stack() -> None:
    answer = onefold("migrate", environ={"DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/x"})
    assert answer.returncode == 1
    assert "can't be reached" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "hunter2" not in answer.stderr


def test_malformed_database_address_is_told_without_the_password() -> None:
    answer = onefold("migrate", environ={"DATABASE_URL": "postgresql://me:hunter2%zz@127.0.0.1/x"})
    assert answer.returncode == 2
    assert "DATABASE_URL can't be read" in answer.stderr
    assert "hunter2" not in answer.stderr


def test_defect_names_its_place_and_keeps_what_it_held(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise KeyError("alice@example.com")

    monkeypatch.setattr(cli, "_doctor", fail)
    monkeypatch.setattr(cli, "_set_up_logs", lambda *_: None)
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().err
    assert "KeyError" in said
    assert "test_cli.py" in said
    assert "alice" not in said


def test_createuser_makes_a_user_who_can_sign_in(db: Connection[tuple[Any, ...]], pg_url: str) -> None:
    environ = {"DATABASE_URL": pg_url}
    answer = onefold("createuser", "alice", "--admin", "--password-stdin", environ=environ, said="long-enough-4711\n")
    assert answer.returncode == 0, answer.stderr
    assert db.execute("select username, role from accounts_user").fetchall() == [("alice", "admin")]
    again = onefold("createuser", "alice", "--password-stdin", environ=environ, said="long-enough-4711\n")
    assert again.returncode == 2
    assert "alice" in again.stderr
    assert db.execute("select count(*) from accounts_user").fetchone() == (1,)


def test_createuser_refuses_a_weak_password(db: Connection[tuple[Any, ...]], pg_url: str) -> None:
    answer = onefold("createuser", "bob", "--password-stdin", environ={"DATABASE_URL": pg_url}, said="password\n")
    assert answer.returncode == 2
    assert "password" in answer.stderr
    assert db.execute("select count(*) from accounts_user").fetchone() == (0,)


def test_createuser_says_that_no_password_came(db: Connection[tuple[Any, ...]], pg_url: str) -> None:
    answer = onefold("createuser", "bob", environ={"DATABASE_URL": pg_url})
    assert answer.returncode == 2
    assert "No password was given: standard input is empty." in answer.stderr
    assert db.execute("select count(*) from accounts_user").fetchone() == (0,)


def test_version_is_told_without_a_command() -> None:
    answer = onefold("--version", environ={})
    assert (answer.returncode, answer.stdout) == (0, f"onefold {version('onefold')}\n")


@pytest.mark.usefixtures("db")
def test_doctor_exits_with_1_when_something_is_wrong(pg_url: str) -> None:
    answer = onefold("doctor", environ={"DATABASE_URL": pg_url})
    assert answer.returncode == 1
    assert "WRONG The processor is not running. Start it with `onefold up`." in answer.stdout
    assert "found wrong." in answer.stdout.splitlines()[-1]
