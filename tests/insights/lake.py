"""A small lake as a snapshot, of Parquet files written here: three people, one of whom is being erased."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from onefold.lake.delta import schema_of, stored_columns
from onefold.lake.snapshot import File, Snapshot, TableFiles
from onefold.lake.tables import COMPANIES, EVENTS, IDENTIFIERS, PROFILES, Column, Table

T0: Final = datetime(2026, 1, 31, 22, 30, tzinfo=UTC)
ANNA, BERT, CARA = 101, 102, 103
"""Profiles. Of each, the first fragment has the same number; 204 is a fragment of Bert's that moved to Anna."""
MOVED: Final = 204
TOTAL: Final = Column("p_total", "double", "The property `total`", True)
NOTE: Final = Column("p_note", "string", "The property `note`", True)
PHONE: Final = Column("p_tel", "double", "The property `tel`", True)
PROMOTED: Final = {"total": TOTAL, "note": NOTE, "tel": PHONE}


def event(position: int, profile: int, name: str = "Bought", **more: Any) -> dict[str, Any]:
    """A row of `events`."""
    email = f"user{profile}@example.com"
    row = {column.name: None for column in (*EVENTS.columns, TOTAL, NOTE, PHONE)} | {
        "month": f"{T0:%Y-%m}",
        "bucket": profile % 16,
        "profile_id": profile,
        "fragment_id": profile,
        "position": position,
        "event_id": position.to_bytes(16, "big"),
        "ts": T0 + timedelta(hours=position),
        "received_at": T0 + timedelta(hours=position),
        "source_id": 1,
        "kind": "track",
        "trust": 2,
        "flags": 0,
        "name": name,
        "message_id": f"m-{position}",
        "user_id": email,
        "context_page_url": f"https://shop.example/?email={email}",
        "context_page_path": "/cart",
        "body": json.dumps({"userId": email, "properties": {"total": position * 10}}),
        "p_total": position * 10.0,
    }
    return row | more


def small(folder: Path) -> Snapshot:
    """Positions 1 to 6 in two files, 7 in the hot tail; 3 is gone, CARA withheld, MOVED overridden."""
    old = [event(1, ANNA), event(2, BERT, p_note="call +40721123456"), event(3, BERT, "Gone")]
    new = [event(4, BERT, "Moved", fragment_id=MOVED), event(5, CARA), event(6, BERT, "user102@example.com")]
    events = (
        *files_of(folder, EVENTS, old, lacking=("p_note",)),
        *files_of(folder, EVENTS, new, extra=(TOTAL, NOTE, PHONE)),
    )
    hot = pa.Table.from_pylist([event(7, ANNA, "Hot", month="fresh", bucket=-1)], schema_of(_all(EVENTS)))
    profiles = [
        {"bucket": one % 16, "profile_id": one, "name": f"Name {one}", "email": f"user{one}@example.com",
         "phone": "+40721123456", "company_id": 9, "is_known": True, "first_seen": T0, "last_seen": T0,
         "traits": '{"email": "x@example.com"}'}
        for one in (ANNA, BERT, CARA)
    ]  # fmt: skip
    identifiers = [
        {"bucket": one % 16, "profile_id": one, "identifier_id": one, "namespace": "email", "n_events": 3,
         "value": f"user{one}@example.com", "first_received_at": T0, "first_ts": T0, "last_ts": T0}
        for one in (ANNA, BERT, CARA)
    ]  # fmt: skip
    company = {"company_id": 9, "space": "", "key": "acme", "name": "Acme", "n_events": 1, "first_seen": T0,
               "last_seen": T0, "traits": "{}"}  # fmt: skip
    cara = pa.table({"profile_id": pa.array([CARA])})
    return Snapshot(
        tables={
            "events": TableFiles(table=EVENTS._replace(columns=_all(EVENTS)), version=3, files=tuple(events), hot=hot),
            "profiles": replace(_files(folder, PROFILES, profiles), replaced=cara),
            "identifiers": replace(_files(folder, IDENTIFIERS, identifiers), replaced=cara),
            "companies": _files(folder, COMPANIES, [company]),
        },
        position=6,
        taken_at=T0,
        gone=pa.table({"position": pa.array([3], pa.int64())}),
        overrides=pa.table({"fragment_id": pa.array([MOVED]), "profile_id": pa.array([ANNA])}),
        withheld=pa.table({"fragment_id": pa.array([CARA])}),
        promoted=PROMOTED,
    )


def empty() -> Snapshot:
    """Nothing was ever flushed, and nothing came."""
    none = pa.table({"position": pa.array([], pa.int64())})
    two = pa.table({"fragment_id": pa.array([], pa.int64()), "profile_id": pa.array([], pa.int64())})
    tables = {
        one.name: TableFiles(table=one, version=-1, files=()) for one in (EVENTS, PROFILES, IDENTIFIERS, COMPANIES)
    }
    return Snapshot(tables=tables, position=0, taken_at=T0, gone=none, overrides=two, withheld=two.select([0]))


def many(folder: Path, n: int) -> Snapshot:
    """`n` events of one person in one file."""
    rows = [event(position, ANNA) for position in range(1, n + 1)]
    found = TableFiles(table=EVENTS, version=1, files=tuple(files_of(folder, EVENTS, rows)))
    return replace(empty(), tables=dict(empty().tables) | {"events": found})


def files_of(
    folder: Path,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    lacking: Sequence[str] = (),
    extra: Sequence[Column] = (),
) -> list[File]:
    """A file for each partition, as the lake writes them."""
    found = []
    columns = [column for column in (*stored_columns(table), *extra) if column.name not in lacking]
    for key in sorted({tuple(row[name] for name in table.partitioned_by) for row in rows}):
        partition = dict(zip(table.partitioned_by, map(str, key), strict=True))
        part = [row for row in rows if tuple(row[name] for name in table.partitioned_by) == key]
        path = folder.joinpath(
            table.name, *(f"{name}={value}" for name, value in partition.items()), f"{len(columns)}.parquet"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(part, schema_of(columns)), path)
        found.append(File(uri=str(path), partition=partition, size_bytes=path.stat().st_size, rows=len(part)))
    return found


def _files(folder: Path, table: Table, rows: Sequence[dict[str, Any]]) -> TableFiles:
    return TableFiles(table=table, version=1, files=tuple(files_of(folder, table, rows)))


def _all(table: Table) -> tuple[Column, ...]:
    return (*table.columns, TOTAL, NOTE, PHONE)
