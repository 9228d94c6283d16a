"""The only writers of records: create, change, delete, restore, undo. For one record or thousands, by the same checks.

Each is one transaction: rights, checks, the rows, their history, facts for the log, an entry of the audit log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.crm import references, store, values
from onefold.crm.activities import ActivityRules
from onefold.crm.deals import DealRules
from onefold.crm.errors import EditConflict, RecordForbidden, RecordMissing, RecordRejected
from onefold.crm.noting import Noted, audit_act, note
from onefold.crm.objects import FieldDef, FieldKind, ObjectType
from onefold.crm.plain import PlainRules
from onefold.crm.rights import demand_field, kind_for, right_of
from onefold.crm.rules import Draft, Pairs, Rules, Writing, is_empty
from onefold.crm.schema import objects_in_force
from onefold.crm.sharing import demand_rows
from onefold.crm.store import Change, Row, Values
from onefold.crm.tasks import TaskRules
from onefold.crm.viewer import Doing, FieldRight, Reach, Viewer, demand_reach, rows_sql

MOST_ROWS: Final = 1_000
"""Of one call: the log's readers wait for a transaction."""
_RULES: Final[Mapping[str, Rules]] = {"deal": DealRules(), "task": TaskRules(), "activity": ActivityRules()}
_PLAIN: Final = PlainRules()


@dataclass(frozen=True, kw_only=True)
class Done:
    """What an act did: to which records; what it left as it was, because nothing would have changed."""

    act: UUID
    ids: list[int]
    unchanged: int = 0


def create_records(
    conn: Connection[Any],
    kind: ObjectType,
    rows: Sequence[Mapping[str, Any]],
    *,
    viewer: Viewer,
    moments: Sequence[datetime] | None = None,
) -> Done:
    """New records, owned by the viewer unless they say otherwise; ids in the order of `rows`, up to MOST_ROWS.

    `rows`: field → text or JSON. `moments`: when each was made, for records that have a past; now unless said.
    Raises RecordRejected with every fault of a row, RecordForbidden. All or none.
    """
    _check_number(rows)
    with conn.transaction():
        writing = _writing(conn, viewer)
        kind = _whole(writing, kind)
        made_at = _moments(writing, moments, len(rows))
        given = _read(writing, kind, rows)
        empty = {one.name: values.nothing(one) for one in kind.fields}
        if "owner" in empty:
            empty["owner"] = viewer.user_id
        drafts = [Draft(id=0, at=at, before=None, after=empty | one) for one, at in zip(given, made_at, strict=True)]
        rules = _rules(kind)
        rules.prepare(writing, drafts)
        _demand_values(writing, kind, drafts)
        for draft in drafts:  # to make one is to edit one's own
            demand_give(viewer, kind, draft.after.get("owner"))
        rows_after = [draft.after for draft in drafts]
        ids = store.insert_rows(conn, kind, rows_after, created_by=viewer.name, moments=made_at)
        for draft, number in zip(drafts, ids, strict=True):
            draft.id = number
        _finish(writing, kind, drafts, {draft.id: draft.pairs() for draft in drafts}, "created")
    return Done(act=writing.act, ids=ids)


def change_records(  # noqa: PLR0913  each is something else, and most calls name two
    conn: Connection[Any],
    kind: ObjectType,
    changes: Mapping[int, Mapping[str, Any]],
    *,
    viewer: Viewer,
    seen: Mapping[str, Any] | None = None,
    act: UUID | None = None,
    moments: Sequence[datetime] | None = None,
) -> Done:
    """Other values for fields of these records, up to MOST_ROWS of them; `act`: as a part of that one.

    `seen`: what the editor saw in fields before; one that holds something else by now raises EditConflict.
    `moments`: as of `create_records`, in the order of `changes`.
    Raises RecordMissing, RecordForbidden, RecordRejected. All or none. Safe to repeat.
    """
    _check_number(changes)
    with conn.transaction():
        writing = _writing(conn, viewer, act=act)
        kind = _whole(writing, kind)
        there = _locked(writing, kind, list(changes), Doing.EDIT)
        given = _read(writing, kind, list(changes.values()))
        if seen is not None:
            _demand_as_seen(writing, kind, there, seen)
        drafts = [
            Draft(id=number, at=at, before=there[number].values, after=there[number].values | one)
            for number, one, at in zip(changes, given, _moments(writing, moments, len(changes)), strict=True)
        ]
        return _write(writing, kind, drafts)


