"""Spark answers by Connect as DuckDB does, row by row."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lake.cluster import connect_server, demand_java, environment
from tests.lake.questions import QUESTIONS

pytestmark = pytest.mark.timeout(300)  # a JVM starts, on cores that do other things too


def test_every_question_is_answered_alike_by_connect(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    demand_java(pytestconfig)
    environ = environment(tmp_path)
    with connect_server(tmp_path, environ) as url:
        assert re.fullmatch(r"sc://127\.0\.0\.1:\d+", url)
        asked = subprocess.run(
            [sys.executable, "-m", "tests.lake.by_connect", url, str(tmp_path)],
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert asked.returncode == 0, asked.stderr[-3000:]
    assert asked.stdout.split() == [str(len(QUESTIONS) + 1)]
