"""Our arrays against PostgreSQL's own reading of them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from onefold.infra import arrays

BIGGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("array", "kind", "values"),
    [
        (arrays.bigints([1, -BIGGEST - 1, None, BIGGEST]), "bigint", [1, -BIGGEST - 1, None, BIGGEST]),
        (arrays.integers([0, -1, 2**31 - 1]), "integer", [0, -1, 2**31 - 1]),
        (arrays.smallints([0, -1, 32_767]), "smallint", [0, -1, 32_767]),
        (arrays.booleans([True, False]), "boolean", [True, False]),
        (arrays.texts(["", "ß", "x" * 5_000, "{a,b}"]), "text", ["", "ß", "x" * 5_000, "{a,b}"]),
        (arrays.byteas([b"", None, b"\x00\xff" * 3_000]), "bytea", [b"", None, b"\x00\xff" * 3_000]),
        (arrays.uuids([bytes(16), None]), "uuid", [UUID(int=0), None]),
        (arrays.instants([0, 1]), "timestamptz", [datetime(1970, 1, 1, microsecond=n, tzinfo=UTC) for n in (0, 1)]),
        (arrays.bigints([]), "bigint", []),
    ],
)
def test_an_array_arrives_as_it_was_meant(
    db: Connection[Any], array: arrays.Array, kind: str, values: list[Any]
) -> None:
    row = db.execute("select %b", [array], binary=True).fetchone()
    assert row == (values,)
    named = db.execute("select pg_typeof(%b)::text", [array]).fetchone()
    assert named == ({"timestamptz": "timestamp with time zone"}.get(kind, kind) + "[]",)


def test_what_does_not_fit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Exception, match=r"format requires|out of range"):
        arrays.smallints([40_000])
