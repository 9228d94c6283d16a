"""structlog and the standard library speak through one formatter."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from onefold.config import LogSettings
from onefold.infra.logs import configure_logs, get_logger


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_json_has_one_object_a_line_for_both_systems() -> None:
    stream = io.StringIO()
    configure_logs(LogSettings(format="json"), "collector", stream)
    get_logger("mine").info("batch_stored", events=3)
    logging.getLogger("theirs").warning("it is %s", "late")
    get_logger("mine").debug("not_shown")
    mine, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (mine["event"], mine["events"], mine["program"], mine["level"]) == ("batch_stored", 3, "collector", "info")
    assert (theirs["event"], theirs["logger"], theirs["program"]) == ("it is late", "theirs", "collector")
    assert mine["timestamp"].endswith("Z")


def test_console_names_the_program_first() -> None:
    stream = io.StringIO()
    configure_logs(LogSettings(format="console"), "worker", stream)
    get_logger("mine").warning("job_failed", job="x")
    assert "worker" in stream.getvalue()
    assert "job_failed" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_auto_is_json_where_nobody_looks() -> None:
    stream = io.StringIO()
    configure_logs(LogSettings(), "worker", stream)
    get_logger("mine").info("job_done")
    assert json.loads(stream.getvalue())["event"] == "job_done"


def test_level_is_the_least_that_is_written() -> None:
    stream = io.StringIO()
    configure_logs(LogSettings(level="error", format="json"), "worker", stream)
    get_logger("mine").warning("job_failed")
    get_logger("mine").error("job_lost")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["job_lost"]
