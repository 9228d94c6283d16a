"""The calendar of tasks in a browser: a task to another day by mouse and by keyboard, and back; awful tasks."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop
from tests.browser.looking import axe_faults
from tests.browser.test_pages import look_closely

Visit = Callable[..., Page]
AWFUL = "<b>Übergrößenträgerinnenverkaufsabteilungsleitung</b> ⛵ \u202e" + "x" * 200


@pytest.fixture(scope="module")
def may_2031(shop: Shop) -> Shop:
    """A month of its own, with tasks of good and awful names."""
    with shop.installation.connection() as conn:
        conn.execute(
            "insert into task (name, due_at, created_by) select name, timestamptz '2031-05-06 09:00Z', 'test'"
            " from unnest(%s::text[]) name",
            [["Ring the harbour", "Second", "Third", AWFUL, "Fifth", "Sixth"]],
        )
        conn.execute(
            "insert into task (name, due_at, created_by) values (%s, '2031-05-20 10:30Z', 'test')", ["Send the boat"]
        )
    return shop


def test_a_task_goes_to_another_day_and_back(may_2031: Shop, visit: Visit) -> None:
    page = visit("alice", "/tasks/calendar?month=2031-05")
    task = page.locator(".cal-task", has_text="Send the boat")
    the_22nd = page.locator("[data-day='2031-05-22']")
    with page.expect_response("**/tasks/calendar/move"):
        task.drag_to(the_22nd)
    expect(the_22nd).to_contain_text("Send the boat")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-day='2031-05-20']")).to_contain_text("Send the boat")

    task.locator("a").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#calendar-says")).to_have_text("Wednesday 28 May")
    page.keyboard.press("Escape")
    expect(page.locator("[data-day='2031-05-20']")).to_contain_text("Send the boat")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    with page.expect_response("**/tasks/calendar/move"):
        page.keyboard.press("Space")
    expect(page.locator("[data-day='2031-05-21']")).to_contain_text("Send the boat")
    expect(page.locator("[data-day='2031-05-21'] a")).to_be_focused()

    page.get_by_role("link", name="Month after").click()
    expect(page.get_by_role("heading", name="June 2031")).to_be_visible()
    expect(page.get_by_text("Nothing is due in this month.")).to_be_visible()
    page.get_by_role("link", name="Today").click()
    page.get_by_role("link", name="Table").click()
    page.get_by_role("link", name="Calendar").click()
    assert axe_faults(page) == []


def test_a_full_day_and_awful_names_are_whole(may_2031: Shop, visit: Visit) -> None:
    page = visit("alice", "/tasks/calendar?month=2031-05")
    expect(page.get_by_role("link", name="2 more")).to_be_visible()
    look_closely(page)
    page.get_by_role("link", name="2 more").click()
    expect(page.locator("tr[data-row]")).to_have_count(6)
