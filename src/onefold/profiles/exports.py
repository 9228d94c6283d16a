"""Exports of whole lists: asked for by a user, made by the worker (`jobs`) piece by piece, kept for a day.

Of people and, by what `jobs` is given, of any other records: who lists them makes their rows. What is made stands
in the database, because the worker and the web process may run on different machines.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection

from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries
from onefold.infra.waking import wake
from onefold.kernel.errors import NotFound, Rejected
from onefold.kernel.marking import marked as _
from onefold.lists.api import ListState
from onefold.notifications.api import News, end, tell

QUERIES = load_queries("onefold.profiles", "exports.sql")
TASK: Final = "exports:make_exports"
KEPT: Final = timedelta(hours=24)
MAX_OPEN: Final = 3
"""Exports of one user that wait or run."""
MAX_SIZE: Final = 2_000_000_000
"""Bytes. Longer lists are cut off at either, and the page says so."""
SILENT: Final = timedelta(minutes=5)
"""A worker that said nothing for so long is dead, and its export is made again."""
LISTED: Final = 50
_DONE_TITLE: Final = _("Your export is ready: %(people)d people")
_DONE_TITLE_OF_OTHERS: Final = _("Your export is ready: %(people)d records")
_FAILED_TITLE: Final = _("Your export could not be made")

log = get_logger(__name__)


class ExportRejected(Rejected):
    """This can't be exported."""

    code = "export_rejected"


@dataclass(frozen=True, kw_only=True)
class Export:
    """As it is stored. `state`: waiting, running, done or failed. `total` is known once it runs; sizes in bytes."""

    id: UUID
    owner: str
    user_id: int
    address: str
    is_masked: bool
    state: str
    asked_at: datetime
    ended_at: datetime | None
    tries: int
    total: int | None
    written: int
    size: int
    is_cut: bool
    fault: str
    object: str
    path: str
    format: str
    has_all_columns: bool

    @property
    def kept_until(self) -> datetime:
        """When it is removed."""
        return self.asked_at + KEPT

    @property
    def list_name(self) -> str:
        """The list that it is of, in a word of its address."""
        return self.path.rpartition("/")[2].capitalize()

    @property
    def is_open(self) -> bool:
        """Whether something is still to come of it."""
        return self.state in {"waiting", "running"}

    @property
    def percent(self) -> int:
        """How much of it is made."""
        return min(100, math.floor(100 * self.written / self.total)) if self.total else 0


class Progress(NamedTuple):
    """How many rows are written, of how many; `size` in bytes. `is_cut`: nothing more went in, though there was."""

    total: int
    written: int = 0
    size: int = 0
    is_cut: bool = False


class Wanted(NamedTuple):
    """Who asks for which file. `owner` as the audit calls them."""

    owner: str
    user_id: int
    is_masked: bool
    format: str = "csv"
    has_all_columns: bool = False


def ask_export(conn: Connection[Any], state: ListState, wanted: Wanted) -> UUID:
    """Have the worker make an export of the whole list, in the caller's transaction. Raises ExportRejected."""
    given = wanted._asdict() | {"address": state.address(), "object": state.kind.object, "path": state.kind.path}
    given["most"] = MAX_OPEN
    conn.execute(QUERIES["lock"], {"user_id": wanted.user_id})
    row = conn.execute(QUERIES["ask"], given).fetchone()
    if row is None:
        raise ExportRejected(f"{MAX_OPEN} of your exports are still being made. Wait for one of them, or remove it.")
    wake(conn, TASK)
    found: UUID = row[0]
    return found


def exports_of(conn: Connection[Any], user_id: int) -> list[Export]:
    """A user's, the latest first, up to LISTED."""
    return [_export(row) for row in conn.execute(QUERIES["of_user"], {"user_id": user_id, "limit": LISTED})]


