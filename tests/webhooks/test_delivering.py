"""Messages arrive, signed, in order, at least once; whoever fails, hangs, lies or is gone is treated as that."""

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from onefold.webhooks.actions import (
    EndpointMissing,
    NewEndpoint,
    add_endpoint,
    pause_endpoint,
    redeliver,
    remove_endpoint,
    resume_endpoint,
    rotate_secret,
    send_test,
)
from onefold.webhooks.delivering import deliver_due
from onefold.webhooks.rules import WebhookRejected
from onefold.webhooks.sending import post
from onefold.webhooks.store import Message, delete_old, deliveries, endpoints, queue
from tests.webhooks.receiver import Received, Receiver, receiving

USER_SQL = """
insert into accounts_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
    date_joined, role, personal_data, language, time_zone, theme, density, session_epoch)
values ('!', false, 'ann', '', '', '', false, true, now(), 'admin', 'shown', '', '', 'auto', 'normal', 0)
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def conn(db: Connection[Any]) -> Connection[Any]:
    db.execute(USER_SQL)
    return db


def make(conn: Connection[Any], receiver: Receiver) -> tuple[int, str]:
    """An endpoint: its number, its secret."""
    given = NewEndpoint(name="Shop", url=receiver.url, events=["deal.*"])
    return add_endpoint(conn, given, acts_as="ann", acting_user="user:ann")


def tell(conn: Connection[Any], endpoint: int, *records: int, event: str = "deal.won") -> None:
    """A message about each."""
    now = datetime.now(UTC)
    queue(
        conn,
        [Message(endpoint=endpoint, event=event, object="deal", record=one, at=now, data={"n": n})
         for n, one in enumerate(records)],
    )  # fmt: skip


def deliver(conn: Connection[Any]) -> int:
    return deliver_due(conn, may_be_private=True)


def is_signed(one: Received, secret: str) -> bool:
    """As a receiver checks it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.{one.body}".encode()
    wanted = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in one.headers["webhook-signature"].split(" ")


def test_a_message_arrives_once_signed_and_is_noted(conn: Connection[Any], receiver: Receiver) -> None:
    number, secret = make(conn, receiver)
    tell(conn, number, 5)
    assert deliver(conn) == 1
    (one,) = receiver.received
    assert is_signed(one, secret)
    assert abs(time.time() - int(one.headers["webhook-timestamp"])) < 60
    assert json.loads(one.body)["type"] == "deal.won"
    (kept,) = deliveries(conn, number)
    assert (kept.state, kept.body, kept.message) == ("delivered", one.body, one.headers["webhook-id"])
    assert [(attempt.status, attempt.response) for attempt in kept.attempts] == [(200, "heard")]
    assert deliver(conn) == 0


@pytest.mark.parametrize(("answer", "status"), [(500, 500), (302, 302), ("close", None), ("lie", None)])
def test_what_did_not_arrive_is_sent_again_later_with_the_same_id(
    conn: Connection[Any], receiver: Receiver, answer: int | str, status: int | None
) -> None:
    receiver.answers = [answer, 204]
    number, _secret = make(conn, receiver)
    tell(conn, number, 5)
    assert deliver(conn) == 1, "not again at once, nor to where it is led"
    (kept,) = deliveries(conn, number)
    assert (kept.state, kept.tries, kept.attempts[0].status) == ("waiting", 1, status)
    assert bool(kept.attempts[0].fault) is (status is None)
    assert kept.next_at > kept.created_at
    assert endpoints(conn)[0].failing_since is not None
    conn.execute("update webhook_delivery set next_at = now()")
    deliver(conn)
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert len(receiver.received) == 2
    assert deliveries(conn, number)[0].state == "delivered"
    assert endpoints(conn)[0].failing_since is None


def test_after_the_last_attempt_it_has_failed_and_can_be_sent_again(conn: Connection[Any], receiver: Receiver) -> None:
    receiver.answers = [500, 200]
    number, _secret = make(conn, receiver)
    tell(conn, number, 5)
    conn.execute("update webhook_delivery set tries = 9")
    deliver(conn)
    (kept,) = deliveries(conn, number, state="failed")
    redeliver(conn, number, kept.id, acting_user="user:ann")
    with pytest.raises(EndpointMissing):
        redeliver(conn, number, kept.id, acting_user="user:ann")
    deliver(conn)
    assert deliveries(conn, number)[0].state == "delivered"
    assert receiver.received[0].headers["webhook-id"] == receiver.received[1].headers["webhook-id"]


def test_who_answers_drop_by_drop_is_cut_off(receiver: Receiver) -> None:
    receiver.answers = ["hang"]
    began = time.monotonic()
    answer = post(receiver.url, {}, b"{}", may_be_private=True, timeout_s=0.5)
    assert answer.status is None
    assert answer.fault == "There was no whole answer in time."
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433"])
def test_a_private_address_is_refused_unless_allowed(receiver: Receiver, host: str) -> None:
    url = receiver.url.replace("127.0.0.1", host)
    answer = post(url, {}, b"{}", may_be_private=False)
    assert answer.status is None
    assert "private network" in answer.fault
    assert receiver.received == []


