"""What people's traits are called and hold, from those seen last: suggestions for filters and columns."""

import re
from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.infra.memory import Memory
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


_known: Final = Memory[list[TraitName]](MAX_AGE_S)


def trait_names(conn: Connection[Any]) -> list[TraitName]:
    """The most frequent first, up to MAX_NAMES. Asked of the database every MAX_AGE_S at most."""
    if (known := _known.get()) is not None:
        return known
    rows = conn.execute(QUERIES["trait_names"], {"sample": SAMPLE, "limit": MAX_NAMES}).fetchall()
    return _known.keep([TraitName(name, count, _kind(json_type, example)) for name, count, json_type, example in rows])


def kind_of(conn: Connection[Any], trait: str) -> str:
    """What the trait mostly holds; text when nobody of the sample has it."""
    return next((one.kind for one in trait_names(conn) if one.name == trait), "text")


def trait_values(conn: Connection[Any], trait: str) -> list[TraitValue]:
    """The most frequent values of a trait, those of lists one by one; long texts are left out."""
    rows = conn.execute(QUERIES["trait_values"], {"sample": SAMPLE, "limit": MAX_VALUES, "trait": trait}).fetchall()
    return [TraitValue(value, count) for value, count in rows]


def _kind(json_type: str, example: str) -> str:
    if json_type == "string" and _DATE.match(example):
        return "date"
    return _KINDS.get(json_type, "other")