def find_export(conn: Connection[Any], export_id: UUID, user_id: int) -> Export:
    """Raises NotFound unless it is there and this user's."""
    row = conn.execute(QUERIES["one"], {"id": export_id}).fetchone()
    found = _export(row) if row else None
    if found is None or found.user_id != user_id:
        raise NotFound("There is no such export. Exports are kept for a day.")
    return found


def piece_of(conn: Connection[Any], export_id: UUID, after: int) -> tuple[int, bytes] | None:
    """What comes after piece `after` (-1 = the first) and that piece's number; None = there are no more."""
    row = conn.execute(QUERIES["next_piece"], {"id": export_id, "after": after}).fetchone()
    return None if row is None else (row[0], row[1])


def remove_export(conn: Connection[Any], export_id: UUID, user_id: int) -> bool:
    """Away with it; whoever makes it stops. False = it was not there, or not this user's. Safe to repeat."""
    removed = conn.execute(QUERIES["remove"], {"id": export_id, "user_id": user_id}).fetchall()
    _forget(conn, removed)
    return bool(removed)


def remove_old_exports(conn: Connection[Any]) -> None:
    """Those whose time is over."""
    _forget(conn, conn.execute(QUERIES["remove_old"], {"kept": KEPT}).fetchall())


def remove_all_exports(conn: Connection[Any]) -> int:
    """Those of everybody: somebody was erased who may stand in any of them. How many, in the caller's transaction.

    None is asked for or begun until that ends: it would still hold them.
    """
    conn.execute(QUERIES["lock_all"])
    removed = conn.execute(QUERIES["remove_all"]).fetchall()
    _forget(conn, removed)
    return len(removed)


def claim_export(conn: Connection[Any]) -> Export | None:
    """The one whose turn it is, now this caller's: the oldest that waits, or whose worker fell silent."""
    row = conn.execute(QUERIES["claim"], {"silent": SILENT}).fetchone()
    return None if row is None else _export(row)


def add_piece(conn: Connection[Any], export: Export, n: int, body: bytes, progress: Progress) -> bool:
    """The `n`th piece, and how far it is with it. False = it isn't this worker's any more: stop."""
    with conn.transaction():
        # first, as a removal does: who begins with the pieces would wait in a ring with it
        if conn.execute(QUERIES["touch"], _of_try(export) | progress._asdict()).fetchone() is None:
            return False
        if n == 0:  # what an earlier try left
            conn.execute(QUERIES["clear"], {"id": export.id})
        conn.execute(QUERIES["add_piece"], {"id": export.id, "n": n, "body": body})
    return True


def end_export(conn: Connection[Any], export: Export, progress: Progress | None, *, fault: str = "") -> bool:
    """It is made, or (without progress) won't be, and its owner is told. False = it isn't this worker's any more."""
    state = "failed" if progress is None else "done"
    written = progress.written if progress else 0
    with conn.transaction():
        ended = {"state": state, "is_cut": progress is not None and progress.is_cut, "fault": fault}
        if conn.execute(QUERIES["end"], _of_try(export) | ended).fetchone() is None:
            return False
        done_title = _DONE_TITLE if export.object == "people" else _DONE_TITLE_OF_OTHERS
        title, tone = (done_title, "ok") if progress else (_FAILED_TITLE, "bad")
        url, params = "/exports", {"people": written}
        tell(conn, News(key=_key(export.id), user_id=export.user_id, tone=tone, title=title, params=params, url=url))
    log.info("export_ended", export=str(export.id), state=state, rows=written, tries=export.tries)
    return True


def _of_try(export: Export) -> dict[str, Any]:
    return {"id": export.id, "tries": export.tries}


def _forget(conn: Connection[Any], removed: list[tuple[Any, ...]]) -> None:
    end(conn, [_key(row[0]) for row in removed])


def _key(export_id: UUID) -> str:
    return f"export:{export_id}"


def _export(row: tuple[Any, ...]) -> Export:
    return Export(**dict(zip(Export.__dataclass_fields__, row, strict=True)))
