"""What happened to a record: activities, tasks and changes in one line of time, the newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL, Composable, Identifier

from onefold.crm import values
from onefold.crm.catalogue import Asking
from onefold.crm.files import File, Target, files_of
from onefold.crm.labels import Labels, labels_of
from onefold.crm.objects import ObjectType
from onefold.crm.rules import is_empty
from onefold.crm.shown import Shown, shown
from onefold.crm.store import Change, Row, changes_of, load_rows
from onefold.crm.telling import marked, mentions_of
from onefold.crm.viewer import Doing, Viewer, rows_sql
from onefold.notifications.api import last_visit

PAGE_SIZE: Final = 50
MAX_SAID: Final = 2_000
KINDS: Final = ("activities", "tasks", "changes")
_QUIET: Final = frozenset({"home_amount", "weighted", "stage_at", "active_at", "closed_at", "state", "currency"})
"""Fields that follow from others: their changes say nothing more."""


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """A field that was changed."""

    title: str
    before: Shown
    after: Shown


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line. `kind`: call, email, meeting, note, task, file, created, changed, deleted or restored."""

    kind: str
    at: datetime
    icon: str
    actor: str
    row: Row | None = None
    shown: dict[str, Shown] = field(default_factory=dict)
    changes: Sequence[FieldChange] = ()
    file: File | None = None
    since: "Since | None" = None  # the line above it
    said: str = ""  # the text of an activity, safe for a page, with whom it names marked


@dataclass(frozen=True)
class Since:
    """A line in a timeline: when a user's last visit was, and how many entries are new to them."""

    at: datetime
    n: int


_ICONS: Final = {
    "call": "phone", "email": "mail", "meeting": "calendar", "note": "file-text", "task": "checkbox",
    "created": "plus", "changed": "pencil", "deleted": "trash", "restored": "arrow-back-up",
}  # fmt: skip


def entries_of(
    conn: Connection[Any], asking: Asking, about: Composable, record: tuple[ObjectType, int] | None, *, only: str = ""
) -> list[Entry]:
    """Of what `about` holds for (over `r`: activities and tasks); of a record its changes too. The latest PAGE_SIZE.

    `only`: one of KINDS. Four statements and those of the labels.
    """
    found: list[Entry] = []
    for kind, wanted, by in (("activity", "activities", "at"), ("task", "tasks", "created_at")):
        # whose field that says what it is about is hidden isn't known to be about it
        if only in ("", wanted) and (record is None or record[0].name in asking.objects[kind].by_name):
            found += _rows(conn, asking, asking.objects[kind], about, by)
    if record is not None and only in ("", "changes"):
        found += _changes(conn, asking, *record)
    if record is not None and not only:
        found += _files(conn, *record)
    return sorted(found, key=lambda one: one.at, reverse=True)[:PAGE_SIZE]


def mark_since(
    conn: Connection[Any], viewer: Viewer, subject: str, entries: Sequence[Entry], now: datetime
) -> list[Entry]:
    """The entries, with a mark on the first that this viewer could see at their last visit, if others did more since.

    Notes the visit.
    """
    if viewer.user_id is None:
        return list(entries)
    since = last_visit(conn, viewer.user_id, subject, now)
    n_new = sum(since is not None and one.at > since and one.actor != viewer.name for one in entries)
    if since is None or not n_new:
        return list(entries)
    old = next((one for one in entries if one.at <= since), None)
    return [replace(one, since=Since(at=since, n=n_new)) if one is old else one for one in entries]


def _files(conn: Connection[Any], kind: ObjectType, number: int) -> list[Entry]:
    files = files_of(conn, Target(object=kind.name, record=str(number), records=(str(number),)))
    return [Entry(kind="file", at=one.at, icon="upload", actor=one.by, file=one) for one in files[:PAGE_SIZE]]


def _rows(conn: Connection[Any], asking: Asking, kind: ObjectType, about: Composable, by: str) -> list[Entry]:
    visible = rows_sql(asking.viewer, kind.name, Doing.SEE, "r")
    statement = SQL(
        "select r.id from {} r where r.deleted_at is null and {} and {} order by r.{} desc limit %(n)s"
    ).format(Identifier(kind.table), about, visible, Identifier(by))
    ids = [number for (number,) in conn.execute(statement, {"n": PAGE_SIZE})]
    rows = load_rows(conn, kind, ids, where=SQL("true"))
    labels = labels_of(conn, asking, kind, [row.values for row in rows.values()])
    named = mentions_of(conn, kind, ids) if kind.name == "activity" else {}
    return [replace(_entry(kind, row, labels, by), said=_said(row, named.get(row.id, {}))) for row in rows.values()]


def _said(row: Row, names: Mapping[str, str]) -> str:
    text = str(row.values.get("body") or "")
    return marked(text if len(text) <= MAX_SAID else f"{text[:MAX_SAID]}…", names)


def _entry(kind: ObjectType, row: Row, labels: Labels, by: str) -> Entry:
    name = "task" if kind.name == "task" else str(row.values["kind"])
    said = {
        one.name: shown(kind, one, row.values, labels) for one in kind.fields if not is_empty(row.values.get(one.name))
    }
    return Entry(
        kind=name, at=row.values[by], icon=_ICONS.get(name, "message-2"), actor=row.created_by, row=row, shown=said
    )


def _changes(conn: Connection[Any], asking: Asking, kind: ObjectType, number: int) -> list[Entry]:
    found = [one for one in changes_of(conn, kind, number, limit=PAGE_SIZE) if _is_known(kind, one)]
    both = [side for one in found for side in _sides(kind, one)]
    labels = labels_of(conn, asking, kind, both)
    return [
        Entry(
            kind=one.action,
            at=one.at,
            icon=_ICONS[one.action],
            actor=one.actor,
            changes=[] if one.action == "created" else _fields(kind, one, labels),
        )
        for one in found
    ]


def _is_known(kind: ObjectType, change: Change) -> bool:
    """A change of nothing but hidden fields didn't happen for who asks."""
    return change.action != "changed" or any(name in kind.by_name for name in change.changes)


def _fields(kind: ObjectType, change: Change, labels: Labels) -> list[FieldChange]:
    before, after = _sides(kind, change)
    return [
        FieldChange(
            title=str(kind.by_name[name].title),
            before=shown(kind, kind.by_name[name], before, labels),
            after=shown(kind, kind.by_name[name], after, labels),
        )
        for name in change.changes
        if name in kind.by_name and name not in _QUIET
    ]


def _sides(kind: ObjectType, change: Change) -> list[dict[str, Any]]:
    """The fields that changed as they were before and after."""
    known = {name: pair for name, pair in change.changes.items() if name in kind.by_name}
    return [
        {name: values.from_json(kind.by_name[name], pair[side]) for name, pair in known.items()} for side in (0, 1)
    ]  # fmt: skip
