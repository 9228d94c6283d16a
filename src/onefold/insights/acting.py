"""A query run for somebody: noted, asked, audited. For the page, what is wrong with it is a value."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings

from onefold.accounts.api import Actor, audit, name_of, workspace
from onefold.infra.pool import pooled
from onefold.insights.asking import Answer, Question, ask, fingerprint, is_masked_for
from onefold.insights.guard import SqlRejected
from onefold.insights.job import MAX_SQL, Form
from onefold.insights.runs import begin_run, cancelled, end_run
from onefold.insights.sandbox import SqlCancelled, SqlTooMuch
from onefold.kernel.errors import OnefoldError

_OUTCOMES: Final = {SqlRejected: "rejected", SqlTooMuch: "too_much", SqlCancelled: "cancelled"}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why there is no result. `line` and `column` from 1; 0 = nowhere."""

    code: str
    message: str
    line: int
    column: int
    excerpt: str
    """The line, and below it a mark at the column; empty = nowhere."""


@contextmanager
def run_for(actor: Actor, sql: str, *, form: Form, max_rows: int, run_id: UUID | None = None) -> Iterator[Answer]:
    """The result of `sql` as `actor` may see it; the audit log notes who asked and what became of it.

    Not the text, which may name somebody: its fingerprint; the text stays in its owner's list of runs for some days.
    Raises what `asking.ask` raises.
    """
    if not sql.strip() or len(sql) > MAX_SQL:
        raise SqlRejected(f"A query has from 1 to {MAX_SQL:,} characters.")
    run_id, owner = run_id or uuid4(), name_of(actor)
    question = Question(
        sql=sql, is_masked=is_masked_for(actor), form=form, max_rows=max_rows, time_zone=workspace().time_zone
    )
    with pooled() as conn:
        begin_run(conn, run_id, owner=owner, sql=sql)
    outcome, answer = "failed", None
    try:
        with ask(settings.ONEFOLD, question, cancelled(run_id)) as answer:
            outcome = "done"
            _note(run_id, owner, question, outcome, answer)
            yield answer
    except OnefoldError as fault:
        outcome = _OUTCOMES.get(type(fault), "failed")
        raise
    finally:
        if answer is None:
            _note(run_id, owner, question, outcome, None)


@contextmanager
def placed() -> Iterator[None]:
    """A fault of the SQL says its place in its message: for whoever has nothing but that."""
    try:
        yield
    except SqlRejected as fault:
        if not fault.line:
            raise
        raise SqlRejected(f"Line {fault.line}, column {fault.column}: {fault}", fault.line, fault.column) from fault


def failure_of(fault: OnefoldError, sql: str) -> Failure:
    """As the page shows it."""
    line, column = getattr(fault, "line", 0), getattr(fault, "column", 0)
    lines = sql.splitlines()
    excerpt = ""
    if 0 < line <= len(lines):
        start = max(0, column - 60)
        excerpt = f"{lines[line - 1][start : start + 100]}\n{' ' * (column - 1 - start)}^"
    return Failure(code=fault.code, message=str(fault), line=line, column=column, excerpt=excerpt)


def _note(run_id: UUID, owner: str, question: Question, outcome: str, answer: Answer | None) -> None:
    report = answer.report if answer else None
    details: dict[str, Any] = {
        "query": fingerprint(question.sql),
        "outcome": outcome,
        "form": question.form,
        "masked": question.is_masked,
    }
    if report:
        details |= {"rows": report.rows, "tables": list(report.tables)}
    with pooled() as conn, conn.transaction():
        end_run(conn, run_id, outcome, report.rows if report else None, report.seconds if report else None)
        audit(conn, actor=owner, action="sql.run", target=f"run:{run_id}", details=details)