def delete_records(
    conn: Connection[Any], kind: ObjectType, ids: Sequence[int], *, viewer: Viewer, act: UUID | None = None
) -> Done:
    """Out of every list; `restore_records` or `undo` brings them back. As `change_records`."""
    return _set_deleted(_writing(conn, viewer, act=act), kind, ids, is_deleted=True)


def restore_records(conn: Connection[Any], kind: ObjectType, ids: Sequence[int], *, viewer: Viewer) -> Done:
    """Back into the lists. As `change_records`."""
    return _set_deleted(_writing(conn, viewer), kind, ids, is_deleted=False)


@dataclass(frozen=True, kw_only=True)
class Undone:
    """How many records are as they were, how many were left as somebody changed them since; `act`: the undo's own."""

    act: UUID
    records: int
    left: int


def undo(conn: Connection[Any], act: UUID, *, viewer: Viewer) -> Undone:
    """Takes back what an act did, an act itself. Fields that somebody changed since keep their values.

    Raises RecordMissing for an act that isn't there, RecordForbidden where the viewer may not do the contrary.
    """
    with conn.transaction():
        found = store.changes_of_act(conn, act)
        objects = objects_in_force(conn)
        if not found or found[0].object not in objects:
            raise RecordMissing(_("There is nothing to be undone."))
        kind = objects[found[0].object]
        ids = [one.record for one in found]
        match found[0].action:
            case "changed":
                return _undo_changes(conn, kind, found, viewer)
            case "deleted":
                done = restore_records(conn, kind, ids, viewer=viewer)
            case _:
                done = delete_records(conn, kind, ids, viewer=viewer)
        return Undone(act=done.act, records=len(done.ids), left=done.unchanged)


def load_record(
    conn: Connection[Any], kind: ObjectType, number: int, *, viewer: Viewer, with_deleted: bool = False
) -> Row:
    """As the viewer may see it. Raises RecordMissing."""
    seen = kind_for(viewer, kind)
    rows = store.load_rows(conn, seen, [number], where=rows_sql(viewer, kind.name, Doing.SEE, "r"))
    row = rows.get(number)
    if row is None or (row.is_deleted and not with_deleted):
        raise _missing(kind, [number])
    return row


def _undo_changes(conn: Connection[Any], kind: ObjectType, found: Sequence[Change], viewer: Viewer) -> Undone:
    writing = _writing(conn, viewer, is_undo=True)
    _demand_own_fields(writing, kind, found)
    there = _locked(writing, kind, [one.record for one in found], Doing.EDIT)
    drafts = []
    for one in found:
        now = there[one.record].values
        back = {
            name: _back(kind.by_name[name], old)
            for name, (old, new) in one.changes.items()
            if name in kind.by_name and values.to_json(now.get(name)) == new
        }
        back |= _led(writing, kind, back)
        if back:
            drafts.append(Draft(id=one.record, at=writing.now, before=now, after=now | back))
    done = _write(writing, kind, drafts) if drafts else None
    return Undone(act=writing.act, records=len(done.ids) if done else 0, left=len(found) - len(drafts))


def _demand_own_fields(writing: Writing, kind: ObjectType, found: Sequence[Change]) -> None:
    """What others did to fields that one may not edit isn't one's to take back. Raises RecordForbidden."""
    for name in {name for one in found if one.actor != writing.viewer.name for name in one.changes}:
        if name in kind.by_name and right_of(writing.viewer, kind, name) is not FieldRight.EDIT:
            raise RecordForbidden(_("Somebody else changed fields there that you may not change."))


def _led(writing: Writing, kind: ObjectType, back: Mapping[str, Any]) -> dict[str, int]:
    """Companies among these values that were merged since, as what they are now."""
    names = [one for one, value in back.items() if kind.by_name[one].column == "company" and value is not None]
    heads = references.heads_of_companies(writing.conn, [back[name] for name in names]) if names else {}
    return {name: heads.get(back[name], back[name]) for name in names}


def _back(field: FieldDef, kept: Any) -> Any:  # noqa: ANN401  (any kind's value)
    found = values.from_json(field, kept)
    return values.nothing(field) if found is None else found


