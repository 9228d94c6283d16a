"""Files, functions and names stay within bounds. Exceptions are listed with their reasons; the list only shrinks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("src", "tests", "benchmarks")
MAX_FILE_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 60
BANNED_NAMES: Final = frozenset(
    ("utils", "util", "common", "helpers", "helper", "misc", "base", "core", "lib", "types", "manager", "service")
)
# path, or path:function -> why it may be longer
EXCEPTIONS: Final[dict[str, str]] = {}


def sources() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def test_no_file_is_longer_than_400_lines() -> None:
    too_long = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in sources()}
    assert {name: n for name, n in too_long.items() if n > MAX_FILE_LINES and name not in EXCEPTIONS} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    too_long = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                name = f"{path.relative_to(ROOT)}:{node.name}"
                if lines > MAX_FUNCTION_LINES and name not in EXCEPTIONS:
                    too_long[name] = lines
    assert too_long == {}


def test_names_say_what_a_thing_is() -> None:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    assert [str(path.relative_to(ROOT)) for path in paths if path.stem.lower() in BANNED_NAMES] == []


def test_nothing_is_left_to_do() -> None:
    mark = re.compile(r"#.*\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if mark.search(line)
    ]
    assert found == []


def test_every_silenced_check_says_why() -> None:
    """`# noqa: CODE reason` and `# type: ignore[code]  # reason`."""
    silent = re.compile(r"#\s*(noqa(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)?|type:\s*ignore(\[[a-z, -]+\])?)\s*$")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if silent.search(line)
    ]
    assert found == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.read_text("utf-8").strip() and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []
