"""What an object's own rules look like: what they fill in before records are written, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from psycopg import Connection

from onefold.crm.objects import ObjectType
from onefold.crm.store import Values
from onefold.crm.viewer import Viewer

Pairs = dict[str, tuple[Any, Any]]
"""By name of a field that changes: (before, after)."""


@dataclass(kw_only=True)
class Draft:
    """A record about to be written, as of `at`. `before` None = it is new; `id` is known once it is stored."""

    id: int
    at: datetime
    before: Values | None
    after: Values

    def pairs(self) -> Pairs:
        """The fields that change."""
        if self.before is None:
            return {name: (None, value) for name, value in self.after.items() if not is_empty(value)}
        # most values are the very ones from before: nothing else is asked of those
        touched = {name: value for name, value in self.after.items() if value is not self.before.get(name)}
        return {name: (self.old(name), value) for name, value in touched.items() if self.is_new_value(name)}

    def old(self, name: str) -> Any:  # noqa: ANN401  (any kind's value)
        """What the field held before; None of a new record."""
        return None if self.before is None else self.before.get(name)

    def is_new_value(self, name: str) -> bool:
        """Whether the field changes; one without a value is empty, in whatever way."""
        old, new = self.old(name), self.after.get(name)
        return old != new and not (is_empty(old) and is_empty(new))


def is_empty(value: object) -> bool:
    """Whether a field that holds it has no value."""
    return value is None or value in ("", [])


def row_of(draft: Draft, drafts: Sequence[Draft]) -> int | None:
    """Which of many it is, from 1, for who is told what is wrong with it."""
    return next(n for n, one in enumerate(drafts, 1) if one is draft) if len(drafts) > 1 else None


@dataclass(frozen=True, kw_only=True)
class Writing:
    """What a write happens in: one act, in one transaction. `is_undo`: values go back to what they were."""

    conn: Connection[Any]
    viewer: Viewer
    act: UUID
    now: datetime
    objects: Mapping[str, ObjectType]
    is_undo: bool = False


class Rules(Protocol):
    """Of one object."""

    def prepare(self, writing: Writing, drafts: Sequence[Draft]) -> None:
        """Fills in and checks before anything is written. Raises RecordRejected."""

    def follow(self, writing: Writing, drafts: Sequence[Draft]) -> None:
        """Writes what follows, in the same transaction: other tables, facts for the log."""

    def removed(self, writing: Writing, ids: Sequence[int], *, is_deleted: bool) -> None:
        """What follows from deleting them, or from bringing them back."""
