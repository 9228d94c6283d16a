"""`onefold demo`: the history is there once, however often and roughly it is started."""

import re
import stat
from datetime import datetime
from typing import Final

import httpx
import psutil
import pytest

from onefold.audiences import actions
from onefold.programs.demo.crowd import hundred
from onefold.programs.demo.history import event_count, requests
from onefold.programs.demo.sending import missing_hundreds
from tests.demo.shop import Demo, are_filled, demo_folder
from tests.waiting import wait_until

SECOND_START_S: Final = 5.0


@pytest.mark.timeout(240)
def test_what_is_broken_off_by_kill_is_completed_once_and_found_again() -> None:
    """Killed in the middle of the history, and again in the middle of the crowd behind it."""
    with demo_folder() as demo:
        demo.people = 600
        demo.begin()
        wait_until(lambda: "Sending the history" in demo.said(), 60, "begin of the history")
        demo.url = demo._find_url()
        wait_until(lambda: demo.value("select count(*) from event") > 1_000, 60, "part of the history")
        kill(demo)
        demo.start()
        began_at = demo.value("select min(created_at) from source where slug = 'shop-website'")
        told = re.search(r"history of a sample shop, ([\d,]+) events", demo.said())
        assert told
        assert int(told[1].replace(",", "")) < event_count(requests(began_at))
        wait_until(lambda: "200 more people" in demo.said(), 20, "begin of the crowd")
        wait_until(lambda: demo.value("select count(*) from event_log where lane = 1") > 3, 60, "part of the crowd")
        kill(demo)
        demo.start()
        assert "Sending the history" not in demo.said()
        wait_until(lambda: not missing_hundreds_of(demo, 2), 90, "everybody")
        demo.settle()
        demand_everything(demo, began_at, hundreds=2)
        assert 550 < demo.value("select count(*) from profile") < 700
        demo.demand_clean_rebuild()
        wait_until(lambda: are_filled(demo), 90, "the audiences")
        with demo.connection() as conn:  # somebody doesn't want one, and it stays away
            actions.trash_audience(conn, number_of(demo, "New this week"), acting_user="user:demo")
        before = kept(demo)
        demo.stop()
        demo.start()
        assert used_s(demo) < SECOND_START_S
        assert "Sending" not in demo.said()
        assert "more people" not in demo.said()
        assert kept(demo) == before


def kill(demo: Demo) -> None:
    """Its children end by themselves."""
    demo.supervisor.kill()
    demo.supervisor.wait(10)
    wait_until(demo.ports_are_free, 30, "end of the children")


def demand_everything(demo: Demo, began_at: datetime, *, hundreds: int) -> None:
    """Every message of history and crowd became an event or a violation, and no message two events."""
    worlds = [requests(began_at), *(hundred(number, began_at) for number in range(hundreds))]
    expected = {message.body["messageId"] for world in worlds for request in world for message in request.messages}
    accepted = [row[0] for row in demo.query("select message_id from event where source_id > 1")]
    refused = {row[0] for row in demo.query("select message_id from violation where is_fatal")}
    assert len(set(accepted)) == len(accepted)
    assert set(accepted) | refused == expected
    assert set(accepted) & refused == set()


def kept(demo: Demo) -> tuple[object, ...]:
    """What a start that sends nothing leaves as it was."""
    made = demo.query("select id, name, version, created_at, trashed_at is null from audience order by id")
    computed = demo.query("select id, name from computed_trait order by id")
    return (demo.value("select count(*) from event_log"), demo.password(), demo.key("secret key"), made, computed)


def number_of(demo: Demo, name: str) -> int:
    """The id of an audience."""
    return int(demo.value("select id from audience where name = %s", name))


def used_s(demo: Demo) -> float:
    """Seconds of processor that all of it has used since its start: how long it takes a machine with one to spare."""
    top = psutil.Process(demo.supervisor.pid)
    times = [process.cpu_times() for process in (top, *top.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))


def missing_hundreds_of(demo: Demo, count: int) -> list[int]:
    with demo.connection() as conn:
        ids = dict(conn.execute("select slug, id from source where id > 1").fetchall())
        return missing_hundreds(conn, count, ids)


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
    assert demo.value("select count(*) from company") == 6  # one of them twice
    assert demo.value("select count(distinct reason) from violation") >= 9
    assert demo.value("select count(*) from duplicate") >= 5


def test_most_customers_say_what_they_allow_and_some_take_it_back(demo: Demo) -> None:
    customers = demo.value("select count(*) from event where name = 'Signed Up'")
    said = "select count(distinct fragment) from consent where purpose = 'email_marketing' and is_granted"
    allowing, all_of_them = demo.value(said), demo.value(said.replace(" and is_granted", ""))
    assert 0.4 * customers < allowing < 0.75 * customers
    assert all_of_them > 0.9 * customers
