"""Who has many events is erased in pieces: out of sight at once, whole in the end, whatever comes in between."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from onefold.config import Settings
from onefold.infra.postgres import connect
from onefold.privacy.api import waiting_requests
from onefold.programs.attention import tell_concerns
from onefold.programs.doctor import examine_privacy
from onefold.programs.processor.ahead import Ahead
from onefold.programs.processor.batches import Batches, tune
from onefold.programs.processor.context import load_context
from onefold.programs.processor.erase import erase_piece
from tests.privacy.test_erasure import DEVICE, EMAIL, PHONE, USER, differences, history, holding, process_request
from tests.waiting import wait_until
from tests.web.conftest import NOW, SUPPRESSION_KEY, Shop, track
from tests.web.reading import page

N = 25


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onefold.programs.processor.erase.PIECE_EVENTS", 4)
    monkeypatch.setattr("onefold.programs.processor.erase.PIECE_VIOLATIONS", 1)
    monkeypatch.setattr("onefold.programs.processor.erase.PIECES_AT_ONCE", 1)


def begun(shop: Shop, *, suppress: bool = True) -> int:
    """Anna has many events; the batch of the request to erase her is processed."""
    history(shop)
    at = [(NOW - timedelta(hours=n // 3)).isoformat() for n in range(N)]  # some at one time
    shop.log(*(track(f"many{n}", USER, timestamp=at[n], properties={"total": 1}) for n in range(N)))
    request = new_request(shop, "erase", "email", EMAIL, suppress=suppress)
    process_request(shop, request)
    return request


def new_request(shop: Shop, kind: str, namespace: str, value: str, *, suppress: bool = True) -> int:
    """The row alone: nothing is logged yet."""
    row = shop.conn.execute(
        "insert into privacy_request (kind, requested_by, identifier, is_suppressed) values (%s, 'test', %s, %s)"
        " returning id",
        [kind, json.dumps([namespace, value]), suppress],
    ).fetchone()
    assert row is not None
    return int(row[0])


def asked(shop: Shop, kind: str, phone: str) -> tuple[Any, ...]:
    """Another request of the same person is processed, by what else they are known by; its state."""
    request = new_request(shop, kind, "phone", phone)
    process_request(shop, request)
    return state(shop, request)


def demand_done_when_asked_again(shop: Shop, alice: Client, running: Batches, request: int) -> None:
    """It stood still on an error; the page's button lets it go on to the end."""
    assert "It stopped on an error of Onefold (ValueError)" in page(alice, f"/privacy/requests/{request}")
    finding = examine_privacy(shop.conn, NOW)
    assert finding.is_fault
    assert "1 stopped on an error" in finding.text
    assert alice.post(f"/privacy/requests/{request}/again").status_code == 302
    wait_until(lambda: running.run() > 0)
    while running.settle_piece():
        pass
    assert state(shop, request)[1:3] == (True, None)
    assert holding(shop.conn, USER) == []
    assert differences(shop.conn) == []


def one_piece(shop: Shop) -> bool:
    with shop.conn.transaction():
        return erase_piece(shop.conn, load_context(shop.conn, suppression_key=SUPPRESSION_KEY))


def state(shop: Shop, request_id: int) -> tuple[Any, ...]:
    found: tuple[Any, ...] | None = shop.conn.execute(
        "select begun_at is not null, done_at is not null, fault, rest is null, report from privacy_request"
        " where id = %s",
        [request_id],
    ).fetchone()
    assert found is not None
    return found


@contextmanager
def batches(pg_url: str, settings: Settings) -> Iterator[Batches]:
    """What the processor runs, on connections of its own."""
    with (
        connect(pg_url, "t") as conn,
        connect(pg_url, "t reader", autocommit=True) as reader,
        Ahead(reader, conn) as ahead,
    ):
        tune(conn)
        yield Batches(conn, ahead, settings.processor, suppression_key=SUPPRESSION_KEY)


