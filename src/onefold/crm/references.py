"""Whom references name: users by name, people by id or identifier, companies by space:key, records by number."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.crm.objects import PARTS, FieldDef, FieldKind, ObjectType
from onefold.crm.values import ValueRejected
from onefold.crm.viewer import Doing, Viewer, rows_sql
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Rejected
from onefold.profiles.api import anchors_of, company_hash, from_text, names_in_force

QUERIES: Final = load_queries("onefold.crm", "references.sql")
REFERRING: Final = frozenset({FieldKind.USER, FieldKind.PERSON, FieldKind.COMPANY, FieldKind.RECORD})
ME: Final = "me"
TEAM: Final = "team:"
"""Before the number of a team, where filters ask for owners: no name of a user has a colon."""
_PLAIN: Final = frozenset({"pipeline", "stage"})
"""Targets that are no records: everybody sees them, and they are archived instead of deleted."""


@dataclass(frozen=True)
class Named:
    """What the texts of a batch of references stand for: (kind and target of a field, text) → number."""

    found: Mapping[tuple[FieldKind, str, str], int]

    def find(self, field: FieldDef, text: str) -> int | None:
        """None: there is nothing like that, or not for who asks."""
        return self.found.get((field.kind, field.target, text))

    def number(self, field: FieldDef, text: str) -> int:
        """Raises ValueRejected."""
        number = self.find(field, text)
        if number is None:
            raise ValueRejected(_MISSING[field.kind]() % {"text": text[:80]})
        return number

    def settled(self, field: FieldDef, value: Any) -> Any:  # noqa: ANN401  (any kind's value)
        """A value that was read, with numbers for texts. Raises ValueRejected."""
        if field.kind not in PARTS:
            return self.number(field, value) if field.kind in REFERRING and value is not None else value
        return [self._thing(field, n, one) for n, one in enumerate(value, 1)]

    def _thing(self, field: FieldDef, n: int, thing: Mapping[str, Any]) -> dict[str, Any]:
        """`is_gone`: it has a number of its own, and may have led there before."""
        found = dict(thing)
        for one, text in _referring(field, thing):
            try:
                found[one.name] = self.number(one, text)
            except ValueRejected as fault:
                if thing.get("id") is None or not (text.isascii() and text.isdigit() and len(text) < 19):
                    raise ValueRejected(f"{n}, {one.title}: {fault}") from fault
                found |= {one.name: int(text), "is_gone": True}
        return found


def references_in(field: FieldDef, value: Any) -> Iterator[tuple[FieldDef, str]]:  # noqa: ANN401  (any kind's value)
    """What a value that was read refers to: fields and texts."""
    if field.kind in PARTS:
        for thing in value:
            yield from _referring(field, thing)
    elif field.kind in REFERRING and value is not None:
        yield field, value


def _referring(field: FieldDef, thing: Mapping[str, Any]) -> Iterator[tuple[FieldDef, str]]:
    for one in field.parts:
        if one.kind in REFERRING and thing.get(one.name) is not None:
            yield one, thing[one.name]


def look_up(
    conn: Connection[Any],
    viewer: Viewer,
    objects: Mapping[str, ObjectType],
    wanted: Iterable[tuple[FieldDef, str]],
) -> Named:
    """What the references stand for, as far as the viewer may see it. One statement a kind, however many there are."""
    fields: dict[tuple[FieldKind, str], FieldDef] = {}
    texts: dict[tuple[FieldKind, str], set[str]] = defaultdict(set)
    for field, text in wanted:
        key = field.kind, field.target
        fields[key] = field
        texts[key].add(text)
    found: dict[tuple[FieldKind, str, str], int] = {}
    for key, field in fields.items():
        for text, number in _numbers(conn, viewer, objects, field, texts[key]).items():
            found[*key, text] = number
    return Named(found)


def _numbers(
    conn: Connection[Any], viewer: Viewer, objects: Mapping[str, ObjectType], field: FieldDef, texts: set[str]
) -> dict[str, int]:
    match field.kind:
        case FieldKind.USER:
            return _users(conn, viewer, texts)
        case FieldKind.PERSON:
            return _people(conn, texts)
        case FieldKind.COMPANY:
            return _companies(conn, texts)
    return _records(conn, viewer, objects, field.target, texts)


def _users(conn: Connection[Any], viewer: Viewer, texts: set[str]) -> dict[str, int]:
    found = dict(conn.execute(QUERIES["users"], {"names": sorted(texts)}).fetchall())
    if ME in texts and viewer.user_id is not None:
        found[ME] = viewer.user_id
    return found


def _people(conn: Connection[Any], texts: set[str]) -> dict[str, int]:
    """Each to the strongest identifier that conducts: it stays theirs when people are merged or split."""
    names = names_in_force(conn)
    hashes: dict[str, int] = {}
    for text in texts:
        h = from_text(text)
        if h is None and names.split(text) is not None:
            try:
                h = names.identifier(text).h
            except Rejected:  # it can't be an identifier, so it is nobody's: the field says so
                continue
        if h is not None:
            hashes[text] = h
    anchors = anchors_of(conn, names, hashes.values())
    return {text: anchors[h] for text, h in hashes.items() if h in anchors}


def heads_of_companies(conn: Connection[Any], hashes: Sequence[int]) -> dict[int, int]:
    """What these companies are today: themselves, or what they were merged into."""
    return dict(conn.execute(QUERIES["companies"], {"hashes": sorted(hashes)}).fetchall())


def anchor_of(conn: Connection[Any], stored: int) -> int | None:
    """What a reference to whoever `stored` leads to today would be."""
    return anchors_of(conn, names_in_force(conn), [stored]).get(stored)


def _companies(conn: Connection[Any], texts: set[str]) -> dict[str, int]:
    hashes = {text: int(company_hash(*text.partition(":")[::2])) for text in texts if ":" in text}
    known = heads_of_companies(conn, list(hashes.values()))
    return {text: known[h] for text, h in hashes.items() if h in known}


def _records(
    conn: Connection[Any], viewer: Viewer, objects: Mapping[str, ObjectType], target: str, texts: set[str]
) -> dict[str, int]:
    numbers = {text: int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19}
    if target in _PLAIN:
        statement = SQL("select id from {} where id = any(%(ids)s) and archived_at is null").format(Identifier(target))
    elif target in objects:
        kind = objects[target]
        statement = SQL("select id from {} r where id = any(%(ids)s) and deleted_at is null and {}{}").format(
            Identifier(kind.table),
            rows_sql(viewer, kind.name, Doing.SEE, "r"),
            SQL("") if kind.number is None else SQL(" and object = {}").format(kind.number),
        )
    else:
        return {}
    known = {number for (number,) in conn.execute(statement, {"ids": sorted(set(numbers.values()))})}
    return {text: number for text, number in numbers.items() if number in known}


_MISSING: Final[Mapping[FieldKind, Callable[[], str]]] = {
    FieldKind.USER: lambda: _("There is no user “%(text)s” who could own this."),
    FieldKind.PERSON: lambda: _("No person has the id “%(text)s”."),
    FieldKind.COMPANY: lambda: _("There is no company “%(text)s”. Write it as space:key."),
    FieldKind.RECORD: lambda: _("There is no record “%(text)s”, or you may not see it."),
}
