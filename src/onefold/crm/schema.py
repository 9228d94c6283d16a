"""The objects there are: the standard ones with the fields that administrators added, and custom objects."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from psycopg import Connection

from onefold.crm.errors import RecordMissing
from onefold.crm.objects import STANDARD, FieldDef, FieldKind, ObjectType, Option
from onefold.infra.memory import Memory
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "schema.sql")
MAX_AGE_S: Final = 3.0
PERSON: Final = "person"
COMPANY: Final = "company"
_known: Final = Memory[Mapping[str, ObjectType]](MAX_AGE_S)
_traits: Final = Memory[Mapping[str, tuple[FieldDef, ...]]](MAX_AGE_S)
_OWN: Final = (
    STANDARD["deal"].by_name["name"],
    *(STANDARD["task"].by_name[name] for name in ("owner", "person", "company", "deal")),
)
_KEPT: Final = tuple(STANDARD["task"].by_name[name] for name in ("created_at", "updated_at"))


def objects_in_force(conn: Connection[Any]) -> Mapping[str, ObjectType]:
    """Every object by name, in the order people see them; asked of the database every MAX_AGE_S at most."""
    if (known := _known.get()) is not None:
        return known
    custom: dict[str, list[FieldDef]] = defaultdict(list)
    for row in conn.execute(QUERIES["fields"]):
        custom[row[0]].append(_field(row))
    _traits.keep({name: tuple(custom[name]) for name in (PERSON, COMPANY)})
    found = {name: kind.with_fields(custom[name]) for name, kind in STANDARD.items()}
    for number, name, title, plural, icon in conn.execute(QUERIES["objects"]):
        found[name] = ObjectType(
            name=name, title=title, plural=plural, icon=icon, table="custom_record", path=f"/records/{name}",
            fields=(*_OWN, *custom[name], *_KEPT), columns=("name", *(one.name for one in custom[name][:5]), "owner"),
            sort="-created_at", number=number,
        )  # fmt: skip
    return _known.keep(found)


def object_named(conn: Connection[Any], name: str) -> ObjectType:
    """Raises RecordMissing, which lists them."""
    objects = objects_in_force(conn)
    if name not in objects:
        raise RecordMissing(f"There is no kind of record {name[:80]!r}. There are {', '.join(objects)}.")
    return objects[name]


def own_traits(conn: Connection[Any], of: str) -> tuple[FieldDef, ...]:
    """The fields that administrators added to people (PERSON) or companies (COMPANY), in their order; as
    `objects_in_force`."""
    if (found := _traits.get()) is None:
        _known.forget()
        objects_in_force(conn)
        found = _traits.get() or {}
    return found.get(of, ())


def forget_objects() -> None:
    """The next question asks the database."""
    _known.forget()
    _traits.forget()


def _field(row: tuple[Any, ...]) -> FieldDef:
    _object, name, title, kind, options, target, currency, is_required = row
    return FieldDef(
        name=name,
        title=title,
        kind=FieldKind(kind),
        options=tuple(Option(one["value"], one["title"], one.get("tone", "")) for one in options),
        target=target,
        currency=currency,
        is_required=is_required,
    )
