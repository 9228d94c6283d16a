"""What a person can type or set is documented."""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, get_args

from onefold.config import variables
from onefold.programs.cli import make_parser

DOCS: Final = Path(__file__).parents[2] / "docs" / "reference"


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The sub-commands of a parser."""
    (action,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(action.choices)


def test_every_command_and_option_is_documented() -> None:
    text = (DOCS / "commands.md").read_text("utf-8")
    for name, parser in commands(make_parser()).items():
        assert f"## `onefold {name}" in text
        for option in parser._option_string_actions:
            assert option in text or option in ("-h", "--help"), f"{option} of {name}"


def test_every_setting_is_documented_with_its_default() -> None:
    text = (DOCS / "settings.md").read_text("utf-8")
    for name, (_, field) in variables().items():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        assert row == f"| `{name}` | {shown(field.default)} | {described(field.type)} |"


def shown(default: object) -> str:
    """How the page shows a default."""
    if default is None:
        return ""
    return f"`{','.join(default)}`" if isinstance(default, tuple) else f"`{default}`"


def described(kind: object) -> str:
    """The description in an annotated type."""
    return next(str(meta.description) for meta in reversed(get_args(kind)) if getattr(meta, "description", None))


def test_help_is_quick() -> None:
    """Bound: 0.3 s; the best of five, because other tests run beside this one."""
    command = [str(Path(sys.executable).with_name("onefold")), "--help"]

    def seconds() -> float:
        began = time.perf_counter()
        assert "COMMAND" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.3
