"""Events sent through the processor, and what the lake must say of them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, NamedTuple

import pyarrow as pa
from psycopg import Connection

from onefold.events.api import LogRow, Trust
from onefold.events.clean import clean_text
from onefold.lake.snapshot import Snapshot
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.steps import process

SUPPRESSION_KEY = b"k" * 32
RECEIVED_US = 1_767_225_600_000_000
"""2026-01-01."""
HOUR_US: Final = 3_600_000_000
_lives: Final = count()


def send(
    conn: Connection[Any], events: Sequence[dict[str, Any]], received_us: int = RECEIVED_US, source: int = 1
) -> None:
    """Let the processor take these in as one batch, a request each, a microsecond apart."""
    _process(conn, [json.dumps({"batch": [event]}).encode() for event in events], received_us, source)


def send_raw(conn: Connection[Any], request: bytes, received_us: int = RECEIVED_US) -> None:
    """A request's body as a client may send it, made clean as the collector does."""
    _process(conn, [clean_text(request)[0]], received_us, 1)


def _process(conn: Connection[Any], bodies: Sequence[bytes], received_us: int, source: int) -> None:
    rows = [
        LogRow(1, 1000, index, 0, source, Trust.SECRET, received_us + index, 1, "", "", body)
        for index, body in enumerate(bodies)
    ]
    with conn.transaction():
        context = load_context(conn, suppression_key=SUPPRESSION_KEY)
        process(conn, context, prepare(rows, context))


def track(user: str, name: str, n: int, **more: Any) -> dict[str, Any]:
    """A track call; `n` makes its message id."""
    properties = more.pop("properties", {})
    return {"type": "track", "userId": user, "event": name, "messageId": f"m{n}", "properties": properties, **more}


def live_on(conn: Connection[Any]) -> None:
    """Events, two who become one, and something taken back."""
    n = next(_lives) * 100
    received = RECEIVED_US + n * HOUR_US
    send(conn, [track(f"user {m % 7}", "Seen", n + m) | {"anonymousId": f"anon {m % 5}"} for m in range(20)], received)
    send(
        conn, [{"type": "retract", "source": 1, "messageIds": [f"m{n + 3}"], "messageId": f"r{n}"}], received + HOUR_US
    )


class Row(NamedTuple):
    """An event of the lake, as far as tests compare it."""

    event_id: bytes
    received_at: datetime
    profile_id: int
    fragment_id: int
    ts: datetime
    kind: str
    name: str
    body: str


def rows_in_database(conn: Connection[Any]) -> list[Row]:
    """What the lake must hold, as PostgreSQL has it now."""
    kinds = ("", "identify", "track", "page", "screen", "group", "alias", "link", "retract")
    found = conn.execute(
        "select e.id, e.received_at, coalesce(n.prof, e.fragment), e.fragment, e.ts, e.kind, e.name, e.body "
        "from event e left join node n on n.h = e.fragment where e.fragment not in (select fragment from withheld)"
    )
    return sorted(
        Row(
            id_.bytes, received.astimezone(UTC), profile, fragment, ts.astimezone(UTC), kinds[kind], name, body.decode()
        )
        for id_, received, profile, fragment, ts, kind, name, body in found
    )


def value_of(event: Any, name: str, kind: str) -> Any:
    """What the promoted column of a property must hold, in plain Python."""
    properties = event.get("properties") if isinstance(event, dict) else None
    found = properties.get(name) if isinstance(properties, dict) else None
    match kind:
        case "string":
            return found if isinstance(found, str) else None
        case "double":
            return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
    return found if isinstance(found, bool) else None


def rows_in_snapshot(snapshot: Snapshot) -> list[Row]:
    """What a snapshot holds, by a reading of its contract that shares nothing with the engines."""
    import pyarrow.parquet as pq
    from deltalake.fs import DeltaStorageHandler
    from pyarrow import fs

    gone = set(snapshot.gone["position"].to_pylist())
    withheld = set(snapshot.withheld["fragment_id"].to_pylist())
    present = dict(zip(*snapshot.overrides.to_pydict().values(), strict=True))
    events = snapshot.tables["events"]
    parts: list[dict[str, Any]] = []
    for file in events.files:
        folder, name = file.uri.rsplit("/", 1)
        store = fs.PyFileSystem(DeltaStorageHandler(folder, dict(snapshot.storage_options) or None))
        found: pa.Table = pq.read_table(store.open_input_file(name))
        assert found.num_rows == file.rows
        parts += [row for row in found.to_pylist() if row["position"] not in gone]
    assert events.hot is not None
    parts += events.hot.to_pylist()
    for name, column in snapshot.promoted.items():
        assert [row[column.name] for row in parts] == [
            value_of(json.loads(row["body"]), name, column.type) for row in parts
        ]
    return sorted(
        Row(
            row["event_id"], row["received_at"], present.get(row["fragment_id"], row["profile_id"]), row["fragment_id"],
            row["ts"], row["kind"], row["name"], row["body"],
        )
        for row in parts if row["fragment_id"] not in withheld
    )  # fmt: skip
