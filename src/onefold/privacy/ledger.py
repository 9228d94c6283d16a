"""The consent ledger in its table: written by the processor, asked by everybody."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from onefold.events.api import Decoded
from onefold.infra.arrays import bigints, booleans, integers, smallints, texts, uuids
from onefold.infra.postgres import load_queries
from onefold.infra.waking import wake
from onefold.privacy.consent import Entry, Key, Ledger, Origin, Said, in_force, in_force_at, in_force_of

QUERIES = load_queries("onefold.privacy", "consent.sql")
MAX_LISTED: Final = 200
COLUMNS: Final = (
    "fragment", "purpose", "origin", "source_id", "is_granted", "statement", "first_ts", "ts", "received_at", "event",
    "details",
)  # fmt: skip
KEY_WIDTH: Final = 6
_MAKERS: Final[dict[str, Callable[[Sequence[Any]], Any]]] = {
    "fragment": bigints, "purpose": texts, "origin": smallints, "source_id": integers, "is_granted": booleans,
    "statement": uuids, "first_ts": bigints, "ts": bigints, "received_at": bigints, "event": uuids, "details": texts,
}  # fmt: skip
Row = tuple[Any, ...]
"""A row of `consent`, columns as in COLUMNS, ids as bytes."""


def rows_of(ledgers: Mapping[int, Ledger]) -> list[Row]:
    """Ledgers by fragment as rows."""
    return [(fragment, *key, *said) for fragment, ledger in ledgers.items() for key, said in ledger.items()]


def write_consents(conn: Connection[Any], rows: Sequence[Row]) -> None:
    """Adds what `rows` say; safe to repeat. Sorted, so that two writers never wait for each other in a ring."""
    if rows:
        conn.execute(QUERIES["write"], _columns(COLUMNS, sorted(rows)))


def delete_consents(conn: Connection[Any], keys: Sequence[Row]) -> None:
    """Deletes single rows; `keys`: their first KEY_WIDTH columns."""
    if keys:
        conn.execute(QUERIES["delete"], _columns(COLUMNS[:KEY_WIDTH], keys))


def forget_consents(conn: Connection[Any], fragments: Collection[int]) -> None:
    """Deletes all that these fragments say."""
    if fragments:
        conn.execute(QUERIES["forget"], {"fragments": bigints(list(fragments))})


def consents_of(conn: Connection[Any], profile_id: int) -> dict[str, Entry]:
    """Purpose → the entry that counts today; a purpose of which nothing was said is missing, which means denied.

    Cost: the person's raw component and its rows of `consent`.
    """
    return in_force((_entry(row) for row in conn.execute(QUERIES["deciding"], {"id": profile_id})), meanings_of(conn))


def consents_in_force(conn: Connection[Any], profile_ids: Collection[int]) -> dict[int, dict[str, bool]]:
    """Profile → purpose → whether it is allowed, purposes sorted; who said nothing is missing. Cost: as `consents_of`
    for each, in one query."""
    found: dict[int, dict[str, bool]] = {}
    rows = conn.execute(QUERIES["in_force"], {"ids": bigints(list(profile_ids))}, binary=True)
    for profile_id, purpose, is_granted in rows:
        found.setdefault(profile_id, {})[purpose] = is_granted
    return {profile_id: dict(sorted(said.items())) for profile_id, said in found.items()}


def consents_at(
    conn: Connection[Any], profile_ids: Collection[int], at_us: int
) -> tuple[dict[int, dict[str, bool]], set[int]]:
    """As `consents_in_force`, at a past moment (µs), by what had happened until then and means today; and the people of
    whom only their events can tell it (`consents_said`). Cost: all rows of their ledgers."""
    meanings = meanings_of(conn)
    entries: dict[int, list[Entry]] = {}
    for profile_id, *row in conn.execute(QUERIES["said_by"], {"ids": bigints(list(profile_ids)), "at": at_us}):
        entries.setdefault(profile_id, []).append(_entry(row))
    known, unsure = dict[int, dict[str, bool]](), set[int]()
    for profile_id, said in entries.items():
        found = in_force_at(said, meanings, at_us)
        if found is None:
            unsure.add(profile_id)
        else:
            known[profile_id] = found
    return known, unsure


def consents_said(conn: Connection[Any], events: Mapping[int, Collection[Decoded]]) -> dict[int, dict[str, bool]]:
    """Profile → purpose → whether that is what counts by these events."""
    meanings = meanings_of(conn)
    return {profile_id: in_force_of(said, meanings) for profile_id, said in events.items()}


def entries_of(conn: Connection[Any], profile_id: int, offset: int = 0) -> tuple[list[Entry], bool]:
    """MAX_LISTED rows of a person's ledger, the latest first, and whether there are more."""
    parameters = {"id": profile_id, "limit": MAX_LISTED + 1, "offset": offset}
    entries = [_entry(row) for row in conn.execute(QUERIES["entries"], parameters)]
    return entries[:MAX_LISTED], len(entries) > MAX_LISTED


def may(conn: Connection[Any], profile_id: int, purpose: str) -> bool:
    """Whether this person allows `purpose`. Nothing said = no."""
    return profile_id in allowing(conn, [profile_id], purpose)


def allowing(conn: Connection[Any], profile_ids: Collection[int], purpose: str) -> set[int]:
    """Those of these people who allow `purpose`. Cost: as `consents_of` for each."""
    entries: dict[int, list[Entry]] = {}
    meanings = meanings_of(conn)
    names = [purpose, *(name for name, meant in meanings.items() if meant == purpose)]
    for profile_id, *row in conn.execute(QUERIES["may"], {"ids": list(profile_ids), "names": names}):
        entries.setdefault(profile_id, []).append(_entry(row))
    return {
        profile_id
        for profile_id, said in entries.items()
        if (found := in_force(said, meanings).get(purpose)) is not None and found.key.is_granted
    }


def note_moved(conn: Connection[Any], name: str) -> None:
    """What a name in the ledger means has changed: whoever said it is looked at again, soon."""
    conn.execute(QUERIES["note_moved"], {"name": name})
    wake(conn, "audiences:fill")


def meanings_of(conn: Connection[Any]) -> dict[str, str | None]:
    """Categories of consent banners → the purpose that each means here, None for what nobody is asked for.

    A purpose's own name means itself, whatever it was said to mean before.
    """
    return dict(conn.execute(QUERIES["meanings"]).fetchall())


def _columns(names: Sequence[str], rows: Sequence[Row]) -> dict[str, Any]:
    by_column = zip(names, zip(*rows, strict=True), strict=True)
    return {name: _MAKERS[name](list(values)) for name, values in by_column}


def _entry(row: Sequence[Any]) -> Entry:
    purpose, origin, source_id, is_granted, statement, first_ts, ts, received_at, event, details = row
    return Entry(
        Key(purpose, Origin(origin), source_id, is_granted, _bytes(statement)),
        Said(first_ts, ts, received_at, _bytes(event), details),
    )


def _bytes(value: UUID | bytes) -> bytes:
    return value.bytes if isinstance(value, UUID) else value
