"""Commands and answers as they stand in Markdown pages: find them, run them, compare them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
ELLIPSIS: Final = "…"


@dataclass(frozen=True, slots=True)
class Snippet:
    """A fenced block; `language` is "" when it has none."""

    language: str
    text: str


def snippets(path: str) -> Iterator[Snippet]:
    """The fenced blocks of a page, in order."""
    page = (ROOT / path).read_text("utf-8")
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        yield Snippet(language, text)


def documents(text: str) -> list[Any]:
    """JSON documents that stand one after the other."""
    decoder, found, rest = json.JSONDecoder(), [], text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        found.append(document)
        rest = rest[end:].strip()
    return found


def is_shown(shown: Any, given: Any) -> bool:
    """Whether `given` is what the page shows: pages may leave out fields of objects and write … for any text."""
    if shown == ELLIPSIS:
        return True
    if isinstance(shown, dict):
        return isinstance(given, dict) and all(
            key in given and is_shown(value, given[key]) for key, value in shown.items()
        )
    if isinstance(shown, list):
        same = isinstance(given, list) and len(shown) == len(given)
        return same and all(is_shown(one, other) for one, other in zip(shown, given, strict=True))
    return bool(shown == given)
