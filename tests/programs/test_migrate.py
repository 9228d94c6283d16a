"""Migrating can run twice, and twice at once."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from onefold.config import load_settings
from onefold.infra import embedded
from onefold.infra.postgres import connect
from onefold.programs.migrate import DatabaseRejected, demand_tables, migrate

COMMAND = str(Path(sys.executable).with_name("onefold"))


@pytest.fixture
def empty_url(pg_server: embedded.RunningServer) -> Iterator[str]:
    """A database without tables."""
    name = f"empty_{os.getpid()}"
    other = pg_server.url.rpartition("/")[0]
    with connect(f"{other}/postgres", "tests", autocommit=True) as admin:
        admin.execute(f"create database {name} template template0".encode())
        yield f"{other}/{name}"
        admin.execute(f"drop database {name} with (force)".encode())


def test_two_at_once_both_end_well(empty_url: str) -> None:
    environ = os.environ | {"DATABASE_URL": empty_url}
    processes = [
        subprocess.Popen([COMMAND, "migrate"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=100) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], answers
    said = sorted(output for output, _ in answers)
    assert said[1:] == ["Nothing to do: all migrations are applied.\n"] * 2
    with connect(empty_url, "tests") as connection:
        assert connection.execute("select slug from source").fetchall() == [("onefold",)]
        assert connection.execute("select to_regclass('procrastinate_jobs') is not null").fetchone() == (True,)
        assert connection.execute("select count(*) from pg_inherits").fetchone() != (2,)


@pytest.mark.usefixtures("django_elsewhere")
def test_again_does_nothing(own_pg_url: str) -> None:
    assert migrate(load_settings({"DATABASE_URL": own_pg_url})) == []


@pytest.mark.usefixtures("django_elsewhere")
def test_a_role_without_rights_is_told_which_it_lacks(empty_url: str) -> None:
    with connect(empty_url, "tests", autocommit=True) as connection:
        connection.execute("drop role if exists powerless")
        connection.execute("create role powerless login password 'powerless'")
    powerless = re.sub(r"//[^@]*@", "//powerless:powerless@", empty_url)
    with pytest.raises(DatabaseRejected, match="may not make Onefold's tables"):
        migrate(load_settings({"DATABASE_URL": powerless}))


def test_program_on_an_empty_database_says_what_to_do(empty_url: str) -> None:
    with pytest.raises(DatabaseRejected, match="onefold migrate"):
        demand_tables(load_settings({"DATABASE_URL": empty_url}))


def test_program_on_a_migrated_database_goes_on(own_pg_url: str) -> None:
    demand_tables(load_settings({"DATABASE_URL": own_pg_url}))
    with connect(own_pg_url, "tests") as connection:
        assert connection.execute("select count(*) from source").fetchone() == (1,)
