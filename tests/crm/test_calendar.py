"""The calendar of tasks: days of the reader's zone, what fits in a day, filters, moves to another day and back."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from onefold.accounts.api import Role
from onefold.crm.calendar import SHOWN, month_from
from onefold.crm.viewer import Viewer
from tests.crm.conftest import new
from tests.web.conftest import Shop

Team = dict[str, Viewer]
TODAY = date(2026, 11, 24)
NOVEMBER = "/tasks/calendar?month=2026-11"


@pytest.fixture
def ann(browser_of: Callable[..., Client]) -> Client:
    """An editor's browser."""
    return browser_of("ann")


def day_of(client: Client, day: str, address: str = NOVEMBER) -> str:
    """What stands in a day."""
    page = client.get(address).content.decode()
    found = re.search(rf'<ul data-day="{day}">.*?</section>', page, re.DOTALL)
    return found[0] if found else ""


def due(shop: Shop, task: int) -> Any:
    return (shop.conn.execute("select due_at, remind_at from task where id = %s", [task]).fetchone() or ())[:2]


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2027-02", (2027, 2)), ("", (2026, 11)), ("2026-13", (2026, 11)), ("9999-01", (2026, 11)),
        ("0000-01", (2026, 11)), ("x" * 5000, (2026, 11)), ("1971-01", (1971, 1)), ("2200-12", (2200, 12)),
    ],
)  # fmt: skip
def test_a_month_is_read_or_is_this_one(text: str, month: tuple[int, int]) -> None:
    assert month_from(text, TODAY) == date(*month, 1)


@pytest.mark.parametrize("text", ["1971-01", "2200-12", "nothing", "\0"])
def test_its_page_stands_for_any_month(text: str, ann: Client) -> None:
    assert ann.get("/tasks/calendar", {"month": text}).status_code == 200


def test_tasks_stand_on_their_days_and_the_rest_of_a_day_is_counted(shop: Shop, team: Team, ann: Client) -> None:
    for hour in range(SHOWN + 3):
        new(shop.conn, "task", team["rob"], name=f"Call {hour}", due_at=f"2026-11-12T{hour + 8:02}:00")
    new(shop.conn, "task", team["rob"], name="Some day")
    busy = day_of(ann, "2026-11-12")
    assert re.findall(r">(Call \d)<", busy) == [f"Call {n}" for n in range(SHOWN)]
    assert "3 more" in busy
    more = re.search(r'href="(/tasks\?[^"]+)"', busy)
    assert more
    listed = ann.get(more[1].replace("&amp;", "&")).content.decode()
    assert listed.count("<tr data-row") == SHOWN + 3
    page = ann.get(NOVEMBER).content.decode()
    assert f"{SHOWN + 3} tasks this month" in page
    assert "1 without a due time" in page
    assert "Call" not in ann.get("/tasks/calendar?month=2026-12").content.decode()
    assert "Nothing is due in this month" in ann.get("/tasks/calendar?month=2027-05").content.decode()


def test_days_are_those_of_the_readers_zone(shop: Shop, team: Team, ann: Client, browser_of: Any) -> None:
    new(shop.conn, "task", team["rob"], name="Late call", due_at=datetime(2026, 11, 12, 23, 30, tzinfo=UTC).isoformat())
    shop.conn.execute("update accounts_user set time_zone = 'Asia/Tokyo' where username = 'ann'")
    tokyo = day_of(ann, "2026-11-13")
    assert "Late call" in tokyo
    assert "08:30" in tokyo


def test_it_is_filtered_as_the_list_is(shop: Shop, team: Team, ann: Client) -> None:
    new(shop.conn, "task", team["rob"], name="Ring them", due_at="2026-11-12T09:00")
    done = new(shop.conn, "task", team["rob"], name="Write to them", due_at="2026-11-12T10:00")
    ann.post(f"/tasks/{done}/done", {"back": "/tasks"})
    assert "Write to them" not in day_of(ann, "2026-11-12")
    every = day_of(ann, "2026-11-12", NOVEMBER + '&filter={"v":1,"where":{"type":"all","of":[]}}')
    assert "Write to them" in every
    assert 'class="done"' in every
    assert "Ring them" not in day_of(ann, "2026-11-12", f"{NOVEMBER}&q=write")


def test_a_task_is_moved_at_its_hour_with_its_reminder_and_taken_back(shop: Shop, team: Team, ann: Client) -> None:
    task = new(shop.conn, "task", team["rob"], name="Ring", due_at="2026-11-12T09:45", remind_at="2026-11-12T09:15")
    before = due(shop, task)
    answer = ann.post(
        "/tasks/calendar/move",
        {"task": task, "day": "2026-11-20", "address": "month=2026-11"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    assert [at.isoformat() for at in due(shop, task)] == [
        before[0].replace(day=20).isoformat(), before[1].replace(day=20).isoformat(),
    ]  # fmt: skip
    html = answer.content.decode()
    assert "Ring" in re.search(r'<ul data-day="2026-11-20">.*?</section>', html, re.DOTALL)[0]  # type: ignore[index]  # or it fails
    undo = re.search(r"/acts/[0-9a-f-]+/undo", answer["HX-Trigger"])
    assert undo
    ann.post(undo[0])
    assert due(shop, task) == before


@pytest.mark.parametrize(
    ("task", "day", "status"),
    [
        ("1", "2026-02-30", 404),
        ("1", "", 404),
        ("x", "2026-11-20", 404),
        ("999999", "2026-11-20", 404),
        ("9" * 30, "2026-11-20", 404),
    ],
)
def test_what_is_no_day_or_task_is_refused(
    task: str, day: str, status: int, team: Team, shop: Shop, ann: Client
) -> None:
    new(shop.conn, "task", team["rob"], name="Ring", due_at="2026-11-12T09:45")
    assert ann.post("/tasks/calendar/move", {"task": task, "day": day}).status_code == status


def test_who_may_not_edit_it_moves_nothing(shop: Shop, team: Team, browser_of: Callable[..., Client]) -> None:
    task = new(shop.conn, "task", team["rob"], name="Ring", due_at="2026-11-12T09:45")
    before = due(shop, task)
    sam = browser_of("sam", Role.SALES)
    assert sam.post("/tasks/calendar/move", {"task": task, "day": "2026-11-20"}).status_code in {403, 404}
    assert due(shop, task) == before


def test_the_hour_stays_over_the_change_of_clocks(shop: Shop, team: Team, ann: Client) -> None:
    shop.conn.execute("update accounts_user set time_zone = 'Europe/Berlin' where username = 'ann'")
    berlin = ZoneInfo("Europe/Berlin")
    summer = datetime(2026, 10, 20, 9, 0, tzinfo=berlin)
    task = new(shop.conn, "task", team["rob"], name="Ring", due_at=summer.isoformat())
    ann.post("/tasks/calendar/move", {"task": task, "day": "2026-10-27"})
    assert due(shop, task)[0] == datetime(2026, 10, 27, 9, 0, tzinfo=berlin)
