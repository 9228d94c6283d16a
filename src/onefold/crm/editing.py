"""Changes by somebody who was told what the records hold: what they give back as it was told isn't changed.

A person is told by the profile id of today, a masked text without its addresses: written back they would mean less.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.crm import store
from onefold.crm.answers import Answer, answers_of, is_as_told
from onefold.crm.catalogue import Asking
from onefold.crm.errors import EditConflict, RecordRejected
from onefold.crm.objects import ObjectType
from onefold.crm.parts import Part
from onefold.crm.records import Done, change_records
from onefold.crm.store import Row
from onefold.crm.viewer import Doing, rows_sql

_OWN: Final = frozenset({"id", "created_by"})
"""What is told of a record besides its fields."""


def change_as_told(
    conn: Connection[Any],
    kind: ObjectType,
    changes: Mapping[int, Mapping[str, Any]],
    *,
    asking: Asking,
    seen: Mapping[str, Any] | None = None,
) -> Done:
    """As `change_records`, without what wouldn't change. `seen`: what was told of fields before, as it was told.

    Raises EditConflict if a field in `seen` holds something else by now. One transaction.
    """
    with conn.transaction():
        visible = rows_sql(asking.viewer, kind.name, Doing.SEE, "r")
        rows = store.load_rows(conn, kind, list(changes), where=visible, is_locked=True)
        told = answers_of(conn, kind, list(rows.values()), is_masked=asking.is_masked)
        answers = {answer["id"]: answer for answer in told}
        for number, row in rows.items():
            if not row.is_deleted:
                _demand_seen(kind, seen or {}, row, answers[number], is_masked=asking.is_masked)
        wanted = {
            number: _without_told(kind, given, rows[number], answers[number], is_masked=asking.is_masked)
            if number in rows
            else given
            for number, given in changes.items()
        }
        return change_records(conn, kind, wanted, viewer=asking.viewer)


def change_things(
    conn: Connection[Any],
    kind: ObjectType,
    number: int,
    name: str,
    make: Callable[[list[Part]], list[dict[str, Any]]],
    *,
    asking: Asking,
) -> Done:
    """Makes of a record's list of things another, while nobody else can change it. Errors as of `change_records`."""
    with conn.transaction():
        visible = rows_sql(asking.viewer, kind.name, Doing.SEE, "r")
        row = store.load_rows(conn, kind, [number], where=visible, is_locked=True).get(number)
        things = row.values[name] if row else []
        return change_records(conn, kind, {number: {name: make(things)}}, viewer=asking.viewer)


def _without_told(
    kind: ObjectType, given: Mapping[str, Any], row: Row, answer: Answer, *, is_masked: bool
) -> dict[str, Any]:
    wanted = {}
    for name, value in given.items():
        field = kind.by_name.get(name)
        is_same = (
            is_as_told(field, value, row, answer, is_masked=is_masked)
            if field is not None
            else name in _OWN and value == answer[name]
        )
        if not is_same:
            wanted[name] = value
    return wanted


def _demand_seen(kind: ObjectType, seen: Mapping[str, Any], row: Row, answer: Answer, *, is_masked: bool) -> None:
    for name, value in seen.items():
        field = kind.by_name.get(name)
        if field is None and name not in _OWN:
            known = ", ".join(kind.by_name)
            fault = _("There is no such field. Fields: %(known)s.") % {"known": known}
            raise RecordRejected(f"seen: {name[:80]}: {fault}", {name: fault})
        if field is not None and not is_as_told(field, value, row, answer, is_masked=is_masked):
            raise EditConflict(
                _("Somebody else changed “%(field)s” meanwhile. Look at the new value, then change it again.")
                % {"field": field.title}
            )
