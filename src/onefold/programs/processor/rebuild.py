"""`onefold rebuild`: compute everything afresh from the accepted events, then compare with what is stored, or mend it.

Both sides come sorted by key and are compared in passing. Only rows that differ are written, so pages go on meanwhile;
the processor waits.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection, IsolationLevel

from onefold.audiences.api import FragmentMove, Happened, follow, look_at
from onefold.config import Settings
from onefold.events.api import lock_positions, replace_tallies, withheld_fragments
from onefold.identity.api import (
    EdgeFacts,
    Node,
    Rule,
    RuleKind,
    delete_edges,
    delete_nodes,
    delete_rules,
    write_edges,
    write_moves,
    write_nodes,
    write_refusals,
    write_rules,
)
from onefold.infra.postgres import connect, load_queries
from onefold.lake.files import working_memory
from onefold.lake.history import all_events
from onefold.lake.location import Location, location_of
from onefold.lake.state import note_rebuilt
from onefold.privacy.api import (
    CONSENT_COLUMNS,
    CONSENT_KEY_WIDTH,
    delete_consents,
    write_consents,
)
from onefold.profiles.api import (
    CompanyRow,
    Golden,
    Head,
    delete_companies,
    delete_members,
    delete_profiles,
    write_companies,
    write_heads,
    write_member_rows,
    write_profiles,
)
from onefold.programs.processor.bulk import Row
from onefold.programs.processor.context import Context, load_context, note_config
from onefold.programs.processor.facts import Facts
from onefold.programs.processor.sayings import Sayings
from onefold.programs.processor.world import World

QUERIES = load_queries("onefold.programs.processor", "rebuild.sql")
MAX_PRINTED = 50
LEAST_MEMORY_MB = 1_024
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""Control group v2, "memory.max": bytes, or the word max (kernel.org, admin-guide/cgroup-v2)."""
_FETCH_ROWS = 10_000
Key = Any


class Difference(NamedTuple):
    """A row that is not as it shall be: one of both is None where there is none."""

    table: str
    key: Key
    expected: Row | None
    found: Row | None

    def sentence(self) -> str:
        """For a person: which row, which columns."""
        if self.found is None:
            return f"{self.table} {self.key}: missing"
        if self.expected is None:
            return f"{self.table} {self.key}: should not exist"
        columns = COLUMNS[self.table]
        parts = [
            f"{name} is {found!r}, should be {expected!r}"
            for name, found, expected in zip(columns, self.found, self.expected, strict=True)
            if found != expected
        ]
        return f"{self.table} {self.key}: {'; '.join(parts)}"


COLUMNS = {
    "node": ("h", "ns", "val", "rcv", "comp", "prof", "fl", "deg", "n", "own_rcv", "first_ts", "last_ts", "doc"),
    "edge": ("a", "b", "first", "trust", "rcv", "ref"),
    "link_rule": ("event", "received_at", "a", "b", "kind", "ts"),
    "profile": Golden._fields,
    "company": CompanyRow._fields,
    "company_member": ("company", "fragment", "first_ts", "last_ts"),
    "consent": CONSENT_COLUMNS,
}
_KEY_WIDTH = {
    "node": 1,
    "edge": 2,
    "link_rule": 2,
    "profile": 1,
    "company": 1,
    "company_member": 2,
    "consent": CONSENT_KEY_WIDTH,
}


class Found(NamedTuple):
    """How many rows differ, and the first of them."""

    n: int
    first: list[Difference]


@contextmanager
def computed(conn: Connection[Any], location: Location, context: Context) -> Iterator[tuple[World, Sayings]]:
    """The world as the accepted events of the transaction's snapshot have it. Cost: one scan of them."""
    with working_memory(_memory_mb()) as memory:
        sayings = Sayings(memory, withheld_fragments(conn))
        sayings.take_in(all_events(conn, location))
        yield World(memory, context, Facts(memory, context, sayings)), sayings


