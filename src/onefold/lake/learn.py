"""Learns from traffic which properties events carry: a sample of what is flushed, counted by name and type."""

import heapq
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
import pyarrow as pa
from psycopg import Connection

from onefold.infra.postgres import load_queries
from onefold.lake.promoted import Seen, is_promotable

QUERIES: Final = load_queries("onefold.lake", "promote.sql")
SAMPLE_EVENTS: Final = 2_000
SAMPLE_BYTES: Final = 4_000_000
SAMPLE_PROPERTIES: Final = 60_000
"""A sample is looked at no further: events of many thousand properties cost no more than others."""
MAX_NAMES: Final = 1_000
"""Names that are kept; of more those that came first, until `forget` makes room."""


class _Event(msgspec.Struct):
    properties: dict[str, msgspec.Raw] | None = None


_decode: Final = msgspec.json.Decoder(_Event).decode


def sample_of(bodies: pa.ChunkedArray) -> list[bytes]:
    """Some of these JSON texts, evenly spread."""
    step = max(1, -(-len(bodies) // SAMPLE_EVENTS))
    found: list[bytes] = []
    size = 0
    for place in range(0, len(bodies), step):
        body = bodies[place].as_py()
        size += len(body)
        if found and size > SAMPLE_BYTES:
            break
        found.append(body)
    return found


def count_properties(bodies: Iterable[bytes]) -> tuple[list[Seen], int]:
    """How often each property is there, and as what, of the MAX_NAMES most frequent; how many events were looked at.

    A null counts as missing.
    """
    counts: dict[str, list[int]] = {}
    looked, counted = 0, 0
    for body in bodies:
        if counted >= SAMPLE_PROPERTIES:
            break
        looked += 1
        for name, value in _properties(body):
            counted += 1
            if value != b"null":
                mine = counts.setdefault(name, [0] * 6)
                mine[0] += 1
                mine[_kind(value)] += 1
                mine[5] += len(value)
    most = heapq.nlargest(MAX_NAMES, counts.items(), key=lambda pair: pair[1][0])
    return [Seen(name, *numbers) for name, numbers in most if is_promotable(name)], looked


def note_properties(conn: Connection[Any], bodies: list[bytes]) -> None:
    """Add what a sample carries to what is known; in the caller's transaction. Cost: some 20 ms, at most 0.3 s."""
    found, looked = count_properties(bodies)
    columns = list(zip(*found, strict=True)) or [()] * len(Seen._fields)
    seen = {field: list(values) for field, values in zip(Seen._fields, columns, strict=True)}
    conn.execute(QUERIES["note"], {**seen, "most": MAX_NAMES})
    conn.execute(QUERIES["note_sampled"], {"sampled": looked})


def _properties(body: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        found = _decode(body).properties
    except msgspec.DecodeError:
        return
    for name, raw in (found or {}).items():
        yield name, bytes(raw)


def _kind(value: bytes) -> int:
    """Its place in `Seen`."""
    match value[:1]:
        case b'"':
            return 1
        case b"t" | b"f":
            return 3
        case b"{" | b"[":
            return 4
    return 2
