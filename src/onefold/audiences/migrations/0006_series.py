"""Runs the SQL files beside it, and between them brings over what is stored in another form."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import StateApps

ROWS = 5_000
MINUTE_US = 60_000_000


def bring_over(_: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Documents, and buckets that wait, get their counts, sums and moments as lists, counts and sums by minute; members
    become bits. Buckets stay as long as they were: a window that is read off one that is kept for longer counts whole
    hours until a day later, whole days until ninety days later."""
    with editor.connection.cursor() as cursor:
        cursor.execute("select number, key from metric")
        folds = {number: _fold_of(key) for number, key in cursor.fetchall()}
        for rows in _pages(cursor, "select id, doc from profile_state where doc is not null and id > %s order by id"):
            documents = [(_document(bytes(doc), folds), profile) for profile, doc in rows]
            cursor.executemany("update profile_state set doc = %s where id = %s", documents)
        cursor.execute("select metric, fragment, buckets from metric_fill")
        waiting = [
            (msgspec.msgpack.encode(_listed(folds[metric], msgspec.msgpack.decode(bytes(buckets)))), metric, fragment)
            for metric, fragment, buckets in cursor.fetchall()
        ]
        cursor.executemany("update metric_fill set buckets = %s where metric = %s and fragment = %s", waiting)
        query = "select profile, audience from membership where profile >= %s and profile <= %s order by profile"
        for rows in _pages(cursor, "select distinct profile, 0 from membership where profile > %s order by profile"):
            cursor.execute(query, [rows[0][0], rows[-1][0]])
            members = [
                (profile, _bits(audience for _, audience in some))
                for profile, some in groupby(cursor.fetchall(), key=lambda row: row[0])
            ]
            cursor.executemany("insert into member_of (profile, audiences) values (%s, %s)", members)


def _pages(cursor: Any, query: str) -> Iterator[list[tuple[int, Any]]]:  # noqa: ANN401  (Django's, which has no type)
    after = -(2**63)
    while True:
        cursor.execute(f"{query} limit {ROWS}", [after])
        rows = cursor.fetchall()
        if not rows:
            return
        after = rows[-1][0]
        yield rows


def _fold_of(key: str) -> tuple[str, int]:
    """How it is folded, and how many minutes its buckets have."""
    kept = msgspec.json.decode(key)
    return kept.get("fold", kept["type"]), kept.get("grain_us", 0) // MINUTE_US


def _document(doc: bytes, folds: dict[int, tuple[str, int]]) -> bytes:
    fragments = msgspec.msgpack.decode(doc)
    for state in fragments.values():
        for number, buckets in state.items():
            state[number] = _listed(folds.get(number, ("", 0)), buckets)
    return msgspec.msgpack.encode(fragments)


def _listed(folded: tuple[str, int], buckets: dict[int, Any]) -> Any:  # noqa: ANN401  (a list, or the buckets as they are)
    fold, minutes = folded
    match fold:
        case "count":
            return [number for bucket in sorted(buckets) for number in (bucket * minutes, buckets[bucket])]
        case "sum":
            return [number for bucket in sorted(buckets) for number in (bucket * minutes, *buckets[bucket])]
        case "moments":
            return [number for ts in sorted(buckets) for bits in buckets[ts] for number in (ts, bits)]
    return buckets


def _bits(audiences: Iterator[int]) -> bytes:
    number = sum(1 << audience for audience in audiences)
    return number.to_bytes((number.bit_length() + 7) // 8, "little")


def _sql(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


class Migration(migrations.Migration):
    """Counts, sums and moments as lists; who is in as bits."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("audiences", "0005_moves")]
    operations: ClassVar[list[Operation]] = [
        migrations.RunSQL(_sql("0006_series.sql")),
        migrations.RunPython(bring_over),
        migrations.RunSQL(_sql("0006_series_after.sql")),
    ]
