"""`onefold rebuild`: compute everything afresh from the accepted events, then compare with what is stored, or mend it.

Only rows that differ are written, so pages go on meanwhile; the processor waits. Memory: about 1 KB an identifier.
"""

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection, IsolationLevel

from onefold.config import Settings
from onefold.events.api import lock_positions, replace_tallies
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
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect, load_queries
from onefold.privacy.api import (
    CONSENT_COLUMNS,
    CONSENT_KEY_WIDTH,
    delete_consents,
    rows_of,
    write_consents,
)
from onefold.profiles.api import (
    CompanyRow,
    Golden,
    company_row,
    delete_companies,
    delete_members,
    delete_profiles,
    write_companies,
    write_member_rows,
    write_profiles,
)
from onefold.programs.processor.context import Context, load_context, note_config
from onefold.programs.processor.world import World, compute

QUERIES = load_queries("onefold.programs.processor", "rebuild.sql")
MAX_PRINTED = 50
_FETCH_ROWS = 10_000
Key = Any
Row = tuple[Any, ...]
log = get_logger(__name__)


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


def expected_rows(context: Context, world: World) -> dict[str, dict[Key, Row]]:
    """The rows that the tables shall hold: table → key → columns as in COLUMNS, documents and JSON decoded."""
    rows: dict[str, Iterator[Row]] = {
        "node": (tuple(getattr(node, name) for name in COLUMNS["node"]) for node in world.nodes.values()),
        "edge": ((*pair, *facts, world.refusals.get(pair, 0)) for pair, facts in world.edges.items()),
        "link_rule": ((r.event, received_at, r.a, r.b, r.kind, r.ts) for r, received_at in world.rules),
        "profile": (tuple(golden) for golden in world.profiles.values()),
        "company": (
            tuple(company_row(h, facts, {}, (facts.n, facts.first_ts, facts.last_ts), context.priorities))
            for h, facts in world.companies.items()
        ),
        "company_member": (
            (h, fragment, *times) for h, facts in world.companies.items() for fragment, times in facts.members.items()
        ),
        "consent": iter(rows_of({h: fragment.consents for h, fragment in world.fragments.items()})),
    }
    return {table: dict(_keyed(table, row) for row in found) for table, found in rows.items()}


def differences(conn: Connection[Any], expected: dict[str, dict[Key, Row]]) -> Iterator[Difference]:
    """What is stored otherwise. Consumes `expected`. Cost: one scan of every state table."""
    for table, rows in expected.items():
        with conn.cursor(f"rebuild_{table}", binary=True) as cursor:
            cursor.itersize = _FETCH_ROWS
            for stored in cursor.execute(QUERIES[table]):
                key, found = _keyed(table, stored)
                row = rows.pop(key, None)
                if not _are_equal(row, found):
                    yield Difference(table, key, row, found)
        for key, row in rows.items():
            yield Difference(table, key, row, None)


def find_differences(conn: Connection[Any], context: Context) -> list[Difference]:
    """What is stored otherwise than the accepted events of this snapshot say."""
    return list(differences(conn, expected_rows(context, compute(conn, context))))


def rebuild(conn: Connection[Any], *, is_check: bool) -> list[Difference]:
    """All differences; without `is_check` they are mended in the same transaction, the processor waiting meanwhile."""
    conn.isolation_level = IsolationLevel.REPEATABLE_READ
    with conn.transaction():
        if not is_check:
            conn.execute("lock table log_position in exclusive mode")
            lock_positions(conn)
        context = load_context(conn)
        world = compute(conn, context)
        found = list(differences(conn, expected_rows(context, world)))
        if not is_check:
            _mend(conn, found)
            replace_tallies(conn, world.tallies)
            note_config(conn, context, is_rebuild=True)
    return found


def main(settings: Settings, *, check: bool) -> int:
    """`onefold rebuild [--check]`. Exit status 1 when `--check` found differences."""
    with connect(settings.database.address(), "rebuild") as conn:
        found = rebuild(conn, is_check=check)
    for difference in found[:MAX_PRINTED]:
        sys.stdout.write(difference.sentence() + "\n")
    if len(found) > MAX_PRINTED:
        sys.stdout.write(f"… and {len(found) - MAX_PRINTED} more\n")
    if not found:
        sys.stdout.write("Everything stored is what the accepted events say.\n")
    elif check:
        sys.stdout.write(f"{len(found)} rows differ. `onefold rebuild` mends them.\n")
    else:
        sys.stdout.write(f"{len(found)} rows differed and were mended.\n")
    return 1 if found and check else 0


def _keyed(table: str, row: Row) -> tuple[Key, Row]:
    row = _comparable(table, row)
    return (row[0] if _KEY_WIDTH[table] == 1 else row[: _KEY_WIDTH[table]]), row


def _comparable(table: str, row: Row) -> Row:
    """Equal states compare equal: an empty document is none, JSON is compared by value."""
    if table == "node":
        doc = msgspec.msgpack.decode(row[-1], strict=False) if row[-1] else None
        return (*row[:-1], doc or None)
    if table == "link_rule":
        return (getattr(row[0], "bytes", row[0]), *row[1:])
    if table == "profile":
        return (*row[:5], msgspec.json.decode(row[5]), *row[6:])
    if table == "company":
        return (*row[:4], msgspec.json.decode(row[4]), row[5] or None, *row[6:])
    if table == "consent":
        return tuple(getattr(value, "bytes", value) for value in row)
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


def _mend(conn: Connection[Any], found: list[Difference]) -> None:
    by_table: dict[str, list[Difference]] = {}
    for difference in found:
        by_table.setdefault(difference.table, []).append(difference)
    for table, mend in _MENDERS.items():
        wrong = by_table.get(table, [])
        mend(conn, [d.expected for d in wrong if d.expected], [d.key for d in wrong if d.expected is None])
    moved = [d for d in by_table.get("node", []) if d.found and (d.expected is None or d.found[5] != d.expected[5])]
    write_moves(conn, [(d.key, d.found[5], d.expected[5] if d.expected else None, None) for d in moved if d.found])


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
    write_companies(
        conn, [CompanyRow._make((*row[:4], msgspec.json.encode(row[4]).decode(), *row[5:])) for row in rows]
    )


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
