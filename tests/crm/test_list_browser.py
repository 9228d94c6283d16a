"""Lists of records in Chromium: cells edited where they stand, by mouse and by keyboard; what is selected; exports."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from onefold.crm.viewer import Viewer
from tests.browser.chromium import Watch, chromium
from tests.browser.looking import axe_faults
from tests.crm.conftest import new
from tests.crm.test_records import values_of
from tests.lists.test_browser import web  # noqa: F401  a fixture
from tests.web.conftest import Shop, alice, transactional_users  # noqa: F401  fixtures

Team = dict[str, Viewer]


@pytest.fixture
def page(people: Shop, team: Team, alice: Client, web: str) -> Iterator[Page]:  # noqa: F811  pytest's way
    """Three deals and a late task, at the list of deals, by Alice."""
    for n, name in enumerate(("Tents", "Boats", "Skis")):
        new(people.conn, "deal", team["rob"], name=name, amount=f"{n + 1}000", next_step="call", close_on="2026-12-01")
    new(people.conn, "task", team["rob"], name="Call Ada", due_at="2020-01-01T09:00:00Z")
    ((name, session),) = ((name, one.value) for name, one in alice.cookies.items())
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": name, "value": session, "url": web}])
        watch = Watch(context, {urlsplit(web).netloc})
        found = context.new_page()
        found.goto(f"{web}/deals?sort=home_amount&col=name&col=amount&col=next_step&col=weighted&col=owner")
        yield found
        context.close()
    assert watch.faults == []


def cell(page: Page, title: str, field: str) -> str:
    return f"tr:has-text('{title}') td[data-cell={field}]"


def test_a_cell_is_edited_by_the_mouse_and_undone(page: Page, people: Shop, team: Team) -> None:
    amount = page.locator(cell(page, "Tents", "amount"))
    amount.click()
    expect(amount).to_be_focused()
    assert page.locator("form.cell-form").count() == 0, "the first click chooses"
    amount.click()
    page.locator("form.cell-form input[name=value]").fill("1500")
    page.locator("h1").click()
    expect(amount).to_have_text("€1,500")
    expect(page.locator(".toast")).to_contain_text("Amount changed.")
    page.locator(".toast form button").click()
    page.wait_for_load_state()
    expect(page.locator(cell(page, "Tents", "amount"))).to_have_text("€1,000")


def test_by_the_keyboard_alone(page: Page, people: Shop, team: Team) -> None:
    page.locator("tr:has-text('Tents') [data-peeks]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(cell(page, "Tents", "next_step"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("form.cell-form input[name=value]")).to_be_focused()
    page.keyboard.type("send the offer")
    page.keyboard.press("Tab")
    weighted = page.locator(cell(page, "Tents", "weighted"))
    expect(weighted).to_be_focused()
    expect(page.locator(cell(page, "Tents", "next_step"))).to_have_text("send the offer")
    page.keyboard.press("Enter")
    assert page.locator("form.cell-form").count() == 0, "Onefold keeps it"
    assert "keeps this field" in (weighted.get_attribute("title") or "")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(cell(page, "Boats", "next_step"))).to_be_focused()
    page.keyboard.press("F2")
    expect(page.locator("form.cell-form input[name=value]")).to_be_focused()
    page.keyboard.type("nonsense")
    page.keyboard.press("Escape")
    expect(page.locator(cell(page, "Boats", "next_step"))).to_have_text("call")
    expect(page.locator(cell(page, "Boats", "next_step"))).to_be_focused()


def test_two_who_edit_one_cell(page: Page, people: Shop, team: Team) -> None:
    amount = page.locator(cell(page, "Tents", "amount"))
    amount.dblclick()
    box = page.locator("form.cell-form input[name=value]")
    expect(box).to_be_focused()
    people.conn.execute("update deal set amount = 7 where name = 'Tents'")
    box.fill("1500")
    box.press("Enter")
    expect(page.locator("form.cell-form [role=alert]")).to_contain_text("Somebody else changed")
    assert axe_faults(page) == []
    box.fill("much")
    box.press("Enter")
    expect(page.locator("form.cell-form [role=alert]")).to_contain_text("is no number")
    box.press("Escape")
    assert values_of(people.conn, team, 1)["amount"] == 7


def test_what_is_selected_is_deleted_and_what_is_left_exported(page: Page, people: Shop, tmp_path: Path) -> None:
    page.get_by_label("Select Boats").check()
    page.locator("#selbar").get_by_role("button", name="Delete").click()
    expect(page.locator("tr:has-text('Boats')")).to_have_count(0)
    page.get_by_role("button", name="Export").first.click()
    dialog = page.locator("#export-list")
    expect(dialog).to_contain_text("Everything that the list holds")
    assert axe_faults(page) == []
    dialog.get_by_label("Every field that you may see").check()
    with page.expect_download() as whole:
        dialog.get_by_role("button", name="Export").click()
    lines = Path(whole.value.path()).read_text("utf-8").splitlines()
    assert (len(lines), whole.value.suggested_filename[:6]) == (3, "deals-")
    assert "weighted" in lines[0]
    page.get_by_label("Select Skis").check()
    page.locator("#selbar").get_by_role("button", name="Export").click()
    expect(dialog).to_contain_text("Only the selected rows: 1")
    with page.expect_download() as one:
        dialog.get_by_role("button", name="Export").click()
    assert len(Path(one.value.path()).read_text("utf-8").splitlines()) == 2


def test_a_late_task_is_red_and_ticked_off(page: Page, people: Shop) -> None:
    page.goto(page.url.replace(urlsplit(page.url).query, "").replace("/deals?", "/tasks"))
    due = page.locator("td[data-cell=due_at]")
    expect(due).to_have_class("t2 late")
    page.get_by_role("button", name="Done: Call Ada").click()
    expect(page.locator("#toasts")).to_contain_text("Done.")
    expect(due).to_have_count(0)  # the list is of what is to be done
    assert people.conn.execute("select done_at is not null from task").fetchone() == (True,)
    page.get_by_role("link", name="Remove the filter Done").click()
    expect(page.get_by_role("button", name="Not done: Call Ada")).to_be_visible()
    expect(page.locator("td.late")).to_have_count(0)


def test_on_a_phone_a_tap_opens_the_record(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(cell(page, "Tents", "amount")).click()
    page.wait_for_url("**/deals/*")
