"""What is kept and told of a write: the history of records, the audit's entry, messages to webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from onefold.accounts.api import audit
from onefold.crm import store
from onefold.crm.objects import ObjectType
from onefold.crm.rules import Pairs, Writing
from onefold.crm.store import Change, Values
from onefold.crm.webhook_messages import Told, tell_webhooks

MOST_FIELDS: Final = 50


@dataclass(frozen=True, kw_only=True)
class Noted:
    """A record that was written: which fields changed, and what it holds now."""

    id: int
    at: datetime
    pairs: Pairs
    after: Values


def note(writing: Writing, kind: ObjectType, noted: Sequence[Noted], action: str) -> None:
    """Into the history, and into the queue of who wants to be told. In the caller's transaction."""
    changes = [
        Change(
            act=writing.act, object=kind.name, record=one.id, at=one.at, actor=writing.viewer.name, action=action,
            changes=one.pairs,
        )
        for one in noted
    ]  # fmt: skip
    store.note_changes(writing.conn, changes)
    tell_webhooks(
        writing, kind, [Told(change=change, after=one.after) for change, one in zip(changes, noted, strict=True)]
    )


def audit_act(writing: Writing, kind: ObjectType, noted: Sequence[Noted], action: str) -> None:
    """The last of the transaction."""
    target = f"{kind.name}:{noted[0].id}" if len(noted) == 1 else f"{kind.name}:"
    fields = {name for one in noted for name in one.pairs}
    details = {"n": len(noted), "act": str(writing.act), "fields": sorted(fields)[:MOST_FIELDS]}
    audit(writing.conn, actor=writing.viewer.name, action=f"{kind.name}.{action}", target=target, details=details)