def _write(writing: Writing, kind: ObjectType, drafts: Sequence[Draft]) -> Done:
    rules = _rules(kind)
    rules.prepare(writing, drafts)
    pairs = {draft.id: found for draft in drafts if (found := draft.pairs())}
    changed = [draft for draft in drafts if draft.id in pairs]
    _demand_values(writing, kind, drafts)
    for draft in changed:
        # nobody gives away what they would then not be allowed to edit, but to their own
        if draft.is_new_value("owner"):
            demand_give(writing.viewer, kind, draft.after.get("owner"))
    fields = sorted({name for one in pairs.values() for name in one})
    if changed:
        moments = {draft.id: draft.at for draft in changed}
        store.update_rows(writing.conn, kind, {draft.id: draft.after for draft in changed}, fields, moments=moments)
        _finish(writing, kind, changed, pairs, "changed")
    return Done(act=writing.act, ids=[draft.id for draft in changed], unchanged=len(drafts) - len(changed))


def demand_give(viewer: Viewer, kind: ObjectType, owner: int | None) -> None:
    """Somebody who may edit their own may hand them to anybody of their teams. Raises RecordForbidden."""
    if viewer.reach(kind.name, Doing.EDIT) is Reach.OWN and owner in viewer.owners(Reach.TEAM):
        return
    demand_reach(viewer, kind.name, Doing.EDIT, owner)


def _finish(
    writing: Writing, kind: ObjectType, drafts: Sequence[Draft], pairs: Mapping[int, Pairs], action: str
) -> None:
    noted = [Noted(id=draft.id, at=draft.at, pairs=pairs[draft.id], after=draft.after) for draft in drafts]
    note(writing, kind, noted, action)
    _rules(kind).follow(writing, drafts)
    audit_act(writing, kind, noted, action)


def _set_deleted(writing: Writing, kind: ObjectType, ids: Sequence[int], *, is_deleted: bool) -> Done:
    _check_number(ids)
    conn = writing.conn
    with conn.transaction():
        kind = _whole(writing, kind)
        there = _locked(writing, kind, ids, Doing.DELETE, with_deleted=True)
        moving = [number for number in ids if there[number].is_deleted is not is_deleted]
        if moving:
            action = "deleted" if is_deleted else "restored"
            store.set_deleted(conn, kind, moving, is_deleted=is_deleted)
            noted = [Noted(id=one, at=writing.now, pairs={}, after=there[one].values) for one in moving]
            note(writing, kind, noted, action)
            _rules(kind).removed(writing, moving, is_deleted=is_deleted)
            audit_act(writing, kind, noted, action)
    return Done(act=writing.act, ids=moving, unchanged=len(ids) - len(moving))


def _writing(conn: Connection[Any], viewer: Viewer, *, is_undo: bool = False, act: UUID | None = None) -> Writing:
    return Writing(
        conn=conn,
        viewer=viewer,
        act=act or uuid4(),
        now=datetime.now(UTC),
        objects=objects_in_force(conn),
        is_undo=is_undo,
    )


def _moments(writing: Writing, given: Sequence[datetime] | None, count: int) -> Sequence[datetime]:
    if given is None:
        return [writing.now] * count
    if any(at > writing.now for at in given):
        raise RecordRejected("What is written as of a moment can't lie ahead of now.")
    return given


def _whole(writing: Writing, kind: ObjectType) -> ObjectType:
    """With the fields that are hidden from the viewer: rules go by them, and what is written again must hold them."""
    return writing.objects.get(kind.name, kind)


def _rules(kind: ObjectType) -> Rules:
    return _RULES.get(kind.name, _PLAIN)


def _locked(
    writing: Writing, kind: ObjectType, ids: Sequence[int], doing: Doing, *, with_deleted: bool = False
) -> dict[int, Row]:
    where = rows_sql(writing.viewer, kind.name, Doing.SEE, "r")
    there = store.load_rows(writing.conn, kind, ids, where=where, is_locked=True)
    missing = [number for number in ids if number not in there or (there[number].is_deleted and not with_deleted)]
    if missing:
        raise _missing(kind, missing)
    owners = {number: row.values.get("owner") for number, row in there.items()}
    demand_rows(writing.conn, writing.viewer, kind.name, doing, owners)
    return there


def _missing(kind: ObjectType, ids: Sequence[int]) -> RecordMissing:
    listed = ", ".join(map(str, ids[:5]))
    return RecordMissing(
        _("There is no %(kind)s %(ids)s, it was deleted, or you may not see it.") % {"kind": kind.title, "ids": listed}
    )


