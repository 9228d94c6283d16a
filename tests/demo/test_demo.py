"""`onefold demo`: the history is there once, however often and roughly it is started."""

import re
import stat
import time

import httpx

from onefold.programs.demo.crowd import hundred
from onefold.programs.demo.history import event_count, requests
from onefold.programs.demo.sending import missing_hundreds
from tests.demo.shop import Demo, demo_folder
from tests.waiting import wait_until

SECOND_START_S = 5.0


def demand_whole_history(demo: Demo) -> None:
    """Every message of the history became an event or a violation, and no message two events."""
    began_at = demo.value("select min(created_at) from source where slug = 'shop-website'")
    expected = {message.body["messageId"] for request in requests(began_at) for message in request.messages}
    accepted = [row[0] for row in demo.query("select message_id from event where source_id > 1")]
    refused = {row[0] for row in demo.query("select message_id from violation where is_fatal")}
    assert len(set(accepted)) == len(accepted)
    assert set(accepted) | refused == expected
    assert set(accepted) & refused == set()


def test_history_broken_off_by_kill_is_completed_once() -> None:
    with demo_folder() as demo:
        demo.begin()
        wait_until(lambda: "Sending the history" in demo.said(), 60, "begin of the history")
        url = demo._find_url()
        demo.url = url
        wait_until(lambda: demo.value("select count(*) from event") > 1_000, 60, "part of the history")
        demo.supervisor.kill()
        demo.supervisor.wait(10)
        wait_until(demo.ports_are_free, 30, "end of the children")
        demo.start()
        told = re.search(r"history of a sample shop, ([\d,]+) events", demo.said())
        assert told
        began_at = demo.value("select min(created_at) from source where slug = 'shop-website'")
        assert int(told[1].replace(",", "")) < event_count(requests(began_at))
        demand_whole_history(demo)
        demo.demand_clean_rebuild()


def test_the_crowd_comes_in_behind_and_goes_on_where_it_broke_off() -> None:
    with demo_folder() as demo:
        demo.people = 600
        demo.start()
        began_at = demo.value("select min(created_at) from source where slug = 'shop-website'")
        assert "200 more people" in demo.said()
        wait_until(lambda: demo.value("select count(*) from event_log where lane = 1") > 3, 60, "part of the crowd")
        demo.supervisor.kill()
        demo.supervisor.wait(10)
        wait_until(demo.ports_are_free, 30, "end of the children")
        demo.start()
        wait_until(lambda: not missing_hundreds_of(demo, 2), 90, "everybody")
        demo.settle()
        expected = {message.body["messageId"] for number in (0, 1) for request in hundred(number, began_at)
                    for message in request.messages}  # fmt: skip
        accepted = [row[0] for row in demo.query("select message_id from event where source_id > 1")]
        assert len(set(accepted)) == len(accepted)
        assert expected <= set(accepted)
        demo.stop()
        demo.start()
        assert "more people" not in demo.said()
        assert demo.value("select count(*) from event where source_id > 1") == len(accepted)
        assert 550 < demo.value("select count(*) from profile") < 700


def missing_hundreds_of(demo: Demo, count: int) -> list[int]:
    with demo.connection() as conn:
        ids = dict(conn.execute("select slug, id from source where id > 1").fetchall())
        return missing_hundreds(conn, count, ids)


def test_second_start_sends_nothing_and_is_quick(demo: Demo) -> None:
    demand_whole_history(demo)
    before = (demo.value("select count(*) from event_log"), demo.password(), demo.key("secret key"))
    demo.stop()
    began = time.monotonic()
    demo.start()
    seconds = time.monotonic() - began
    assert (demo.value("select count(*) from event_log"), demo.password(), demo.key("secret key")) == before
    assert "Sending" not in demo.said()
    assert seconds < 2 * SECOND_START_S  # 5 s alone; another test runs beside this one


def test_printed_password_opens_the_door(demo: Demo) -> None:
    with httpx.Client(base_url=demo.web, follow_redirects=True) as browser:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/signin").text)
        assert token
        form = {"username": "demo", "password": demo.password(), "csrfmiddlewaretoken": token[1]}
        page = browser.post("/signin", data=form)
        assert page.status_code == 200
        assert "/signin" not in str(page.url)
        assert "佐藤 美咲" in browser.get("/people", params={"q": "misaki"}).text


def test_secrets_are_for_their_owner_alone(demo: Demo) -> None:
    for name in ("demo-password", "demo-secret-key"):
        assert stat.S_IMODE((demo.data_dir / name).stat().st_mode) == 0o600


def test_the_shop_shows_what_onefold_is_for(demo: Demo) -> None:
    known, everyone = demo.query("select count(*) filter (where is_known), count(*) from profile")[0]
    assert 300 < known < everyone < 500
    assert demo.value("select count(*) from edge where ref = 1") == 2  # registered twice, renumbered
    misaki = demo.api("/profiles/user_id:C-10000", include="traits,identifiers")
    assert misaki == demo.api(f"/profiles/{misaki['profile_id']}", include="traits,identifiers")
    kiosk = demo.ask("GET", "/profiles/device_id:KIOSK-TROMSO-1")
    assert (kiosk.status_code, kiosk.json()["code"]) == (404, "shared_identifier")
    assert demo.value("select count(*) from company") == 5
    assert demo.value("select count(distinct reason) from violation") >= 9
    assert demo.value("select count(*) from duplicate") >= 5
