"""What people's traits are called and hold, from those seen last: suggestions for filters and columns."""

import re
import time
from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.profiles", "people.sql")
SAMPLE: Final = 500
MAX_NAMES: Final = 200
MAX_VALUES: Final = 12
MAX_AGE_S: Final = 30.0
_KINDS: Final = {"string": "text", "number": "number", "boolean": "flag", "array": "list"}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


class TraitName(NamedTuple):
    """A trait, how many of the sample have it, and what it mostly holds: text, number, date, flag, list or other."""

    name: str
    people: int
    kind: str


class TraitValue(NamedTuple):
    """A text or number that a trait holds, and for how many of the sample."""

    value: str
    people: int


_names: dict[str, tuple[float, list[TraitName]]] = {}


def trait_names(conn: Connection[Any]) -> list[TraitName]:
    """The most frequent first, up to MAX_NAMES. Asked of the database every MAX_AGE_S at most."""
    now = time.monotonic()
    known = _names.get("people")
    if known is not None and now - known[0] < MAX_AGE_S:
        return known[1]
    rows = conn.execute(QUERIES["trait_names"], {"sample": SAMPLE, "limit": MAX_NAMES}).fetchall()
    found = [TraitName(name, count, _kind(json_type, example)) for name, count, json_type, example in rows]
    _names["people"] = (now, found)
    return found


def kind_of(conn: Connection[Any], trait: str) -> str:
    """What the trait mostly holds; text when nobody of the sample has it."""
    return next((one.kind for one in trait_names(conn) if one.name == trait), "text")


def trait_values(conn: Connection[Any], trait: str) -> list[TraitValue]:
    """The most frequent values of a trait, those of lists one by one; long texts are left out."""
    rows = conn.execute(QUERIES["trait_values"], {"sample": SAMPLE, "limit": MAX_VALUES, "trait": trait}).fetchall()
    return [TraitValue(value, count) for value, count in rows]


def forget_suggestions() -> None:
    """The next question asks the database."""
    _names.clear()


def _kind(json_type: str, example: str) -> str:
    if json_type == "string" and _DATE.match(example):
        return "date"
    return _KINDS.get(json_type, "other")
