"""Two processors, poisoned rows, the log read again, retraction and never-link: nothing doubles, nothing stops."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psutil
import pytest

from onefold.programs.processor.main import OWNER_LOCK
from tests.scenarios.installation import Installation
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

LISTENERS: Final = "select pid from pg_stat_activity where application_name like 'onefold processor listener%%'"


def test_second_processor_stands_by_and_takes_over_from_a_killed_one(installation: Installation) -> None:
    shop = installation.new_source("standby")
    with _second_processor(installation):
        wait_until(lambda: len(_lock_askers(installation)) == 2, 30, "a second processor")
        installation.send(shop, _orders("before", 50))
        installation.settle()
        assert installation.value("select count(*) from pg_locks where objid = %s and granted", OWNER_LOCK) == 1

        supervisor = psutil.Process(installation.supervisor.pid)
        supervisor.suspend()  # or it would start the first again at once
        try:
            first = installation.find("processor")
            assert first is not None
            first.kill()
            installation.send(shop, _orders("after", 50))
            installation.settle()
        finally:
            supervisor.resume()

    assert installation.value("select count(*) from event where source_id = %s", shop.id) == 100
    assert installation.counts(shop, "duplicate") == 0
    installation.demand_clean_rebuild()


POISONS: Final = {
    "no JSON at all": b"\\x00\\xff\\xfe this is not JSON",
    "nothing": b"",
    "JSON of something else": b"[1, 2, 3]",
    "a batch that is none": b'{"batch": 7}',
    "nested without end": b'{"batch": [' + b"[" * 20_000 + b"]" * 20_000 + b"]}",
}


def test_poisoned_rows_become_violations_and_the_lane_goes_on(installation: Installation) -> None:
    shop = installation.new_source("poisoned")
    with installation.connection() as conn:
        for lane in (0, 1):
            for poison in POISONS.values():
                conn.execute(
                    "insert into event_log (epoch, lane, source_id, trust, received_at, n, body)"
                    " values ((select coalesce(max(epoch), 1) from log_epoch), %s, %s, 2, now(), 1, %s)",
                    [lane, shop.id, poison],
                )
    installation.send(shop, _orders("healthy", 10))
    installation.send(shop, _orders("healthy-import", 10), "/v1/import")
    installation.settle()

    assert installation.value("select count(*) from event where source_id = %s", shop.id) == 20
    refused = "select count(*), bool_and(is_fatal) from violation where source_id = %s"
    assert installation.query(refused, shop.id) == [(2 * len(POISONS), True)]


def test_row_that_processing_fails_on_is_kept_and_the_others_go_on(installation: Installation) -> None:
    """The failure is the database's own here: a trigger that refuses one message."""
    shop = installation.new_source("failing")
    with installation.connection() as conn:
        conn.execute(
            "create function refuse() returns trigger language plpgsql as $$ begin "
            "if new.message_id = 'poison' then raise exception 'refused'; end if; return new; end $$"
        )
        conn.execute("create trigger refuse before insert on event for each row execute function refuse()")
    try:
        installation.send(shop, _orders("good", 20))
        installation.send(shop, [{**_orders("bad", 1)[0], "messageId": "poison"}])
        installation.send(shop, _orders("as-good", 20))
        installation.settle()
    finally:
        with installation.connection() as conn:
            conn.execute("drop trigger refuse on event")
            conn.execute("drop function refuse")

    assert installation.value("select count(*) from event where source_id = %s", shop.id) == 40
    violations = "select reason, convert_from(body, 'UTF8')::jsonb #>> '{batch,0,messageId}' from violation"
    assert installation.query(f"{violations} where source_id = %s", shop.id) == [("processing_failed", "poison")]
    with installation.connection() as conn:  # a test that reads the log again would find it healed
        conn.execute("delete from event_log where position('\"poison\"'::bytea in body) > 0")
    installation.demand_clean_rebuild()