def test_out_of_sight_from_the_first_moment(shop: Shop, alice: Client, robot: Client) -> None:
    begun(shop)
    left = shop.conn.execute("select id from event where message_id = 'many20'").fetchone()
    assert left is not None
    shop.conn.execute(
        "insert into event_tail (id, received_at, source_id, is_duplicate) select id, received_at, source_id, false"
        " from event where message_id = 'many20'"
    )
    for path in (f"/api/profiles/user_id:{USER}", f"/api/profiles/email:{EMAIL}/export"):
        assert robot.get(path).status_code == 404, path
    assert robot.get("/api/events/back-end/many20").json()["status"] == "unknown"
    for path in ("/people?q=anna", "/events", f"/events?text={USER}", "/events/stream?after=0-0"):
        answer = alice.get(path)
        assert answer.status_code in {200, 204}, path
        assert USER not in answer.content.decode().replace(f'value="{USER}"', "").replace(f"text={USER}", ""), path
    assert alice.get(f"/events/one?open={left[0].hex}").status_code == 404


def test_whole_in_the_end(shop: Shop) -> None:
    request = begun(shop)
    pieces = 0
    assert one_piece(shop)
    assert differences(shop.conn) == []  # a rebuild in between doesn't bring them back
    while one_piece(shop):
        pieces += 1
        assert pieces < 50
    _, is_done, fault, has_no_rest, report = state(shop, request)
    assert (is_done, fault, has_no_rest) == (True, None, True)
    assert report["events"] == {"group": 1, "identify": 1, "link": 1, "page": 1, "track": N + 1}
    assert report["log_events"] == 8 + N
    assert report["suppressed"] == 4
    for needle in (EMAIL, USER, DEVICE, "many20"):
        assert holding(shop.conn, needle) == [], needle
    assert differences(shop.conn) == []
    assert shop.conn.execute("select count(*) from withheld").fetchone() == (0,)
    assert shop.conn.execute("select sum(orders), sum(amount) from revenue_tally").fetchone() in ((None, None), (0, 0))
    sums = shop.conn.execute("select sum(n) from event_tally").fetchone()
    assert sums == shop.conn.execute("select count(*) from event where kind <> 7").fetchone()


def test_nobody_comes_in_by_their_names_until_it_is_done(shop: Shop) -> None:
    request = begun(shop, suppress=False)
    shop.identify(USER, name="Anna, too early")
    assert shop.conn.execute("select reason from violation where message_id = '' or true order by id desc limit 1"
                             ).fetchone() == ("suppressed",)  # fmt: skip
    while one_piece(shop):
        pass
    assert "suppressed" not in state(shop, request)[4]
    shop.identify(USER, name="Anna again")
    assert ("Anna again",) in shop.conn.execute("select name from profile").fetchall()
    assert holding(shop.conn, "too early") == []
    assert differences(shop.conn) == []


def test_released_under_way_they_come_back_at_the_end(shop: Shop) -> None:
    request = begun(shop)
    assert asked(shop, "release", PHONE)[4] == {"released": 4}
    shop.identify(USER, name="Anna, too early")
    while one_piece(shop):
        pass
    assert state(shop, request)[1]
    assert holding(shop.conn, "too early") == []
    assert shop.conn.execute("select count(*) from suppression").fetchone() == (0,)
    shop.identify(USER, name="Anna again")
    assert ("Anna again",) in shop.conn.execute("select name from profile").fetchall()
    assert differences(shop.conn) == []


def test_who_is_to_be_kept_away_after_all_stays_away(shop: Shop) -> None:
    begun(shop, suppress=False)
    asked(shop, "erase", PHONE)
    while one_piece(shop):
        pass
    shop.identify(USER, name="Anna again")
    assert holding(shop.conn, "Anna again") == []
    assert shop.conn.execute("select count(*) from suppression").fetchone() == (4,)
    assert differences(shop.conn) == []


def test_retractions_in_between_harm_nothing(shop: Shop) -> None:
    begun(shop)
    ids = ["many3", "many20", "g1", "b2"]
    shop.send({"type": "retract", "source": "back-end", "messageIds": ids, "messageId": "r9"}, source=shop.internal,
              at=NOW + timedelta(minutes=6))  # fmt: skip
    assert differences(shop.conn) == []
    while one_piece(shop):
        pass
    assert holding(shop.conn, USER) == []
    assert differences(shop.conn) == []