def _read(writing: Writing, kind: ObjectType, rows: Sequence[Mapping[str, Any]]) -> list[Values]:
    """The values that were given, with references looked up. Raises RecordRejected, which says in which row."""
    mine = kind_for(writing.viewer, kind)
    faults: dict[int, dict[str, str]] = {}
    found: list[Values] = []
    wanted: list[tuple[FieldDef, str]] = []
    writable: dict[str, FieldDef] = {}
    for n, row in enumerate(rows):
        one: Values = {}
        for name, given in row.items():
            try:
                field = writable.get(name) or writable.setdefault(name, _writable(writing, kind, mine, name))
                one[name] = values.read(field, given, writing.viewer.zone)
            except values.ValueRejected as fault:
                faults.setdefault(n, {})[name] = str(fault)
                continue
            wanted += references.references_in(field, one[name])
        found.append(one)
    named = references.look_up(writing.conn, writing.viewer, writing.objects, wanted)
    for n, one in enumerate(found):
        for name, value in one.items():
            try:
                one[name] = named.settled(kind.by_name[name], value)
            except values.ValueRejected as fault:
                faults.setdefault(n, {})[name] = str(fault)
    if faults:
        raise _rejected(mine, faults, len(rows))
    return found


def _writable(writing: Writing, kind: ObjectType, mine: ObjectType, name: str) -> FieldDef:
    """`mine`: the object as the viewer knows it. A hidden field is one that there isn't."""
    field = mine.by_name.get(name)
    if field is None:
        known = ", ".join(one.name for one in mine.fields if not one.is_read_only)
        raise values.ValueRejected(_("There is no such field. Fields: %(known)s.") % {"known": known})
    if not kind.by_name[name].is_read_only:
        demand_field(writing.viewer, kind, name)
    if field.is_read_only:
        raise values.ValueRejected(_("This is kept by Onefold and can't be set."))
    return field


def _demand_values(writing: Writing, kind: ObjectType, drafts: Sequence[Draft]) -> None:
    """Every required field has a value, but those that the viewer couldn't give one."""
    faults: dict[int, dict[str, str]] = {}
    required = [one for one in kind.fields if one.is_required]
    asked = [one for one in required if right_of(writing.viewer, kind, one.name) is FieldRight.EDIT]
    for n, draft in enumerate(drafts):
        for field in asked:
            if is_empty(draft.after.get(field.name)) and (draft.before is None or draft.pairs()):
                faults.setdefault(n, {})[field.name] = _("A value is needed.")
    if faults:
        raise _rejected(kind, faults, len(drafts))


def _rejected(kind: ObjectType, faults: Mapping[int, Mapping[str, str]], n_rows: int) -> RecordRejected:
    n, first = next(iter(faults.items()))
    said = [f"{kind.by_name[name].title if name in kind.by_name else name}: {fault}" for name, fault in first.items()]
    where = _("Row %(n)d: ") % {"n": n + 1} if n_rows > 1 else ""
    more = _(" %(n)d rows have faults.") % {"n": len(faults)} if len(faults) > 1 else ""
    return RecordRejected(f"{where}{' '.join(said)}{more}", first, row=n + 1 if n_rows > 1 else None)


def _demand_as_seen(writing: Writing, kind: ObjectType, there: Mapping[int, Row], seen: Mapping[str, Any]) -> None:
    (before,) = _read(writing, kind, [dict(seen)])
    for row in there.values():
        for name, value in before.items():
            if not _is_same(writing, kind.by_name[name], row.values.get(name), value):
                raise EditConflict(
                    _("Somebody else changed “%(field)s” meanwhile. Look at the new value, then change it again.")
                    % {"field": kind.by_name[name].title}
                )


def _is_same(writing: Writing, field: FieldDef, stored: Any, seen: Any) -> bool:  # noqa: ANN401  (any kind's value)
    """Pages show times to the minute, and people without the identifier that the record points at."""
    if is_empty(stored) or is_empty(seen):
        return is_empty(stored) and is_empty(seen)
    if field.kind is FieldKind.MOMENT:
        return bool(abs((stored - seen).total_seconds()) < 60)
    if field.kind is FieldKind.PERSON:
        return bool(references.anchor_of(writing.conn, stored) == seen)
    return bool(stored == seen)


def _check_number(rows: Sequence[Any] | Mapping[int, Any]) -> None:
    if not rows:
        raise RecordRejected(_("Nothing was given."))
    if len(rows) > MOST_ROWS:
        raise RecordRejected(_("Up to %(n)s records may be written at once.") % {"n": f"{MOST_ROWS:,}"})
