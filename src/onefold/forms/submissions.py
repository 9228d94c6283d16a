"""What was sent by forms: listed, let in, thrown away; what nobody decided about goes after its days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.events.api import append_rows, wait_until_processed
from onefold.forms.definition import definition_from
from onefold.forms.taking import MAIL_TASK, QUERIES, WAITING_DAYS, row_of_held
from onefold.infra.waking import wake
from onefold.kernel.errors import NotFound

PAGE_SIZE: Final = 50
PIECE: Final = 1_000
_FIRST: Final = (datetime.max.replace(tzinfo=UTC), UUID(int=(1 << 128) - 1))


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One that came. `answers`: while it waits or is held; afterwards they are the person's.

    `profile_id`, `name` and `email`: whose it is now, if `is_known`.
    """

    id: UUID
    at: datetime
    state: str
    reason: str
    page: str
    campaign: str
    version: int
    answers: dict[str, Any] | None
    mailed_at: datetime | None
    mail_fault: str
    profile_id: int
    is_known: bool
    name: str | None
    email: str | None


def submissions_of(
    conn: Connection[Any],
    form_id: int,
    *,
    states: Sequence[str] | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_SIZE,
) -> list[Submission]:
    """The latest first, of these states (None = all), older than `before`."""
    at, id_ = before or _FIRST
    parameters = {
        "form_id": form_id,
        "before_at": at,
        "before_id": id_,
        "states": list(states) if states is not None else None,
        "limit": limit,
    }
    names = Submission.__dataclass_fields__
    return [Submission(**dict(zip(names, row, strict=True))) for row in conn.execute(QUERIES["list"], parameters)]


def text_of_place(one: Submission) -> str:
    """Where the page after this one begins, for addresses."""
    return f"{one.at.isoformat()}_{one.id}"


def place_of(text: str) -> tuple[datetime, UUID] | None:
    """None for what no page of ours wrote."""
    at, _under, id_ = text.replace(" ", "+").partition("_")
    try:
        found = datetime.fromisoformat(at), UUID(id_)
    except ValueError:
        return None
    return found if found[0].tzinfo else None


def waiting_counts(conn: Connection[Any], form_id: int) -> dict[str, int]:
    """How many are held, and how many wait for their confirmation."""
    return dict(conn.execute(QUERIES["states"], {"form_id": form_id}).fetchall())


def let_in(conn: Connection[Any], form_id: int, submission: UUID, *, acting_user: str) -> str:
    """One that was held counts: it is logged, or its address is asked to confirm; which. Safe to repeat.

    Raises NotFound for what isn't held any more.
    """
    position = None
    with conn.transaction():
        row = _held(conn, form_id, submission)
        definition = definition_from(row[11])
        state = "waiting" if definition.opt_in.is_on else "released"
        if state == "released":
            found = conn.execute(QUERIES["traits_of"], {"person": row[12]}).fetchone()
            known = dict(found[0]) if found else {}
            position = append_rows(conn, [row_of_held(row, known, now=datetime.now(UTC), is_confirmed=False)])
        else:
            wake(conn, MAIL_TASK)
        _decide(conn, submission, state, acting_user)
        _count(conn, form_id, state)
        audit(conn, actor=acting_user, action="submission.let_in", target=f"form:{form_id}")
    if position is not None:
        wait_until_processed(conn, position)
    return state


def discard(conn: Connection[Any], form_id: int, submission: UUID, *, acting_user: str) -> None:
    """One that was held goes, with its answers. Raises NotFound for what isn't held any more."""
    with conn.transaction():
        _held(conn, form_id, submission)
        _decide(conn, submission, "discarded", acting_user)
        _count(conn, form_id, "discarded")
        audit(conn, actor=acting_user, action="submission.discarded", target=f"form:{form_id}")


def expire(conn: Connection[Any]) -> int:
    """Answers that waited or were held for their days go; how many. Safe to repeat; a piece a transaction."""
    gone = 0
    while True:
        with conn.transaction():
            rows = conn.execute(QUERIES["expire"], {"limit": PIECE}).fetchall()
            for form_id, state in rows:
                _count(conn, form_id, state)
        gone += len(rows)
        if len(rows) < PIECE:
            return gone


def _held(conn: Connection[Any], form_id: int, submission: UUID) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = conn.execute(QUERIES["held"], {"id": submission}).fetchone()
    if row is None or row[1] != form_id or row[3] != "held":
        raise NotFound(_("This submission isn't kept aside any more."))
    return row


def _decide(conn: Connection[Any], submission: UUID, state: str, acting_user: str) -> None:
    conn.execute(QUERIES["decide"], {"id": submission, "state": state, "by": acting_user, "days": WAITING_DAYS})


def _count(conn: Connection[Any], form_id: int, outcome: str) -> None:
    today = datetime.now(UTC).date()
    conn.execute(QUERIES["count"], {"forms": [form_id], "days": [today], "outcomes": [outcome], "n": [1]})
