"""Rules of tasks: what they are about, what a deal's next one is, facts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from psycopg import Connection

from onefold.crm.objects import TASK
from onefold.crm.rules import Draft, Writing
from onefold.crm.subjects import Fact, log_facts, take_over, usernames
from onefold.crm.telling import end_reminders, tell_given
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "tasks.sql")
USUAL: Final = {"kind": "todo", "priority": "normal"}
"""Of tasks that say nothing else."""


class TaskRules:
    """See `Rules`."""

    def prepare(self, writing: Writing, drafts: Sequence[Draft]) -> None:
        """Of a deal's task also its person and company; what isn't said is usual."""
        for draft in drafts:
            draft.after.update({name: draft.after[name] or usual for name, usual in USUAL.items()})
        take_over(writing, drafts)

    def follow(self, writing: Writing, drafts: Sequence[Draft]) -> None:
        """Deals know their next task; reminders that were put off come again."""
        if any(draft.is_new_value("remind_at") for draft in drafts):
            ids = [draft.id for draft in drafts if draft.is_new_value("remind_at")]
            writing.conn.execute(QUERIES["remind_again"], {"ids": ids})
        over = [one.id for one in drafts if one.before and (one.after["done_at"] or one.is_new_value("remind_at"))]
        end_reminders(writing.conn, over)
        tell_given(writing, TASK, drafts)
        _keep_next(writing.conn, (deal for draft in drafts for deal in (draft.old("deal"), draft.after["deal"])))
        log_facts(writing, _facts(writing, drafts))

    def removed(self, writing: Writing, ids: Sequence[int], *, is_deleted: bool) -> None:
        """What is deleted is nobody's next task, and nobody is told of it any more."""
        if is_deleted:
            end_reminders(writing.conn, ids)
        _keep_next(writing.conn, (deal for (deal,) in writing.conn.execute(QUERIES["deals_of"], {"ids": list(ids)})))


def _keep_next(conn: Connection[Any], deals: Iterable[int | None]) -> None:
    wanted = sorted({one for one in deals if one is not None})
    if wanted:
        conn.execute(QUERIES["keep_next"], {"deals": wanted})


def _facts(writing: Writing, drafts: Sequence[Draft]) -> Iterator[Fact]:
    owners = usernames(writing.conn, (draft.after["owner"] for draft in drafts))
    for draft in drafts:
        after = draft.after
        is_done = after["done_at"] is not None and draft.old("done_at") is None
        if draft.before is None or is_done:
            yield Fact(
                event="Task Completed" if is_done else "Task Created",
                key=str(draft.id),
                at=draft.at,
                person=after["person"],
                company=after["company"],
                properties={
                    "task_id": draft.id,
                    "task_name": after["name"],
                    "kind": after["kind"],
                    "due_at": after["due_at"].isoformat() if after["due_at"] else None,
                    "deal_id": after["deal"],
                    "owner": owners.get(after["owner"]),
                },
            )
