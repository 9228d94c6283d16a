"""docs/reference/tracking-api.md names every reason, every code, every limit and every endpoint."""

import re
from pathlib import Path

import pytest

from onefold.config import CollectorSettings
from onefold.events.api import DEFAULT_LIMITS, Reason
from onefold.events.keys import KeyUnknown, SourceDisabled
from onefold.kernel.errors import Broken, OnefoldError, Unavailable
from onefold.programs.collector import refusals
from onefold.programs.collector.body import READ_TIMEOUT_S
from onefold.programs.collector.commits import PATIENCE_S
from onefold.programs.collector.routes import KINDS, Action, route_of

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "tracking-api.md").read_text("utf-8")
REFUSALS = [kind for kind in vars(refusals).values() if isinstance(kind, type) and kind.__module__ == refusals.__name__]


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_list_of_reasons_is_the_list_of_reasons() -> None:
    assert re.findall(r"^\| `(\w+)` \|", section("Reasons"), re.MULTILINE) == [reason.value for reason in Reason]


def test_every_code_is_listed_with_its_status() -> None:
    errors = [*REFUSALS, KeyUnknown, SourceDisabled, Unavailable, Broken]
    expected = {(kind.code, kind.status) for kind in errors if issubclass(kind, OnefoldError)}
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", section("Answers"), re.MULTILINE)
    listed = {(code, int(status)) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    assert listed == expected


@pytest.mark.parametrize("limit", [*DEFAULT_LIMITS.__struct_fields__])
def test_every_limit_is_told(limit: str) -> None:
    if limit != "max_internal_bytes":  # nobody outside can meet it
        assert f"{getattr(DEFAULT_LIMITS, limit):,}" in section("Limits")


def test_limits_that_are_settings_are_told() -> None:
    settings = CollectorSettings()
    for value in (settings.max_request_bytes, settings.max_inflated_bytes, settings.rate_limit):
        assert f"{value:,}" in section("Limits")
    assert settings.max_event_bytes == DEFAULT_LIMITS.max_event_bytes
    assert settings.max_events == DEFAULT_LIMITS.max_events
    assert f"| {READ_TIMEOUT_S:.0f} s |" in section("Limits")
    assert f"| {PATIENCE_S:.0f} s |" in section("Limits")


def test_every_endpoint_that_is_named_is_there() -> None:
    code = " ".join(re.findall(r"`[^`]+`", section("Endpoints")))
    paths = set(re.findall(r"(?<!\w)(/[\w/{}.-]+)", code)) - {"/v1"}
    assert len(paths) > 20
    assert {path for path in paths if route_of(path).action is Action.UNKNOWN} == set()
    assert {f"/v1/{name}" for name in KINDS} <= paths
