"""My day: whose tasks and deals, what is overdue, what is put off and taken back, what one's people did."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from onefold.accounts.api import Role
from onefold.crm.access import viewer_of
from onefold.crm.day import Day, load_day
from onefold.crm.listing import Question, totals_of
from onefold.crm.policy import set_fields, set_reaches
from onefold.crm.records import create_records
from onefold.crm.viewer import Doing, FieldRight, Reach
from onefold.filters.api import from_json, in_all
from tests.crm.floor import Floor
from tests.web.conftest import Shop, signed_in

HX: Final = {"HX-Request": "true", "HX-Target": "day"}


@pytest.fixture
def sam(floor: Floor) -> Client:
    """A salesperson's browser."""
    return signed_in(floor.enter(Role.SALES))


def task(floor: Floor, name: str, due: datetime | None, **more: Any) -> int:
    fields = {"name": name, "due_at": due.isoformat() if due else "", "owner": "sam"} | more
    return create_records(floor.conn, floor.kind("task"), [fields], viewer=viewer_of(floor.conn, floor.root)).ids[0]


def deal(floor: Floor, name: str, **more: Any) -> int:
    fields = {"name": name, "owner": "sam"} | more
    return create_records(floor.conn, floor.kind("deal"), [fields], viewer=viewer_of(floor.conn, floor.root)).ids[0]


def at_noon(days: int = 0) -> datetime:
    return timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=days)


def day_of(floor: Floor, now: datetime | None = None) -> Day:
    return load_day(floor.conn, floor.asking(), now or timezone.now(), with_people=True)


def names(day: Day) -> dict[str, list[str]]:
    return {group.name: [one.row.values["name"] for one in group.tasks] for group in day.groups}


def test_tasks_stand_under_their_time(floor: Floor, sam: Client) -> None:
    for name, days in (("Late", -3), ("Later", -2), ("Now", 0), ("Soon", 3), ("Far", 30)):
        task(floor, name, at_noon(days))
    task(floor, "Whenever", None)
    task(floor, "Done", at_noon(), done_at=timezone.now().isoformat())
    task(floor, "Mate's", at_noon(), owner="mate")
    day = day_of(floor)
    assert names(day) == {"overdue": ["Late", "Later"], "today": ["Now"], "next": ["Soon"]}
    assert day.done == 1
    page = sam.get("/my-day").content.decode()
    assert "Now" in page
    assert "Far" not in page
    assert "Mate&#x27;s" not in page


def test_a_day_begins_where_the_reader_is(floor: Floor) -> None:
    floor.enter(Role.SALES)
    zone = ZoneInfo("Pacific/Auckland")
    with timezone.override(zone):
        task(floor, "Early", datetime(2026, 11, 24, 0, 30, tzinfo=zone))
        evening = datetime(2026, 11, 23, 23, 30, tzinfo=zone)
        assert names(day_of(floor, evening))["next"] == ["Early"]
        assert names(day_of(floor, evening + timedelta(hours=2)))["today"] == ["Early"]


def test_a_task_is_ticked_off_and_taken_back(floor: Floor, sam: Client) -> None:
    number = task(floor, "Call Ada", at_noon())
    answer = sam.post(f"/my-day/tasks/{number}", {"do": "done"}, headers=HX)
    assert "Call Ada" not in answer.content.decode()
    assert answer.content.decode().lstrip().startswith('<div class="canvas')
    undo = re.search(r"/acts/[0-9a-f-]+/undo", answer["HX-Trigger"])
    assert undo
    sam.post(undo[0])
    assert names(day_of(floor))["today"] == ["Call Ada"]


@pytest.mark.parametrize(("to", "weekday"), [("tomorrow", None), ("next_week", 0)])
def test_a_task_is_put_off_at_its_hour_with_its_reminder(
    to: str, weekday: int | None, floor: Floor, sam: Client
) -> None:
    due = at_noon(-20) + timedelta(hours=3, minutes=30)
    number = task(floor, "Call Ada", due, remind_at=(due - timedelta(hours=1)).isoformat())
    answer = sam.post(f"/my-day/tasks/{number}", {"do": to}, headers=HX)
    row = floor.conn.execute("select due_at, remind_at from task where id = %s", [number]).fetchone()
    assert row
    moved = timezone.localtime(row[0])
    assert (moved.hour, moved.minute) == (15, 30)
    assert row[0] - row[1] == timedelta(hours=1)
    today = timezone.localdate()
    assert (
        moved.date() == today + timedelta(days=1)
        if weekday is None
        else (moved.weekday(), moved.date() > today) == (0, True)
    )
    undo = re.search(r"/acts/[0-9a-f-]+/undo", answer["HX-Trigger"])
    assert undo
    sam.post(undo[0])
    assert floor.conn.execute("select due_at from task where id = %s", [number]).fetchone() == (due,)


def test_what_isnt_known_is_refused_and_changes_nothing(floor: Floor, sam: Client) -> None:
    number = task(floor, "Call Ada", at_noon())
    answer = sam.post(f"/my-day/tasks/{number}", {"do": "never"})
    assert answer.status_code == 400
    assert "tomorrow" in answer.content.decode()
    others = task(floor, "Mate's", at_noon(), owner="mate")
    assert sam.post(f"/my-day/tasks/{others}", {"do": "done"}).status_code == 403
    assert floor.conn.execute("select count(*) from task where done_at is not null").fetchone() == (0,)