def test_a_new_processor_goes_on_where_another_was_killed(shop: Shop, pg_url: str, settings: Settings) -> None:
    request = begun(shop)
    with shop.conn.transaction(force_rollback=True):  # killed within a piece
        assert erase_piece(shop.conn, load_context(shop.conn, suppression_key=SUPPRESSION_KEY))
    count = "select count(*) from event"
    before = shop.conn.execute(count).fetchone() or (0,)
    with batches(pg_url, settings) as fresh:
        assert fresh.settle_piece()
        assert (shop.conn.execute(count).fetchone() or (0,)) < before
        while fresh.settle_piece():
            pass
    assert state(shop, request)[1]
    assert holding(shop.conn, USER) == []


def test_an_error_stops_the_erasure_but_not_the_batches(
    shop: Shop, alice: Client, pg_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = begun(shop)

    def fails(*_: Any) -> Any:
        raise ValueError("no")

    with batches(pg_url, settings) as running:
        with monkeypatch.context() as patch:
            patch.setattr("onefold.programs.processor.erase.forget_deliveries", fails)
            assert running.settle_piece()
            assert not running.settle_piece()
        assert state(shop, request)[:3] == (True, False, "ValueError")
        assert "Nobody sees the person" in page(alice, f"/privacy/requests/{request}")
        demand_done_when_asked_again(shop, alice, running, request)


def test_an_error_in_the_first_batch_is_told_on_the_request(
    shop: Shop, alice: Client, pg_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(shop)
    request = new_request(shop, "erase", "email", EMAIL)

    def fails(*_: Any) -> Any:
        raise ValueError("no")

    def stops(running: Batches) -> bool:
        running.run()
        return bool(state(shop, request)[2] == "ValueError")

    with batches(pg_url, settings) as running:
        assert alice.post(f"/privacy/requests/{request}/again").status_code == 302
        with monkeypatch.context() as patch:
            patch.setattr("onefold.programs.processor.erase._erase_identity", fails)
            wait_until(lambda: stops(running))
        assert state(shop, request)[:2] == (False, False)
        assert "Nothing was done yet." in page(alice, f"/privacy/requests/{request}")
        demand_done_when_asked_again(shop, alice, running, request)


def test_the_page_shows_how_far_it_is(shop: Shop, alice: Client, robot: Client) -> None:
    request = begun(shop)
    html = page(alice, f"/privacy/requests/{request}")
    assert f'<progress class="meter" max="{N + 4}" value="4"' in html
    assert f"4 of {N + 4} events are gone" in html
    assert "Under way" in page(alice, "/privacy")
    answer = robot.get(f"/api/privacy/requests/{request}").json()
    assert (answer["n_events"], answer["done_at"]) == (N + 4, None)
    assert sum(answer["report"]["events"].values()) == 4 + 1  # with a decision


def test_requests_that_wait_are_told(shop: Shop, bob: Client, settings: Settings) -> None:
    assert waiting_requests(shop.conn) is None
    assert not examine_privacy(shop.conn, NOW).is_fault
    shop.conn.execute(
        "insert into privacy_request (kind, requested_by, identifier, requested_at) values ('erase', 't', %s, %s)",
        ['["email", "a@b.example"]', NOW],
    )
    tell_concerns(shop.conn, settings, NOW + timedelta(minutes=30))
    assert "Privacy requests" not in page(bob, "/notifications")
    tell_concerns(shop.conn, settings, NOW + timedelta(hours=3))
    html = page(bob, "/notifications")
    assert "Privacy requests wait" in html
    assert "1 wait, the oldest for 3 h" in html
    tell_concerns(shop.conn, settings, NOW + timedelta(days=25))
    assert "Privacy requests are overdue" in page(bob, "/notifications")
    finding = examine_privacy(shop.conn, NOW + timedelta(days=26))
    assert finding.is_fault
    assert finding.text == "1 privacy request waits, the oldest for 26 days. The law gives a month."
