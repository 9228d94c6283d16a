"""Rows as others read them: the API, exports, webhooks. References by what names them, numbers to the last digit.

A user is told by name, a person by the profile id of whoever their anchor leads to today, a company as `space:key`, a
record by its number. What is told of a field can be given back to it, and means the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import Connection

from onefold.accounts.api import mask_value
from onefold.crm.catalogue import is_hidden
from onefold.crm.items import sum_of
from onefold.crm.objects import PARTS, TEXTUAL, FieldDef, FieldKind, ObjectType
from onefold.crm.references import REFERRING
from onefold.crm.rules import is_empty
from onefold.crm.store import Change, Row
from onefold.crm.subjects import usernames
from onefold.crm.values import ValueRejected, from_json, read
from onefold.infra.postgres import load_queries
from onefold.profiles.api import identifiers_of, names_in_force, people_at, to_text

QUERIES: Final = load_queries("onefold.crm", "subjects.sql")
Answer = dict[str, Any]
"""`id`, `created_by`, every field by name. Values: text, Decimal, date, aware datetime, bool, list of texts, None."""


@dataclass(frozen=True, kw_only=True)
class Referred:
    """What the references of some rows are called, by their numbers. What is gone is missing."""

    users: Mapping[int, str]
    people: Mapping[int, str]
    companies: Mapping[int, str]

    def told(self, field: FieldDef, value: Any) -> Any:  # noqa: ANN401  (any kind's value)
        """A value of `field` as others read it; None = it has none."""
        if field.kind in PARTS:
            return [self._thing(field, one) for one in value or ()]
        match field.kind:
            case FieldKind.USER:
                return self.users.get(value)
            case FieldKind.PERSON:
                return self.people.get(value)
            case FieldKind.COMPANY:
                return self.companies.get(value)
            case FieldKind.CHOICES:
                return value or []
        if field.kind in TEXTUAL:
            return value or ""
        return value.astimezone(UTC) if isinstance(value, datetime) else value

    def _thing(self, field: FieldDef, thing: Mapping[str, Any]) -> dict[str, Any]:
        sums = {"sum": sum_of(thing)} if field.kind is FieldKind.ITEMS else {}
        return {one.name: self.told(one, {**thing, **sums}.get(one.name)) for one in field.parts}


def answers_of(conn: Connection[Any], kind: ObjectType, rows: Sequence[Row], *, is_masked: bool) -> list[Answer]:
    """The rows in their order. Up to four statements, however many rows there are.

    `is_masked`: for somebody who may not see personal data. What a text shows of itself, such as an e-mail address in
    a note, is masked where answers leave; here phone numbers, which only their field shows to be some.
    """
    pairs = ((field, row.values.get(field.name)) for row in rows for field in kind.fields)
    referred = load_referred(conn, pairs)
    return [
        {"id": row.id, "created_by": row.created_by}
        | {
            one.name: _hidden(one, referred.told(one, row.values.get(one.name)), is_masked=is_masked)
            for one in kind.fields
        }
        for row in rows
    ]


def history_of(
    conn: Connection[Any], kind: ObjectType, changes: Sequence[Change], *, is_masked: bool
) -> list[dict[str, tuple[Any, Any]]]:
    """What each change did: field → (before, after), told as rows are. Up to four statements.

    Values of a field that there is no more stay as they were kept.
    """
    known = kind.by_name
    referred = load_referred(
        conn,
        (
            (known[name], value)
            for one in changes
            for name, pair in one.changes.items()
            if name in known
            for value in pair
        ),
    )

    def told(name: str, kept: Any) -> Any:  # noqa: ANN401  (any kind's value)
        if name not in known:
            return kept
        field = known[name]
        return _hidden(field, referred.told(field, from_json(field, kept)), is_masked=is_masked)

    return [{name: (told(name, old), told(name, new)) for name, (old, new) in one.changes.items()} for one in changes]


def load_referred(conn: Connection[Any], pairs: Iterable[tuple[FieldDef, Any]]) -> Referred:
    """What these values refer to. A statement for users, one for companies, two for people, each if there are any."""
    wanted: dict[FieldKind, set[int]] = defaultdict(set)
    for field, value in pairs:
        things = value or () if field.kind in PARTS else [{field.name: value}]
        for one in field.parts or (field,):
            if one.kind in REFERRING:
                wanted[one.kind].update(thing[one.name] for thing in things if isinstance(thing.get(one.name), int))
    hashes = sorted(wanted[FieldKind.COMPANY])
    companies = conn.execute(QUERIES["companies"], {"hashes": hashes}) if hashes else ()
    return Referred(
        users=usernames(conn, wanted[FieldKind.USER]),
        people=dict(_people(conn, wanted[FieldKind.PERSON])),
        companies={h: f"{space}:{key}" for h, space, key in companies},
    )


def _people(conn: Connection[Any], anchors: set[int]) -> Iterator[tuple[int, str]]:
    """An identifier that leads to nobody (yet, or any more) is told itself."""
    found = people_at(conn, anchors)
    for anchor, person in found.items():
        yield anchor, to_text(person.id)
    nobodys = anchors - set(found)
    for anchor, identifier in identifiers_of(conn, names_in_force(conn), nobodys).items() if nobodys else ():
        yield anchor, f"{identifier.namespace}:{identifier.value}"


def _hidden(field: FieldDef, value: Any, *, is_masked: bool) -> Any:  # noqa: ANN401  (any kind's value)
    return mask_value(value, "phone") if is_masked and is_hidden(field) else value


def is_as_told(field: FieldDef, given: object, row: Row, answer: Answer, *, is_masked: bool) -> bool:
    """Whether `given` is what the row holds: as it was told, or as it may be written."""
    told = answer[field.name]
    if isinstance(given, bool) is not isinstance(told, bool) and not is_empty(told):
        return False  # True equals 1
    if given == told or (is_empty(given) and is_empty(told)):
        return True
    if is_masked and isinstance(given, str) and given == mask_value(told, field.name):
        return True  # who sees it masked has nothing else to give back
    if field.kind in REFERRING:
        return isinstance(given, str | int) and str(given) == str(told)
    try:
        return bool(read(field, given) == row.values.get(field.name))
    except ValueRejected:
        return False