def test_deals_say_why_they_need_somebody_and_lead_to_all_of_them(floor: Floor, sam: Client) -> None:
    late = deal(floor, "Late one", close_on="2026-01-05", amount="100")
    stale = deal(floor, "Stale one")
    fine = deal(floor, "Fine one")
    deal(floor, "Mate's deal", owner="mate")
    for one in (late, stale, fine):
        task(floor, "Call", at_noon(2), deal=str(one))
    deal(floor, "Idle one")
    floor.conn.execute("update deal set active_at = now() - interval '20 days' where id = %s", [stale])
    day = day_of(floor)
    said = {one.row.values["name"]: (one.is_late, one.is_stale, one.is_idle) for one in day.deals}
    assert said == {
        "Late one": (True, False, False), "Stale one": (False, True, False), "Idle one": (False, False, True)
    }  # fmt: skip
    assert next(iter(said)) == "Late one"
    assert day.reasons == {"late": 1, "stale": 1, "idle": 1}
    page = sam.get("/my-day").content.decode()
    lists = re.findall(r'class="chip" href="(/deals\?[^"]+)">([^<]+?) <', page)
    assert [title for _url, title in lists] == ["Close date passed", "Stale", "No next task"]
    for (url, _title), name in zip(lists, ("Late one", "Stale one", "Idle one"), strict=True):
        found = sam.get(url.replace("&amp;", "&")).content.decode()
        assert [one for one in said if one in found] == [name]


def test_more_deals_than_are_shown_are_counted(floor: Floor) -> None:
    floor.enter(Role.SALES)
    for n in range(23):
        deal(floor, f"Deal {n}")
    day = day_of(floor)
    assert (len(day.deals), day.reasons["idle"]) == (20, 23)


def test_people_of_open_deals_are_told_by_what_they_did(floor: Floor, shop: Shop, sam: Client) -> None:
    shop.identify("2", email="bo@example.com", name="Bo")
    deal(floor, "Tents", person="user_id:1")
    shop.send({"type": "page", "userId": "1", "properties": {"path": "/tents"}})
    shop.send({"type": "page", "userId": "1", "properties": {"path": "/cart"}})
    shop.send({"type": "track", "userId": "1", "event": "Order Completed", "properties": {"order_id": "O-7"}})
    shop.send({"type": "track", "userId": "2", "event": "Order Completed", "properties": {"order_id": "O-8"}})
    doings = day_of(floor).doings
    assert [one.person.title for one in doings] == ["Ada"]
    assert {one.name for one in doings[0].entries if one.name} >= {"Order Completed"}
    assert not any(one.name.startswith("Deal") for one in doings[0].entries), "what we did is no news"
    page = sam.get("/my-day").content.decode()
    assert "O-7" in page
    assert "/cart" in page
    assert "O-8" not in page
    old = day_of(floor, timezone.now() + timedelta(days=3)).doings
    assert old == []


def test_calls_of_today_are_counted(floor: Floor) -> None:
    floor.enter(Role.SALES)
    viewer = viewer_of(floor.conn, floor.root)
    rows = [
        {"kind": "call", "at": at.isoformat(), "owner": owner, "name": "x"}
        for at, owner in (
            (timezone.now(), "sam"),
            (timezone.now() - timedelta(days=2), "sam"),
            (timezone.now(), "mate"),
        )
    ]
    create_records(floor.conn, floor.kind("activity"), [*rows, rows[0] | {"kind": "note"}], viewer=viewer)
    assert day_of(floor).calls == 1


def test_hidden_fields_and_rights_leave_the_page_whole(floor: Floor, sam: Client) -> None:
    deal(floor, "Secret worth", amount="4711", close_on="2026-01-05")
    task(floor, "Call Ada", at_noon())
    hidden = {"amount": FieldRight.HIDDEN, "close_on": FieldRight.HIDDEN, "company": FieldRight.HIDDEN}
    set_fields(floor.conn, "sales", floor.kind("deal"), hidden, acting_user="test")
    page = sam.get("/my-day")
    assert page.status_code == 200
    assert "4,711" not in page.content.decode()
    assert "Close date passed" not in page.content.decode()
    set_fields(floor.conn, "sales", floor.kind("task"), {"due_at": FieldRight.HIDDEN}, acting_user="test")
    assert sam.get("/my-day").status_code == 200
    none = {(name, Doing.SEE): Reach.NONE for name in ("deal", "task", "activity")}
    set_reaches(floor.conn, "sales", none, acting_user="test")
    page = sam.get("/my-day")
    assert page.status_code == 200
    assert "Secret worth" not in page.content.decode()


def test_an_empty_day_is_pleasant(sam: Client, browser_of: Callable[..., Client]) -> None:
    for browser in (sam, browser_of("vic", Role.VIEWER)):
        page = browser.get("/my-day").content.decode()
        assert "Nothing is due." in page
        assert "Every open deal is looked after." in page
        assert "Quiet so far." in page


def test_stale_is_a_filter_of_lists(floor: Floor) -> None:
    floor.enter(Role.EDITOR)
    floor.fill("deal")
    floor.conn.execute("update deal set active_at = now() - interval '20 days' where id = (select min(id) from deal)")
    asking = floor.asking()
    tree = in_all(from_json('{"v": 1, "where": {"type": "flag", "field": "is_stale", "value": true}}'))
    question = Question(asking=asking, kind=asking.objects["deal"], tree=tree, now=timezone.now())
    assert totals_of(floor.conn, question).count == 1
