"""Processes that run all the time load what they need, and no more."""

import subprocess
import sys

import pytest

HEAVY = ("django.http", "django.db.models", "pyarrow", "numpy", "duckdb", "deltalake", "sqlglot", "numba")


@pytest.mark.parametrize("name", ["collector.main", "processor.main", "worker", "supervisor"])
def test_nothing_heavy_is_loaded_at_the_start(name: str) -> None:
    code = f"import sys, onefold.programs.{name}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
