"""Lists of things that records have, in tables of their own: a deal's products, the people beside its person."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from psycopg import Connection

from onefold.crm.objects import PARTS, FieldDef, FieldKind, ObjectType
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "parts.sql")
Part = dict[str, Any]
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_ITEM: Final = ("id", "product", "name", "quantity", "price", "discount", "list_price", "list_currency")
_PERSON: Final = ("person", "role")


def parts_of(kind: ObjectType) -> list[FieldDef]:
    """The fields whose values are kept so."""
    return [one for one in kind.fields if one.kind in PARTS]


def load_parts(conn: Connection[Any], kind: ObjectType, ids: Sequence[int]) -> dict[int, dict[str, list[Part]]]:
    """By record and field, in order; of a record that has none of a field an empty list. A statement a field."""
    fields = parts_of(kind)
    found: dict[int, dict[str, list[Part]]] = {number: {one.name: [] for one in fields} for number in ids}
    for field in fields if ids else ():
        names = _ITEM if field.kind is FieldKind.ITEMS else _PERSON
        for number, *thing in conn.execute(QUERIES[field.column], {"object": kind.name, "ids": list(ids)}):
            found[number][field.name].append(dict(zip(names, thing, strict=True)))
    return found


def item_ids(conn: Connection[Any], n: int) -> list[int]:
    """Numbers for so many new items."""
    return [number for (number,) in conn.execute(QUERIES["item_ids"], {"n": n})] if n else []


def write_items(conn: Connection[Any], items: Mapping[int, Sequence[Part]]) -> None:
    """What these deals are made up of from now on. Two statements."""
    if not items:
        return
    conn.execute(QUERIES["forget_items"], {"ids": list(items)})
    rows = [
        {name: one[name] for name in _ITEM} | {"deal": deal, "place": place}
        for deal, things in items.items()
        for place, one in enumerate(things, 1)
    ]
    conn.execute(QUERIES["write_items"], {"rows": _encoder.encode(rows).decode()})


def write_people(conn: Connection[Any], kind: ObjectType, people: Mapping[int, Sequence[Part]]) -> None:
    """Who these records are about besides their person. Two statements."""
    if not people:
        return
    conn.execute(QUERIES["forget_people"], {"object": kind.name, "ids": list(people)})
    rows = [
        {"record": number, "person": one["person"], "role": one["role"], "place": place}
        for number, things in people.items()
        for place, one in enumerate(things, 1)
    ]
    conn.execute(QUERIES["write_people"], {"object": kind.name, "rows": _encoder.encode(rows).decode()})


def profiles_of(conn: Connection[Any], anchors: Iterable[int]) -> dict[int, int]:
    """Whose each anchor is today."""
    wanted = sorted(set(anchors))
    return dict(conn.execute(QUERIES["profiles_of"], {"anchors": wanted}).fetchall()) if wanted else {}
