"""My day and the reports in a browser: whole with much and awful data, and worked with by keyboard."""

import json
import re
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop
from tests.browser.test_pages import look_closely

AWFUL: Final = "<b>Übergrößenträgerinnen</b> \u202e\u0645\u0631\u062d\u0628\u0627 & " + "x" * 400
REPORTS: Final = ("stages", "conversion", "velocity", "results", "forecast", "people")


@pytest.fixture(scope="module")
def sales(shop: Shop) -> Shop:
    """Alice's deals in every stage, one of an awful name, tasks and calls; Bob's day is empty."""
    with shop.installation.connection() as conn:
        conn.execute(
            "insert into deal (name, pipeline, stage, state, home_amount, weighted, amount, currency, close_on,"
            " closed_at, owner, created_at, active_at, lost_reason, created_by)"
            " select case n when 1 then %s else 'Tents ' || s.name || ' ' || n end, s.pipeline, s.id, s.state,"
            " n * 1000, n * 10 * s.probability, n * 1000, 'EUR', current_date + n * 20 - 60,"
            " case when s.state <> 'open' then now() - n * interval '9 days' end, u.id,"
            " now() - n * interval '12 days', now() - n * interval '6 days',"
            " case s.state when 'lost' then 'price' else '' end, 'user:alice'"
            " from stage s, generate_series(1, 4) n, accounts_user u where u.username = 'alice'",
            [AWFUL],
        )
        conn.execute(
            "insert into deal_stay (deal, stage, entered_at, left_at)"
            " select d.id, s.id, d.created_at + s.place * interval '6 hours',"
            " case when s.id <> d.stage then d.created_at + s.place * interval '12 hours' end"
            " from deal d join stage s on s.pipeline = d.pipeline and (s.id = d.stage or s.state = 'open')"
            " join stage here on here.id = d.stage and s.place <= here.place"
        )
        conn.execute(
            "insert into task (name, due_at, owner, deal, created_by)"
            " select case n when 1 then %s else 'Call number ' || n end, now() + (n - 5) * interval '20 hours', u.id,"
            " d.id, 'user:alice' from generate_series(1, 9) n, accounts_user u,"
            " (select id from deal where state = 'open' order by id limit 1) d where u.username = 'alice'",
            [AWFUL],
        )
        conn.execute(
            "insert into activity (kind, name, at, owner, created_by) select 'call', 'Call', now(), id, 'user:alice'"
            " from accounts_user where username in ('alice', 'bob')"
        )
    return shop


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_my_day_is_whole_and_so_are_the_reports(user: str, sales: Shop, visit: Callable[..., Page]) -> None:
    page = visit(user, "/my-day")
    expect(page.get_by_role("heading", name="Deals that need you")).to_be_visible()
    look_closely(page)
    for report in REPORTS if user == "alice" else ("people",):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.goto(f"{sales.web}/sales/reports?report={report}")
        page.wait_for_load_state("networkidle")
        look_closely(page)


def test_x_ticks_a_task_and_the_next_takes_its_place(sales: Shop, visit: Callable[..., Page]) -> None:
    page = visit("alice", "/my-day")
    tasks = page.locator(".day-list [data-ticks]")
    before = tasks.count()
    page.get_by_role("link", name="Call number 3", exact=True).focus()
    page.keyboard.press("x")
    expect(tasks).to_have_count(before - 1)
    expect(page.get_by_role("link", name="Call number 4", exact=True)).to_be_focused()
    page.keyboard.press("x")
    expect(tasks).to_have_count(before - 2)
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("link", name="Call number 4", exact=True)).to_be_visible()


def test_a_task_is_put_off_by_touch(sales: Shop, visit: Callable[..., Page]) -> None:
    page = visit("alice", "/my-day", size="phone")
    page.get_by_role("button", name="Next week: Call number 2").click()
    expect(page.get_by_text("Put off to next week.")).to_be_visible()
    expect(page.get_by_role("link", name="Call number 2", exact=True)).to_be_visible()


def test_a_figure_leads_to_its_records(sales: Shop, visit: Callable[..., Page]) -> None:
    page = visit("alice", "/sales/reports?report=conversion")
    row = page.get_by_role("row", name="Meeting")
    figure = row.get_by_role("link").nth(1)
    shown = figure.inner_text()
    figure.click()
    expect(page.locator("#count")).to_have_text(shown)
    expect(page.locator("#list-tools")).to_contain_text("Stages passed through")
    expect(page.locator("#list-tools")).to_contain_text(re.compile("Stage is (Sales: )?Meeting, Entered "))
    look_closely(page)


def test_a_chart_is_drawn_and_says_what_it_shows(sales: Shop, visit: Callable[..., Page]) -> None:
    page = visit("alice", "/sales/reports?report=stages")
    expect(page.get_by_role("img", name="Sum of open deals by stage")).to_be_visible()
    page.get_by_label("Whose").select_option("me")
    page.get_by_role("button", name="Show").click()
    assert "owner=me" in page.url
    assert json.loads(page.request.get(f"{sales.web}/api/reports/stages?owner=me").text())["owner"] == "me"
