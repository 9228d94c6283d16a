"""The audit log: chained, append-only, in the caller's transaction, without personal data."""

import threading
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from onefold.accounts.audit import Filter, acting_from, audit, audit_page, broken_entry, known_actions
from onefold.events.api import NewSource, append_internal, create_key, create_source, disable_key, update_source
from onefold.infra.postgres import connect
from onefold.kernel.hashing import identifier_hash


def add(conn: Connection[Any], number: int, **changes: Any) -> None:
    given = {"actor": "user:alice", "action": "thing.done", "target": f"thing:{number}", "details": {"n": number}}
    audit(conn, **given | changes)


def test_an_entry_says_who_did_what_when_and_from_where(db: Connection[Any]) -> None:
    with acting_from("203.0.113.7"):
        add(db, 1)
    add(db, 2)
    second, first = audit_page(db, Filter())
    assert (first.actor, first.action, first.target) == ("user:alice", "thing.done", "thing:1")
    assert (first.details, first.address, first.at.tzinfo is not None) == ({"n": 1}, "203.0.113.7", True)
    assert (second.id, second.address) == (2, None)


def test_pages_by_filter_and_place(db: Connection[Any]) -> None:
    for number in range(1, 8):
        add(db, number, actor=f"user:{number % 2}", action=f"thing.{number % 3}")
    assert [entry.id for entry in audit_page(db, Filter(), limit=3)] == [7, 6, 5]
    assert [entry.id for entry in audit_page(db, Filter(), before=5, limit=3)] == [4, 3, 2]
    assert [entry.id for entry in audit_page(db, Filter(actor="user:1"))] == [7, 5, 3, 1]
    assert [entry.id for entry in audit_page(db, Filter(actor="user:1", action="thing.1"))] == [7, 1]
    assert [entry.id for entry in audit_page(db, Filter(target="thing:4"))] == [4]
    assert known_actions(db) == ["thing.0", "thing.1", "thing.2"]


@pytest.mark.parametrize("change", ["update audit set actor = 'user:mallory' where id = 2", "delete from audit"])
def test_entries_neither_change_nor_go(change: str, db: Connection[Any]) -> None:
    add(db, 1)
    add(db, 2)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        db.execute(change)
    assert len(audit_page(db, Filter())) == 2


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("update audit set details = '{\"n\": 9}' where id = 3", 3),
        ("update audit set at = at - interval '1 day' where id = 2", 2),
        ("update audit set address = '10.0.0.1' where id = 2", 2),
        ("delete from audit where id = 2", 3),
        ("delete from audit where id = 1", 2),
        ("update audit set actor = 'user:alicething.done', action = '' where id = 4", 4),
    ],
)
def test_an_owner_of_the_database_who_forges_is_found_out(change: str, broken: int, db: Connection[Any]) -> None:
    for number in range(1, 6):
        add(db, number)
    assert broken_entry(db) is None
    with db.transaction():
        db.execute("alter table audit disable trigger audit_append_only")
        db.execute(change)
        db.execute("alter table audit enable trigger audit_append_only")
    assert broken_entry(db) == broken


def test_what_is_rolled_back_leaves_no_entry_and_no_gap(db: Connection[Any]) -> None:
    add(db, 1)
    with db.transaction(force_rollback=True):
        add(db, 2)
    add(db, 3)
    assert [entry.target for entry in audit_page(db, Filter())] == ["thing:3", "thing:1"]
    assert broken_entry(db) is None


def test_many_at_once_make_one_chain(db: Connection[Any], pg_url: str) -> None:
    def write(first: int) -> None:
        with connect(pg_url, "tests", autocommit=True) as conn:
            for number in range(first, first + 10):
                add(conn, number)

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.id for entry in audit_page(db, Filter())] == list(range(40, 0, -1))
    assert broken_entry(db) is None


def test_sources_and_keys_leave_entries(db: Connection[Any]) -> None:
    create_source(db, NewSource(slug="web", name="Web shop", kind="browser"), acting_user="user:alice")
    update_source(db, "web", {"priority": 7}, acting_user="user:alice")
    made = create_key(db, "web", kind="secret", acting_user="user:bob")
    disable_key(db, made.key.id, acting_user="user:bob")
    said = [(entry.actor, entry.action, entry.target, entry.details) for entry in reversed(audit_page(db, Filter()))]
    assert said == [
        ("user:alice", "source.created", "source:web", {"kind": "browser"}),
        ("user:alice", "source.changed", "source:web", {"priority": 7}),
        ("user:bob", "key.created", "key:1", {"kind": "secret", "scopes": ["write"], "source": "web"}),
        ("user:bob", "key.ended", "key:1", {}),
    ]
    assert made.text not in str(audit_page(db, Filter()))


def test_decisions_of_users_and_keys_leave_entries_without_anybodys_values(db: Connection[Any]) -> None:
    link = {"type": "link", "rule": "never", "a": ["email", "ada@example.com"], "b": ["user_id", "7"]}
    append_internal(db, [link], acting_user="user:alice")
    append_internal(db, [{"type": "retract", "source": "web", "messageIds": ["m-1", "m-2"]}], acting_user="key:3")
    append_internal(db, [link], acting_user="onefold: component too large")
    second, first = audit_page(db, Filter())
    assert (first.actor, first.action, first.details["rule"]) == ("user:alice", "identity.decided", "never")
    assert first.target == f"person:{identifier_hash('email', 'ada@example.com') % (1 << 64):016x}"
    assert (second.actor, second.action, second.details) == ("key:3", "events.retracted", {"messages": 2})
    assert "ada@example.com" not in str([first, second])
