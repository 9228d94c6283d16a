"""What the builder suggests: names of events, properties and traits that there are, and what they hold.

Everything is read off a bounded part of the newest data and kept for half a minute. What takes too long
suggests nothing.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, LiteralString, NamedTuple

import psycopg
from psycopg import Connection

from onefold.infra.memory import Memory
from onefold.infra.postgres import load_queries
from onefold.lake.properties import name_of
from onefold.profiles.api import trait_names, trait_values

QUERIES: Final = load_queries("onefold.audiences", "builder.sql")
NEWEST: Final = 20_000
BODIES: Final = 300
SAMPLE: Final = 500
TEXTS: Final = 5_000
MAX_NAMES: Final = 200
MAX_VALUES: Final = 20
MAX_DEPTH: Final = 3
MAX_VALUE: Final = 60
MAX_AGE_S: Final = 30.0
_TIMEOUT: Final = "1500ms"
_KINDS: Final = {2: "track", 3: "page", 4: "screen"}
_CODES: Final = {kind: code for code, kind in _KINDS.items()}
_OF_JSON: Final = {"string": "text", "number": "number", "boolean": "flag", "array": "list"}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Named(NamedTuple):
    """A name. `kind`: what it mostly holds (text, number, date, flag, list, other); of events their kind."""

    name: str
    kind: str
    n: int


_events: Final = Memory[list[Named]](MAX_AGE_S)
_bodies: Final = Memory[list[dict[str, Any]]](MAX_AGE_S, max_entries=50)
_company_traits: Final = Memory[list[Named]](MAX_AGE_S)


def event_names(conn: Connection[Any]) -> list[Named]:
    """The most frequent first. Cost: the newest events, some 10 ms."""
    if (known := _events.get()) is not None:
        return known
    rows = _asked(conn, "event_names", newest=NEWEST, limit=MAX_NAMES)
    return _events.keep([Named(name, _KINDS[kind], n) for kind, name, n in rows if name])


def property_names(conn: Connection[Any], kind: str, name: str) -> list[Named]:
    """Of events of this name, the most frequent first; nested ones as `cart.total`."""
    counts: dict[str, Counter[str]] = {}
    for properties in _properties(conn, kind, name):
        for path, value in _flat(properties):
            counts.setdefault(name_of(path), Counter())[_kind_of(value)] += 1
    found = [Named(path, kinds.most_common(1)[0][0], kinds.total()) for path, kinds in counts.items()]
    return sorted(found, key=lambda one: (-one.n, one.name))[:MAX_NAMES]


def property_values(conn: Connection[Any], kind: str, name: str, wanted: str) -> list[Named]:
    """What events of this name hold in a property, the most frequent first."""
    counts: Counter[str] = Counter()
    for properties in _properties(conn, kind, name):
        for path, value in _flat(properties):
            if name_of(path) == wanted:
                counts.update(text for one in (value if isinstance(value, list) else [value]) if (text := _said(one)))
    return [Named(text, "text", n) for text, n in counts.most_common(MAX_VALUES)]


def traits(conn: Connection[Any]) -> list[Named]:
    """Of people."""
    return [Named(one.name, one.kind, one.people) for one in trait_names(conn)]


def values_of_trait(conn: Connection[Any], trait: str) -> list[Named]:
    """That several people have."""
    return [Named(one.value, "text", one.people) for one in trait_values(conn, trait)]


def company_traits(conn: Connection[Any]) -> list[Named]:
    """The most frequent first."""
    if (known := _company_traits.get()) is not None:
        return known
    rows = _asked(conn, "company_traits", sample=SAMPLE, limit=MAX_NAMES)
    found = [
        Named(name, "date" if kind == "string" and _DATE.match(example) else _OF_JSON.get(kind, "other"), n)
        for name, n, kind, example in rows
    ]
    return _company_traits.keep(found)


def values_of_company(conn: Connection[Any], trait: str) -> list[Named]:
    """That companies have in a trait, or as their name."""
    if trait == "name":
        rows = _asked(conn, "companies", part="%", limit=MAX_VALUES)
    else:
        rows = _asked(conn, "company_values", sample=SAMPLE, trait=trait, limit=MAX_VALUES)
    return [Named(value, "text", n) for value, n in rows if value]


def texts_of_trait(conn: Connection[Any], trait: str) -> list[str] | None:
    """What some people and companies have in a trait, as text; None: it took too long."""
    try:
        with conn.transaction():
            conn.execute("select set_config('statement_timeout', %s, true)", [_TIMEOUT])
            rows = conn.execute(QUERIES["texts_of_trait"], {"trait": trait, "sample": TEXTS})
            return [text for (text,) in rows]
    except psycopg.errors.QueryCanceled:
        return None


def _properties(conn: Connection[Any], kind: str, name: str) -> list[dict[str, Any]]:
    """Of some of the newest events."""
    key = (kind, name)
    if (known := _bodies.get(key)) is not None:
        return known
    rows = _asked(conn, "bodies", newest=NEWEST, kind=_CODES.get(kind, 2), name=name, limit=BODIES)
    found = []
    for (body,) in rows:
        properties = json.loads(body).get("properties")
        if isinstance(properties, dict):
            found.append(properties)
    return _bodies.keep(found, key)


def _asked(conn: Connection[Any], query: LiteralString, **parameters: str | int) -> list[Any]:
    """Rows; none if it takes too long."""
    try:
        with conn.transaction():
            conn.execute("select set_config('statement_timeout', %s, true)", [_TIMEOUT])
            return conn.execute(QUERIES[query], parameters).fetchall()
    except psycopg.errors.QueryCanceled:
        return []


def _flat(value: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, one in value.items():
        if not key or len(key) > 100:
            continue
        if isinstance(one, dict) and len(path) < MAX_DEPTH - 1:
            yield from _flat(one, (*path, key))
        elif one is not None and not isinstance(one, dict):
            yield (*path, key), one


def _kind_of(value: Any) -> str:  # noqa: ANN401  (JSON)
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "other" if any(isinstance(one, dict | list) for one in value) else "list"
    return "date" if _DATE.match(str(value)) else "text"


def _said(value: Any) -> str:  # noqa: ANN401  (JSON)
    """A value as people write it; "" for what is none that can be compared."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value)
    return text if len(text) <= MAX_VALUE else ""
