"""Requests about privacy: what would go, asking for it, and what became of it. The processor does it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from onefold.accounts.api import audit
from onefold.events.api import append_internal, wait_until_processed
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound, Rejected
from onefold.privacy.subject import Subject, subject_of
from onefold.profiles.api import Names, load_members

QUERIES = load_queries("onefold.privacy", "requests.sql")
PAGE_SIZE: Final = 50
MAX_LISTED: Final = 200
_COLUMNS: Final = (
    "id", "kind", "requested_at", "requested_by", "is_suppressed", "begun_at", "done_at", "n_events", "fault", "report",
)  # fmt: skip


class NobodysIdentifier(Rejected):
    """Several people use this identifier, so erasing by it would hurt others."""

    code = "shared_identifier"


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an erasure would take. `identifiers`: the first MAX_LISTED as (namespace, value); empty = nobody known."""

    subject: Subject
    identifiers: list[tuple[str, str]]
    n_identifiers: int
    n_events: int
    n_companies: int
    n_consents: int
    n_decisions: int
    n_others: int  # other people who were seen with one of the identifiers; their events are redacted


@dataclass(frozen=True, kw_only=True)
class RequestRow:
    """A request and what it did, counts by kind: so far, or once `done_at` all.

    `begun_at`: since then nobody sees the person. `n_events`: how many of their own there were. `fault`: the kind of
    error on which it stands still, until somebody asks for it again.
    """

    id: int
    kind: str
    requested_at: datetime
    requested_by: str
    is_suppressed: bool
    begun_at: datetime | None
    done_at: datetime | None
    n_events: int | None
    fault: str | None
    report: dict[str, Any] | None

    @property
    def n_erased(self) -> int:
        """How many of the person's own events are gone."""
        events = (self.report or {}).get("events", {})
        return sum(n for kind, n in events.items() if kind != "link")

    @property
    def is_under_way(self) -> bool:
        """Whether a part is done, and more to do."""
        return self.begun_at is not None and self.done_at is None


def preview(conn: Connection[Any], names: Names, text: str) -> Preview:
    """Look only. Raises IdentifierRejected, NotFound for an unknown profile id. Cost: the person's component."""
    subject = subject_of(conn, names, text)
    found = subject.found
    members = load_members(conn, names, found.profile_id) if found and found.has_profile else []
    parameters = {"hashes": [member.h for member in members]}
    row = conn.execute(QUERIES["counts"], parameters).fetchone() or (0, 0, 0, 0)
    return Preview(
        subject=subject,
        identifiers=[(member.namespace, member.value) for member in members[:MAX_LISTED]],
        n_identifiers=len(members),
        n_events=sum(member.n for member in members),
        n_companies=row[0],
        n_consents=row[1],
        n_decisions=row[2],
        n_others=row[3],
    )


def request_erasure(
    conn: Connection[Any], names: Names, text: str, *, is_suppressed: bool, acting_user: str
) -> RequestRow:
    """Ask to erase whom `text` names, and wait a moment. One that waits for the same identifier is returned instead.

    Raises IdentifierRejected, NotFound, NobodysIdentifier.
    """
    subject = subject_of(conn, names, text)
    if subject.is_shared:
        raise NobodysIdentifier(f"{subject.text} is used by several people. Erase by an identifier that is one's own.")
    return _request(conn, "erase", subject, is_suppressed=is_suppressed, acting_user=acting_user)


def request_release(conn: Connection[Any], names: Names, text: str, *, acting_user: str) -> RequestRow:
    """Ask that an identifier, and all that were erased with it, may come back."""
    return _request(conn, "release", subject_of(conn, names, text), is_suppressed=False, acting_user=acting_user)


def _request(
    conn: Connection[Any], kind: str, subject: Subject, *, is_suppressed: bool, acting_user: str
) -> RequestRow:
    parameters = {
        "kind": kind,
        "identifier": json.dumps([subject.namespace, subject.value]),
        "is_suppressed": is_suppressed,
        "requested_by": acting_user,
    }
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        waiting = conn.execute(QUERIES["waiting"], parameters).fetchone()
        row = waiting or conn.execute(QUERIES["insert"], parameters).fetchone()
        assert row is not None  # noqa: S101 an insert returns its row
        # logged again for one that waits: should the processor have failed on it, this is another try
        position = append_internal(conn, [{"type": "request", "request": row[0]}], acting_user=acting_user)
        action = "person.erasure_requested" if kind == "erase" else "person.release_requested"
        audit(conn, actor=acting_user, action=action, target=f"privacy_request:{row[0]}")
    wait_until_processed(conn, position)
    return get_request(conn, row[0])


def ask_again(conn: Connection[Any], request_id: int, *, acting_user: str) -> RequestRow:
    """Log a request that waits once more, and wait a moment: one that stood still on an error goes on.

    Raises NotFound. Safe to repeat; nothing happens to one that is done.
    """
    row = get_request(conn, request_id)
    if row.done_at is None:
        with conn.transaction():
            position = append_internal(conn, [{"type": "request", "request": request_id}], acting_user=acting_user)
            audit(conn, actor=acting_user, action="privacy_request.repeated", target=f"privacy_request:{request_id}")
        wait_until_processed(conn, position)
    return get_request(conn, request_id)


def get_request(conn: Connection[Any], request_id: int) -> RequestRow:
    """Raises NotFound."""
    row = conn.execute(QUERIES["get"], {"id": request_id}).fetchone()
    if row is None:
        raise NotFound("There is no request of this number.")
    return RequestRow(**dict(zip(_COLUMNS, row, strict=True)))


def list_requests(conn: Connection[Any], before: int | None = None) -> tuple[list[RequestRow], int | None]:
    """The latest first, and the id before which older ones begin."""
    parameters = {"before": before or (1 << 62), "limit": PAGE_SIZE + 1}
    rows = [RequestRow(**dict(zip(_COLUMNS, row, strict=True))) for row in conn.execute(QUERIES["page"], parameters)]
    return rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None


def count_suppressed(conn: Connection[Any]) -> int:
    """How many identifiers are suppressed."""
    row = conn.execute(QUERIES["suppressed"]).fetchone()
    return row[0] if row else 0