def test_messages_about_a_record_keep_their_order_and_others_go_on(conn: Connection[Any], receiver: Receiver) -> None:
    receiver.answers = [500, 200]
    number, _secret = make(conn, receiver)
    tell(conn, number, 5)
    deliver(conn)
    tell(conn, number, 5, 6)
    deliver(conn)
    told = [json.loads(one.body)["data"]["n"] for one in receiver.received]
    assert told == [0, 1], "of deal 6, while the second about deal 5 waits for the first"
    conn.execute("update webhook_delivery set next_at = now()")
    deliver(conn)
    assert [one.state for one in deliveries(conn, number)] == 3 * ["delivered"]
    order = [one.headers["webhook-id"] for one in receiver.received]
    kept = {one.message: one for one in deliveries(conn, number)}
    of_five = [kept[message].id for message in order if kept[message].record == 5]
    assert of_five == sorted(of_five)


def test_who_says_that_it_is_gone_is_told_nothing_more(conn: Connection[Any], receiver: Receiver) -> None:
    receiver.answers = [410]
    number, _secret = make(conn, receiver)
    tell(conn, number, 5)
    deliver(conn)
    assert deliveries(conn, number)[0].state == "failed"
    assert endpoints(conn)[0].paused_for == "gone"
    (key,) = conn.execute("select key from notification").fetchone() or ("",)
    assert key == f"webhook:{number}"


def test_who_fails_for_days_is_paused_and_its_messages_wait(conn: Connection[Any], receiver: Receiver) -> None:
    receiver.answers = [500, 200]
    number, _secret = make(conn, receiver)
    conn.execute("update webhook_endpoint set failing_since = now() - interval '6 days'")
    tell(conn, number, 5)
    deliver(conn)
    assert endpoints(conn)[0].paused_for == "failing"
    conn.execute("update webhook_delivery set next_at = now()")
    assert deliver(conn) == 0
    resume_endpoint(conn, number, acting_user="user:ann")
    assert deliver(conn) == 1
    assert endpoints(conn)[0].paused_at is None


def test_a_wish_to_wait_is_heard(conn: Connection[Any], receiver: Receiver) -> None:
    receiver.answers = [429]
    number, _secret = make(conn, receiver)
    tell(conn, number, 5)
    deliver(conn)
    (kept,) = deliveries(conn, number)
    assert (kept.next_at - kept.created_at).total_seconds() > 3_500


def test_after_a_change_of_the_secret_both_sign_for_a_while(conn: Connection[Any], receiver: Receiver) -> None:
    number, old = make(conn, receiver)
    new = rotate_secret(conn, number, acting_user="user:ann")
    send_test(conn, number, acting_user="user:ann")
    deliver(conn)
    conn.execute("update webhook_endpoint set old_until = now()")
    send_test(conn, number, acting_user="user:ann")
    deliver(conn)
    first, second = receiver.received
    assert is_signed(first, old)
    assert is_signed(first, new)
    assert not is_signed(second, old)
    assert is_signed(second, new)


def test_paused_and_removed_ones_are_sent_nothing(conn: Connection[Any], receiver: Receiver) -> None:
    number, _secret = make(conn, receiver)
    pause_endpoint(conn, number, acting_user="user:ann")
    tell(conn, number, 5)
    assert deliver(conn) == 0
    assert endpoints(conn)[0].waiting == 1
    remove_endpoint(conn, number, acting_user="user:ann")
    assert deliver(conn) == 0
    assert endpoints(conn) == []
    with pytest.raises(EndpointMissing):
        resume_endpoint(conn, number, acting_user="user:ann")


def test_an_act_is_audited_without_the_secret(conn: Connection[Any], receiver: Receiver) -> None:
    number, secret = make(conn, receiver)
    rows = conn.execute("select action, target, details::text from audit order by id").fetchall()
    assert rows[-1][:2] == ("webhook.added", f"webhook:{number}")
    assert secret not in rows[-1][2]
    with pytest.raises(WebhookRejected):
        add_endpoint(conn, NewEndpoint(name="x", url="x", events=["*"]), acts_as="ann", acting_user="user:ann")
    assert len(endpoints(conn)) == 1


def test_old_messages_go(conn: Connection[Any], receiver: Receiver) -> None:
    number, _secret = make(conn, receiver)
    tell(conn, number, 5)
    deliver(conn)
    assert delete_old(conn, datetime.now(UTC)) == 1
    assert conn.execute("select count(*) from webhook_attempt").fetchone() == (0,)


WORKER = """
import os, signal, sys
from onefold.infra.postgres import connect
from onefold.webhooks import delivering
delivering._note = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with connect(sys.argv[1], "webhooks", autocommit=True) as conn:
    delivering.deliver_due(conn, may_be_private=True)
"""


def test_a_worker_killed_before_it_noted_an_answer_leads_to_the_same_message_again(
    conn: Connection[Any], pg_url: str, receiver: Receiver
) -> None:
    number, _secret = make(conn, receiver)
    tell(conn, number, 5)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ONEFOLD_")}
    killed = subprocess.run([sys.executable, "-c", WORKER, pg_url], env=environ, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(receiver.received) == 1
    assert deliver(conn) == 0, "the dead one's claim lasts"
    conn.execute("update webhook_delivery set claimed_until = now()")
    assert deliver(conn) == 1
    first, second = receiver.received
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    (kept,) = deliveries(conn, number)
    assert (kept.state, kept.tries, len(kept.attempts)) == ("delivered", 2, 1)
