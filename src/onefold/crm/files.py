"""Files of records, people and companies: kept in pieces, told as events, deleted with a way back."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import IO, Any, Final
from uuid import uuid4

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.crm.errors import FileRejected, FileTooLarge, RecordMissing
from onefold.crm.rules import Writing
from onefold.crm.schema import objects_in_force
from onefold.crm.subjects import Fact, log_facts
from onefold.crm.viewer import Viewer
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "files.sql")
PIECE_BYTES: Final = 1_000_000
MOST_BYTES: Final = 25_000_000
MOST_FILES: Final = 200
"""Of one record, person or company."""
MOST_TOTAL: Final = 20_000_000_000
"""Bytes of all files: they are in the database, and in each of its backups."""
KEPT: Final = timedelta(days=30)
"""How long a deleted file can be brought back."""
_LOCK: Final = 0x66696C65
_MEDIA: Final = re.compile(r"[\w.+-]{1,80}/[\w.+-]{1,80}")
_UNKNOWN: Final = "application/octet-stream"
_PICTURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
_WEBP: Final = (b"RIFF", b"WEBP")
SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What browsers may show: pictures that can't hold a script, by what their bytes say."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What files belong to. `record`: as it is kept; `records`: all that lead to it (a person has many identifiers)."""

    object: str
    record: str
    records: tuple[str, ...]
    person: int | None = None
    company: int | None = None
    deal: int | None = None


