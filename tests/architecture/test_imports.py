"""A slice is entered by its door."""

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2] / "src"
SLICES: Final = ("notifications", "lists", "accounts", "events", "identity", "profiles", "filters", "audiences")
DOORS: Final = ("api", "urls", "rest", "apps", "jobs")


def imported(tree: ast.AST) -> set[str]:
    """Full names of all that a module imports from this package."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.startswith("onefold.")}


def test_slices_are_entered_by_their_doors_only() -> None:
    wrong = []
    for path in (ROOT / "onefold").rglob("*.py"):
        own = path.relative_to(ROOT / "onefold").parts[0]
        for name in sorted(imported(ast.parse(path.read_text("utf-8")))) if "migrations" not in path.parts else ():
            slice_name, door = (*name.split("."), "")[1:3]
            if slice_name in SLICES and slice_name != own and door not in DOORS:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_the_kernel_is_pure() -> None:
    impure = {"django", "psycopg", "structlog", "random", "time", "os"}
    for path in (ROOT / "onefold" / "kernel").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = {a.name for a in node.names} if isinstance(node, ast.Import) else set()
            if isinstance(node, ast.ImportFrom):
                modules = {node.module or ""}
            assert not {module.split(".")[0] for module in modules} & impure, path
