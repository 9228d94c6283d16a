"""Small lakes for tests: Parquet files in the lake's layout, without its writer."""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from onefold.lake.engine import arrow_type
from onefold.lake.properties import path_of, value_of
from onefold.lake.snapshot import File, Snapshot, TableFiles
from onefold.lake.tables import BUCKETS, COMPANIES, EVENTS, IDENTIFIERS, PROFILES, Column, Table

Row = dict[str, Any]
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def event(position: int, profile: int, ts: datetime, name: str = "Opened", **more: Any) -> Row:
    """A row of `events`; `properties` become its body, other names columns."""
    properties = more.pop("properties", {})
    body = more.pop("body", None) or msgspec.json.encode({"type": "track", "properties": properties}).decode()
    row = dict.fromkeys(column.name for column in EVENTS.columns)
    return {
        **row,
        "profile_id": profile,
        "ts": ts,
        "event_id": position.to_bytes(16, "big"),
        "position": position,
        "fragment_id": profile,
        "received_at": ts,
        "source_id": 1,
        "kind": "track",
        "trust": 2,
        "flags": 0,
        "name": name,
        "message_id": f"m{position}",
        "body": body,
        **more,
    }


def snapshot_of(
    folder: Path,
    events: Sequence[Row],
    *,
    hot: Sequence[Row] = (),
    gone: Sequence[int] = (),
    overrides: Mapping[int, int] | None = None,
    promoted: Sequence[tuple[str, str]] = (),
    withheld: Sequence[int] = (),
    profiles: Sequence[Row] = (),
    hot_profiles: Sequence[Row] = (),
    replaced: Sequence[int] = (),
    companies: Sequence[Row] = (),
    identifiers: Sequence[Row] = (),
    fresh: frozenset[int] = frozenset(),
) -> Snapshot:
    """Events into a file a month and bucket; those of `fresh` (positions) into one not yet filed.

    `promoted`: properties and their types, which become columns. `replaced`: profiles whose rows of files don't count.
    """
    columns = {path_of(name)[0]: Column(f"p_{i}", kind, "A property") for i, (name, kind) in enumerate(promoted)}
    table = EVENTS._replace(columns=(*EVENTS.columns, *columns.values()))
    rows, hot = ([_with_columns(row, columns) for row in given] for given in (events, hot))
    cells: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["profile_id"], row["ts"], row["event_id"])):
        filed = (f"{row['ts']:%Y-%m}", row["profile_id"] % BUCKETS)
        cells[("fresh", -1) if row["position"] in fresh else filed].append(row)
    files = [
        _write(folder, table, cell, {"month": month, "bucket": str(bucket)})
        for (month, bucket), cell in sorted(cells.items())
    ]
    tables = {
        "events": TableFiles(table=table, version=1, files=tuple(files), hot=_arrow(table, hot) if hot else None),
        **{
            other.name: _whole(folder, other, given)
            for other, given in ((PROFILES, profiles), (COMPANIES, companies), (IDENTIFIERS, identifiers))
        },
    }
    if hot_profiles or replaced:
        tables[PROFILES.name] = dataclasses.replace(
            tables[PROFILES.name],
            hot=_arrow(PROFILES, hot_profiles),
            replaced=pa.table({"profile_id": pa.array(replaced, pa.int64())}),
        )
    pairs = overrides or {}
    return Snapshot(
        tables=tables,
        position=max((row["position"] for row in events), default=0),
        taken_at=NOW,
        gone=pa.table({"position": pa.array(gone, pa.int64())}),
        withheld=pa.table({"fragment_id": pa.array(withheld, pa.int64())}),
        overrides=pa.table(
            {"fragment_id": pa.array(pairs.keys(), pa.int64()), "profile_id": pa.array(pairs.values(), pa.int64())}
        ),
        promoted=columns,
    )


def truth(snapshot: Snapshot, events: Sequence[Row], hot: Sequence[Row]) -> list[Row]:
    """The events that count, as `Snapshot` defines them."""
    gone, withheld = set(snapshot.gone["position"].to_pylist()), set(snapshot.withheld["fragment_id"].to_pylist())
    moved = {row["fragment_id"]: row["profile_id"] for row in snapshot.overrides.to_pylist()}
    there = [row for row in events if row["position"] not in gone] + list(hot)
    return [
        {**row, "profile_id": moved.get(row["fragment_id"], row["profile_id"])}
        for row in there
        if row["fragment_id"] not in withheld
    ]


def _with_columns(row: Row, promoted: Mapping[str, Column]) -> Row:
    body = msgspec.json.decode(row["body"])
    values = {
        column.name: value_of(body, ("properties", name), column.type)  # type: ignore[arg-type]  # a property's type is among them
        for name, column in promoted.items()
    }
    return {**row, **values}


def _whole(folder: Path, table: Table, rows: Sequence[Row]) -> TableFiles:
    files = (_write(folder, table, list(rows), {"bucket": "-1"} if table.partitioned_by else {}),) if rows else ()
    return TableFiles(table=table, version=1, files=files)


def _write(folder: Path, table: Table, rows: list[Row], partition: Mapping[str, str]) -> File:
    path = folder.joinpath(table.name, *(f"{key}={value}" for key, value in partition.items()), "part it's.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(_arrow(table, rows).drop_columns(list(table.partitioned_by)), path)
    return File(uri=str(path), partition=partition, size_bytes=path.stat().st_size, rows=len(rows))


def _arrow(table: Table, rows: Sequence[Row]) -> pa.Table:
    schema = pa.schema([(column.name, arrow_type(column.type)) for column in table.columns])
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)