def test_log_that_is_read_again_from_its_beginning_changes_nothing(installation: Installation) -> None:
    """As after a restore of positions from an older backup. Twice: copies of copies, too."""
    shop = installation.new_source("again")
    installation.send(shop, [*_orders("again", 30), _login("again-user", "again-device")])
    steward = {"rule": "never", "a": "user_id:again-user", "b": "anonymous_id:again-device"}
    assert installation.ask("POST", "/identity/links", json=steward).status_code == 200
    installation.settle()
    events, state = installation.value("select count(*) from event"), _state(installation)

    for _ in range(2):
        installation.query("update log_position set epoch = 0, xid = '0', off = 0 returning lane")
        installation.send(shop, _orders("again", 30))
        installation.settle()

    assert installation.value("select count(*) from event") == events
    assert _state(installation) == state
    installation.demand_clean_rebuild()


def test_retraction_leaves_a_world_in_which_the_event_never_came(installation: Installation) -> None:
    shop = installation.new_source("regret")
    installation.send(shop, [_login("regret-1", "regret-device-1"), _login("regret-2", "regret-device-2")])
    installation.settle()
    state, before = _state(installation), _profile(installation, "user_id:regret-1")
    wrong = {"type": "identify", "userId": "regret-1", "anonymousId": "regret-device-2", "messageId": "wrong"}
    installation.send(shop, [{**wrong, "traits": {"plan": "stolen"}}])
    installation.settle()
    assert _profile(installation, "user_id:regret-1")["traits"]["plan"] == "stolen"
    assert installation.ask("GET", "/profiles/anonymous_id:regret-device-2").json()["code"] == "shared_identifier"

    answer = installation.ask("POST", "/retractions", json={"source": shop.slug, "messageIds": ["wrong"]})

    assert answer.json() == {"accepted": 1, "is_processed": True}
    assert installation.api(f"/events/{shop.slug}/wrong")["status"] == "retracted"
    assert _profile(installation, "user_id:regret-1") == before
    assert _state(installation) == state
    installation.send(shop, [{**_login("regret-1", "regret-device-1"), "messageId": "right"}])
    installation.settle()
    installation.demand_clean_rebuild()


def test_never_link_splits_and_its_withdrawal_joins_again(installation: Installation) -> None:
    shop = installation.new_source("never")
    installation.send(shop, [_login("never-user", "never-device")])
    installation.settle()
    together = _profile(installation, "user_id:never-user")["profile_id"]
    ends = {"a": "user_id:never-user", "b": "anonymous_id:never-device"}

    apart = installation.ask("POST", "/identity/links", json={"rule": "never", **ends}).json()

    assert apart["is_processed"]
    assert apart["a"]["profile_id"] != apart["b"]["profile_id"]
    installation.demand_clean_rebuild()
    again = installation.ask("POST", "/identity/links", json={"rule": "withdrawn", **ends}).json()
    assert again["a"]["profile_id"] == again["b"]["profile_id"] == together
    installation.demand_clean_rebuild()


@contextmanager
def _second_processor(installation: Installation) -> Iterator[None]:
    command = [sys.executable, "-m", "onefold.programs.cli", "run", "processor"]
    with installation.log.open("ab") as log:
        process = subprocess.Popen(command, env=installation.environ, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _lock_askers(installation: Installation) -> list[tuple[Any, ...]]:
    return installation.query(LISTENERS)


def _orders(name: str, count: int) -> list[dict[str, Any]]:
    return [
        {"type": "track", "event": "Order Completed", "userId": f"{name}-{number % 7}", "messageId": f"{name}-{number}"}
        for number in range(count)
    ]


def _login(user: str, device: str) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "anonymousId": device, "messageId": f"{user}-login", "traits": {"x": 1}}


def _profile(installation: Installation, identifier: str) -> Any:
    return installation.api(f"/profiles/{identifier}", include="traits,identifiers")


def _state(installation: Installation) -> str:
    """Everything that is known of people, as text."""
    tables = {
        "node": "h, ns, val, rcv, comp, prof, n, first_ts, last_ts",
        "edge": "a, b, first, trust, rcv, ref",
        "profile": "id, name, traits, first_seen, last_seen",
        "link_rule": "event, a, b, kind",
    }
    found = {
        table: installation.query(f"select {columns} from {table} order by 1, 2, 3")  # noqa: S608 our own words
        for table, columns in tables.items()
    }
    return json.dumps(found, default=str)