def _memory_mb() -> int:
    """A quarter of the machine's or the container's: somebody waits for it, and not all that people say of themselves
    can go to disk.
    """
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # there is none, or it is "max"
        size = min(size, int(CONTAINER_LIMIT.read_text()))
    return max(LEAST_MEMORY_MB, size // 4_000_000)


def differences(conn: Connection[Any], table: str, expected: Iterator[Row]) -> Iterator[Difference]:
    """What is stored otherwise. `expected` comes by key. Cost: one scan of the table."""
    with conn.cursor(f"rebuild_{table}", binary=True) as cursor:
        cursor.itersize = _FETCH_ROWS
        stored = iter(cursor.execute(QUERIES[table]))
        yield from _compared(table, expected, map(_plain, stored))


def find_differences(conn: Connection[Any], context: Context, location: Location) -> list[Difference]:
    """What is stored otherwise than the accepted events of this snapshot say."""
    with computed(conn, location, context) as (world, _):
        return [found for table, rows in world.rows().items() for found in differences(conn, table, rows())]


def rebuild(conn: Connection[Any], location: Location, *, is_check: bool) -> Found:
    """All differences; without `is_check` they are mended in the same transaction, the processor waiting meanwhile."""
    conn.isolation_level = IsolationLevel.REPEATABLE_READ
    n, first, moves = 0, list[Difference](), list[FragmentMove]()
    with conn.transaction():
        if not is_check:
            conn.execute("lock table log_position in exclusive mode")
            lock_positions(conn)
        context = load_context(conn)
        with computed(conn, location, context) as (world, sayings):
            for table, rows in world.rows().items():
                for found in _batched(differences(conn, table, rows())):
                    n += len(found)
                    first += found[: MAX_PRINTED - len(first)]
                    if not is_check:
                        moves += _mend(conn, table, found)
            if not is_check:
                _keep_audiences(conn, context, moves)
                replace_tallies(conn, sayings.tallies())
        if not is_check:
            note_config(conn, context, is_rebuild=True)
            note_rebuilt(conn)
    return Found(n, first)


def main(settings: Settings, *, check: bool) -> int:
    """`onefold rebuild [--check]`. Exit status 1 when `--check` found differences."""
    with connect(settings.database.address(), "rebuild") as conn:
        n, first = rebuild(conn, location_of(settings), is_check=check)
    for difference in first:
        sys.stdout.write(difference.sentence() + "\n")
    if n > len(first):
        sys.stdout.write(f"… and {n - len(first):,} more\n")
    if not n:
        sys.stdout.write("Everything stored is what the accepted events say.\n")
    elif check:
        sys.stdout.write(f"{n:,} rows differ. `onefold rebuild` mends them.\n")
    else:
        sys.stdout.write(f"{n:,} rows differed and were mended.\n")
    return 1 if n and check else 0


def _compared(table: str, expected: Iterator[Row], stored: Iterator[Row]) -> Iterator[Difference]:
    """Both by key, each key once."""
    width = _KEY_WIDTH[table]
    one, other = next(expected, None), next(stored, None)
    while one is not None or other is not None:
        key, found_key = one and one[:width], other and other[:width]
        if found_key is None or (key is not None and key < found_key):
            yield _difference(table, one, None)
            one = next(expected, None)
        elif key is None or found_key < key:
            yield _difference(table, None, other)
            other = next(stored, None)
        else:
            if one != other and not _are_equal(_comparable(table, one or ()), _comparable(table, other or ())):
                yield _difference(table, one, other)
            one, other = next(expected, None), next(stored, None)


def _difference(table: str, expected: Row | None, found: Row | None) -> Difference:
    width = _KEY_WIDTH[table]
    key = (expected or found or ())[:width]
    return Difference(
        table,
        key[0] if width == 1 else key,
        _comparable(table, expected) if expected else None,
        _comparable(table, found) if found else None,
    )


def _batched(found: Iterator[Difference]) -> Iterator[list[Difference]]:
    while batch := list(islice(found, _FETCH_ROWS)):
        yield batch


def _plain(row: Row) -> Row:
    """Ids as bytes, which sort as PostgreSQL sorts them."""
    return tuple([value.bytes if type(value) is UUID else value for value in row])


def _comparable(table: str, row: Row) -> Row:
    """Equal states compare equal: an empty document is none, JSON is compared by value."""
    if table == "node":
        doc = msgspec.msgpack.decode(row[-1], strict=False) if row[-1] else None
        return (*row[:-1], doc or None)
    if table == "profile":
        return (*row[:5], msgspec.json.decode(row[5]), *row[6:])
    if table == "company":
        return (*row[:4], msgspec.json.decode(row[4]), row[5] or None, *row[6:])
    return row


def _are_equal(expected: Any, found: Any) -> bool:  # noqa: ANN401 rows, and JSON within them
    """By value; where one number is a float both are: jsonb keeps 1e23 as an integer."""
    if expected == found:
        return True
    match expected, found:
        case (bool(), _) | (_, bool()):
            return False
        case (float(), int() | float()) | (int(), float()):
            return float(expected) == float(found)
        case dict(), dict():
            return expected.keys() == found.keys() and all(_are_equal(one, found[key]) for key, one in expected.items())
        case (tuple(), tuple()) | (list(), list()):
            return len(expected) == len(found) and all(map(_are_equal, expected, found))
    return False


def _mend(conn: Connection[Any], table: str, wrong: list[Difference]) -> list[FragmentMove]:
    """Write what is expected. Returns the identifiers that move."""
    _MENDERS[table](conn, [d.expected for d in wrong if d.expected], [d.key for d in wrong if d.expected is None])
    if table == "node":
        moved = [d for d in wrong if d.found and (d.expected is None or d.found[5] != d.expected[5])]
        moves: list[FragmentMove] = [
            (d.key, d.found[5], d.expected[5] if d.expected else None, None) for d in moved if d.found
        ]
        write_moves(conn, moves)
        return moves
    if table == "profile":
        look_at(conn, profiles=[d.key for d in wrong])
    elif table == "consent":
        look_at(conn, fragments=sorted({d.key[0] for d in wrong}))
    return []


def _keep_audiences(conn: Connection[Any], context: Context, moves: list[FragmentMove]) -> None:
    """What is kept of events goes with the fragments; people are looked at as they are now."""
    for begin in range(0, len(moves), _FETCH_ROWS):
        some = moves[begin : begin + _FETCH_ROWS]
        profile_of = {h: owner for h, _, owner, _ in some if owner is not None}
        follow(conn, context.live, Happened(moves=some, profile_of=profile_of), context.clock())


def _mend_nodes(conn: Connection[Any], rows: list[Row], gone: list[Key]) -> None:
    delete_nodes(conn, gone)
    names = COLUMNS["node"][:-1]
    nodes = []
    for row in rows:
        doc = msgspec.msgpack.encode(row[-1]) if row[-1] else b""
        nodes.append(Node(**dict(zip(names, row[:-1], strict=True)), doc=doc))
    write_nodes(conn, nodes)


def _mend_edges(conn: Connection[Any], rows: list[Row], gone: list[Key]) -> None:
    delete_edges(conn, gone)
    write_edges(conn, {(row[0], row[1]): EdgeFacts(*row[2:5]) for row in rows})
    write_refusals(conn, {(row[0], row[1]): row[5] for row in rows})


def _mend_rules(conn: Connection[Any], rows: list[Row], gone: list[Key]) -> None:
    delete_rules(conn, [*gone, *((row[0], row[1]) for row in rows)])
    write_rules(conn, [(Rule(row[2], row[3], RuleKind(row[4]), row[5], row[0]), row[1]) for row in rows])


def _mend_profiles(conn: Connection[Any], rows: list[Row], gone: list[Key]) -> None:
    delete_profiles(conn, gone)
    write_profiles(conn, [Golden._make((*row[:5], msgspec.json.encode(row[5]).decode(), *row[6:])) for row in rows])


def _mend_companies(conn: Connection[Any], rows: list[Row], gone: list[Key]) -> None:
    delete_companies(conn, gone)
    companies = [CompanyRow._make((*row[:4], msgspec.json.encode(row[4]).decode(), *row[5:])) for row in rows]
    write_companies(conn, companies)
    write_heads(conn, [Head(one.h, one.head, one.name, one.traits, list(one.apart)) for one in companies])


def _mend_members(conn: Connection[Any], rows: list[Row], gone: list[Key]) -> None:
    delete_members(conn, [*gone, *((row[0], row[1]) for row in rows)])
    write_member_rows(conn, rows)


def _mend_consents(conn: Connection[Any], rows: list[Row], gone: list[Key]) -> None:
    delete_consents(conn, [*gone, *(row[:CONSENT_KEY_WIDTH] for row in rows)])
    write_consents(conn, rows)


_MENDERS = {
    "node": _mend_nodes,
    "edge": _mend_edges,
    "link_rule": _mend_rules,
    "profile": _mend_profiles,
    "company": _mend_companies,
    "company_member": _mend_members,
    "consent": _mend_consents,
}
