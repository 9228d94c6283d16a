"""What webhooks are told of records: which events a write is, and of the record what the endpoint's user may see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from onefold.accounts.api import ApiKeyHolder, Permission, PersonalData, Role, mask_value, may
from onefold.crm.access import viewer_of
from onefold.crm.answers import answers_of, history_of
from onefold.crm.objects import ObjectType
from onefold.crm.rights import kind_for
from onefold.crm.rules import Writing
from onefold.crm.sharing import reachable
from onefold.crm.store import Change, Row, Values
from onefold.crm.values import to_json
from onefold.crm.viewer import Doing
from onefold.webhooks.api import Listener, Message, is_asked, listeners, queue


@dataclass(frozen=True, kw_only=True)
class Told:
    """A change, and the record after it."""

    change: Change
    after: Values


def tell_webhooks(writing: Writing, kind: ObjectType, told: Sequence[Told]) -> None:
    """Into their queues, in the transaction of the write. One statement where nobody listens."""
    for one in listeners(writing.conn):
        wanted = [(told_one, names) for told_one in told if (names := _names(kind, told_one, one.events))]
        if wanted:
            queue(writing.conn, list(_messages(writing.conn, kind, one, wanted)))


def events_of(kind: ObjectType, change: Change, after: Values) -> Iterator[str]:
    """Names of the events that a change is: the plain one first, then what it means for a deal or a task."""
    yield f"{kind.name}.{change.action}"
    fields, is_new = change.changes, change.action == "created"
    if kind.name == "deal" and change.action in ("created", "changed"):
        if "stage" in fields and not is_new:
            yield "deal.stage_changed"
        if "state" in fields and not (is_new and after["state"] == "open"):
            yield {"won": "deal.won", "lost": "deal.lost"}.get(after["state"], "deal.reopened")
    if kind.name == "task" and "done_at" in fields and after["done_at"] is not None:
        yield "task.completed"


def _names(kind: ObjectType, told: Told, patterns: Sequence[str]) -> list[str]:
    return [name for name in events_of(kind, told.change, told.after) if is_asked(name, patterns)]


def _messages(
    conn: Connection[Any], kind: ObjectType, listener: Listener, wanted: Sequence[tuple[Told, list[str]]]
) -> Iterator[Message]:
    """Without records that its user may not see, fields that are hidden from them, and personal data, as they are."""
    actor = ApiKeyHolder(
        key_id=0,
        username=listener.username,
        role=Role(listener.role),
        personal_data=PersonalData(listener.personal_data),
        scopes=frozenset({"read", "personal_data"}),
    )
    if not may(actor, Permission.SEE_RECORDS):
        return
    viewer = viewer_of(conn, actor)
    is_masked = not may(actor, Permission.SEE_PERSONAL_DATA)
    owners = {told.change.record: told.after.get("owner") for told, _names in wanted}
    seen = reachable(conn, viewer, kind.name, Doing.SEE, owners)
    shown = [(told, names) for told, names in wanted if told.change.record in seen]
    known = kind_for(viewer, kind)
    rows = [Row(id=told.change.record, values=told.after, created_by="", is_deleted=False) for told, _names in shown]
    changes = [_known(known, told.change) for told, _names in shown]
    answers = answers_of(conn, known, rows, is_masked=is_masked)
    histories = history_of(conn, known, changes, is_masked=is_masked)
    for (told, names), answer, history in zip(shown, answers, histories, strict=True):
        if told.change.action == "changed" and not history:
            continue  # of nothing but hidden fields: for them it didn't happen
        record = {name: to_json(value) for name, value in answer.items() if name != "created_by"}
        data = {
            "object": kind.name,
            "record": _masked(record, is_masked=is_masked),
            "changes": _masked(
                {name: [to_json(old), to_json(new)] for name, (old, new) in history.items()}, is_masked=is_masked
            ),
            "actor": told.change.actor,
            "act": str(told.change.act),
        }
        for name in names:
            yield Message(
                endpoint=listener.endpoint,
                event=name,
                object=kind.name,
                record=told.change.record,
                at=told.change.at,
                data=data,
            )


def _masked(values: dict[str, Any], *, is_masked: bool) -> dict[str, Any]:
    return {name: mask_value(value, name) for name, value in values.items()} if is_masked else values


def _known(kind: ObjectType, change: Change) -> Change:
    """Without fields that are hidden; values as history keeps them."""
    known = {name: (to_json(old), to_json(new)) for name, (old, new) in change.changes.items() if name in kind.by_name}
    return Change(
        act=change.act, object=change.object, record=change.record, at=change.at, actor=change.actor,
        action=change.action, changes=known,
    )  # fmt: skip