@dataclass(frozen=True, kw_only=True)
class File:
    """A file without its bytes."""

    id: int
    object: str
    record: str
    name: str
    media_type: str
    size_bytes: int
    at: datetime
    by: str
    is_deleted: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether browsers may show it."""
        return self.media_type in SHOWN


def files_of(conn: Connection[Any], target: Target) -> list[File]:
    """The latest first, up to MOST_FILES."""
    parameters = {"object": target.object, "records": list(target.records), "most": MOST_FILES}
    return [_file(row) for row in conn.execute(QUERIES["of_record"], parameters)]


def load_file(conn: Connection[Any], number: int) -> File:
    """A deleted one, too. Who may see it is for the caller to ask. Raises RecordMissing."""
    row = conn.execute(QUERIES["one"], {"id": number}).fetchone()
    if row is None:
        raise missing_file(number)
    return _file(row)


def missing_file(number: int) -> RecordMissing:
    """There is none, or who asks may not see it: both look alike."""
    return RecordMissing(_("There is no file %(id)s, it was deleted, or you may not see it.") % {"id": number})


def piece_of(conn: Connection[Any], file: File, n: int) -> bytes:
    """PIECE_BYTES of its bytes, from the n-th PIECE_BYTES on; none behind its end."""
    row = conn.execute(QUERIES["piece"], {"id": file.id, "n": n}, binary=True).fetchone()
    return bytes(row[0]) if row else b""


def add_file(
    conn: Connection[Any], target: Target, name: str, media_type: str, body: IO[bytes], *, viewer: Viewer
) -> int:
    """One more; its number. `body`: at hand, for what others read waits for this transaction.

    Raises FileRejected, FileTooLarge.
    """
    name, size = clean_name(name), _size(body)
    start = body.read(16)
    body.seek(0)
    with conn.transaction():
        conn.execute("select pg_advisory_xact_lock(%s)", [_LOCK])  # two at once would each find room for themselves
        _demand_room(conn, target, size)
        parameters = {
            "object": target.object, "record": target.record, "name": name, "media_type": _media(media_type, start),
            "size_bytes": size, "by": viewer.name,
        }  # fmt: skip
        (number,) = conn.execute(QUERIES["add"], parameters).fetchone() or (0,)
        n = 0
        while piece := body.read(PIECE_BYTES):
            conn.execute(QUERIES["add_piece"], {"id": number, "n": n, "body": piece})
            n += 1
        _tell(conn, target, number, name, size, viewer)
        details = {"file": number, "size_bytes": size}
        audit(conn, actor=viewer.name, action="file.added", target=f"{target.object}:{target.record}", details=details)
    return int(number)


def set_file_deleted(conn: Connection[Any], file: File, *, is_deleted: bool, viewer: Viewer) -> None:
    """Out of sight, or back. Safe to repeat; after KEPT it is gone."""
    with conn.transaction():
        parameters = {"id": file.id, "is": is_deleted, "by": viewer.name if is_deleted else ""}
        if conn.execute(QUERIES["set_deleted"], parameters).fetchone() is not None:
            action = "file.deleted" if is_deleted else "file.restored"
            target = f"{file.object}:{file.record}"
            audit(conn, actor=viewer.name, action=action, target=target, details={"file": file.id})


def forget_files(conn: Connection[Any], now: datetime, *, limit: int = 100) -> int:
    """Deletes for good what was deleted KEPT ago; how many. In short transactions. Safe to repeat."""
    gone = 0
    while count := conn.execute(QUERIES["forget_deleted"], {"before": now - KEPT, "limit": limit}).rowcount:
        gone += count
    return gone


def clean_name(name: str) -> str:
    """The last part of a path, without what no name holds. Raises FileRejected."""
    text = re.sub("[\0-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "", name.replace("\\", "/"))
    text = PurePosixPath(text).name.strip()
    if not text or text == "..":
        raise FileRejected(_("The file needs a name."))
    if len(text) > 200:
        stem, dot, end = text.rpartition(".")
        text = f"{stem[: 199 - len(end)]}.{end}" if dot and len(end) <= 10 else text[:200]
    return text


def _demand_room(conn: Connection[Any], target: Target, size: int) -> None:
    parameters = {"object": target.object, "records": list(target.records)}
    count, total = conn.execute(QUERIES["taken"], parameters).fetchone() or (0, 0)
    if count >= MOST_FILES:
        raise FileRejected(_("Up to %(n)d files can be kept here. Delete some first.") % {"n": MOST_FILES})
    if total + size > MOST_TOTAL:
        gb = MOST_TOTAL // 1_000_000_000
        raise FileRejected(
            _("All files together may have %(n)d GB, and that is reached. Delete some first.") % {"n": gb}
        )


def _size(body: IO[bytes]) -> int:
    size = body.seek(0, 2)
    body.seek(0)
    if size == 0:
        raise FileRejected(_("The file is empty."))
    if size > MOST_BYTES:
        raise too_large()
    return size


def too_large() -> FileTooLarge:
    """What somebody is told whose file is too large."""
    return FileTooLarge(
        _("A file may have %(n)d MB. Put larger ones elsewhere, and a link here.") % {"n": MOST_BYTES // 1_000_000}
    )


def _media(said: str, start: bytes) -> str:
    """Of pictures what their bytes say, of others what the sender says, as long as that is no picture."""
    for magic, found in _PICTURES:
        if start.startswith(magic):
            return found
    if start[:4] == _WEBP[0] and start[8:12] == _WEBP[1]:
        return "image/webp"
    said = said.partition(";")[0].strip().lower()
    return said if _MEDIA.fullmatch(said) and said not in SHOWN else _UNKNOWN


def _tell(conn: Connection[Any], target: Target, number: int, name: str, size: int, viewer: Viewer) -> None:
    """Without its name: who may read events needn't be who may see files."""
    now = datetime.now(UTC)
    writing = Writing(conn=conn, viewer=viewer, act=uuid4(), now=now, objects=objects_in_force(conn))
    properties = {
        "file_id": number, "size_bytes": size, "ending": PurePosixPath(name).suffix.lower()[:12],
        "deal_id": target.deal, "owner": viewer.username,
    }  # fmt: skip
    fact = Fact(
        event="File Added", key=str(number), at=now, person=target.person, company=target.company, properties=properties
    )
    log_facts(writing, [fact])


def _file(row: tuple[Any, ...]) -> File:
    names = ("id", "object", "record", "name", "media_type", "size_bytes", "at", "by", "is_deleted")
    return File(**dict(zip(names, row, strict=False)))
