"""What a person can type or set is documented; documents hold together and keep to the words of the glossary."""

import argparse
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Final, get_args

from onefold.config import variables
from onefold.programs.cli import make_parser
from onefold.programs.processor.steps import AFTERWARDS, STEPS

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs" / "reference"
GLOSSARY: Final = ROOT / "docs" / "glossary.md"


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
    if default is None or default == "":
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"  # as it is written
    return f"`{','.join(default)}`" if isinstance(default, tuple) else f"`{default}`"


def described(kind: object) -> str:
    """The description in an annotated type."""
    return next(str(meta.description) for meta in reversed(get_args(kind)) if getattr(meta, "description", None))


def test_help_is_quick() -> None:
    """Bound: 0.3 s of processor time, which other work on the machine hardly lengthens; the best of five."""
    command = [str(Path(sys.executable).with_name("onefold")), "--help"]

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert "COMMAND" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.3


def pages() -> list[Path]:
    """Every document."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def without_code(text: str) -> str:
    """A page's prose."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What a link may name after its #."""
    heads = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_steps_of_the_processor_are_those_that_are_described() -> None:
    table = (ROOT / "ARCHITECTURE.md").read_text("utf-8").split("| step | what it does | file |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [step.__name__ for step in (*STEPS, *AFTERWARDS)]


def test_links_lead_somewhere() -> None:
    broken = []
    for page in pages():
        for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text("utf-8"))):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path) if path else page
            if not file.exists() or (anchor and anchor not in anchors(file)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_document_is_found_from_the_contents() -> None:
    contents = (ROOT / "docs" / "README.md").read_text("utf-8")
    lost = [
        page.relative_to(ROOT / "docs").as_posix()
        for page in (ROOT / "docs").rglob("*.md")
        if page.name != "README.md" and f"({page.relative_to(ROOT / 'docs').as_posix()})" not in contents
    ]
    assert lost == []


def banned_words() -> list[str]:
    """What the glossary has in bold in its last column, and in its last paragraph."""
    lines = GLOSSARY.read_text("utf-8").splitlines()
    columns = [line.rpartition("|")[0].rpartition("|")[2] for line in lines if line.startswith("| ")]
    return [word for text in [*columns, lines[-1]] for word in re.findall(r"\*\*(.+?)\*\*", text)]


def test_documents_and_pages_keep_to_the_glossary() -> None:
    words = banned_words()
    assert len(words) > 20
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)
    templates = [path for path in (ROOT / "src").rglob("templates/**/*.html")]
    found = []
    for page in [*pages(), *templates]:
        if page == GLOSSARY:
            continue
        text = page.read_text("utf-8")
        prose = without_code(text) if page.suffix == ".md" else re.sub(r"<[^>]*>|{[%{].*?[%}]}", "", text)
        found += [f"{page.relative_to(ROOT)}: {word[0]}" for word in pattern.finditer(prose)]
    assert found == []


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120


def test_decisions_fit_on_a_page() -> None:
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        text = page.read_text("utf-8")
        assert len(text.splitlines()) <= 40, page.name
        for head in ("## Why", "## Given up", "## Revisit"):
            assert head in text, f"{page.name} lacks {head}"
