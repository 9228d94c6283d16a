"""The page of SQL in a browser: run, stop, a fault at its place, save, take out."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.looking import axe_faults, not_for_the_keyboard, wider_than_the_screen


def test_a_query_is_run_by_the_keyboard_and_taken_out(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit("alice", "/sql")
    editor = page.locator("#sql")
    expect(editor).to_be_focused()
    editor.type("select name, count(*) as n from events group by name order by n desc, name limit 3")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".sql-rows tbody tr")).to_have_count(3)
    expect(page.locator(".sql-facts")).to_contain_text("3 rows")
    expect(page.locator("#go")).to_be_enabled()
    assert axe_faults(page) == []
    assert wider_than_the_screen(page) == []
    assert not_for_the_keyboard(page) == []
    for form, head in (("CSV", b'"name","n"'), ("Parquet", b"PAR1")):
        with page.expect_download() as found:
            page.get_by_role("button", name=form).click()
        found.value.save_as(tmp_path / form)
        assert (tmp_path / form).read_bytes().startswith(head)
        assert re.fullmatch(rf"onefold-[\d-]+\.{form.lower()}", found.value.suggested_filename)


def test_a_fault_is_shown_at_its_place(visit: Callable[..., Page]) -> None:
    page = visit("alice", "/sql", size="phone")
    page.locator("#sql").fill("select count(*)\nfrom evnts")
    page.locator("#go").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 2, column 6")
    expect(page.get_by_role("alert")).to_contain_text("Did you mean events?")
    page.get_by_role("button", name="Go there").click()
    assert page.evaluate("() => { const e = document.getElementById('sql');"
                         " return e.value.slice(e.selectionStart, e.selectionEnd); }") == "evnts"  # fmt: skip
    assert wider_than_the_screen(page) == []


def test_a_query_is_stopped(visit: Callable[..., Page]) -> None:
    page = visit("alice", "/sql")
    page.locator("#sql").fill("select count(*) from range(1000000000000)")
    page.locator("#go").click()
    expect(page.locator("#elapsed")).to_contain_text("s")
    page.wait_for_timeout(1_500)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#result")).to_contain_text("Stopped.", timeout=15_000)
    expect(page.locator("#stop")).to_be_hidden()


def test_names_are_put_in_and_a_query_is_saved_and_brought_back(visit: Callable[..., Page]) -> None:
    page = visit("alice", "/sql")
    page.locator("#sql").fill("select count(")
    page.locator("[data-inserts=profile_id]").first.click()
    page.locator("#sql").type(") from")
    page.locator("[data-inserts=events]").click()
    expect(page.locator("#sql")).to_have_value("select count(profile_id) from events")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Name").fill("All events")
    page.locator("#save-query").get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("All events")
    page.locator("#sql").fill("select 7 as seven")
    page.locator(".top").get_by_role("button", name="Save").click()
    expect(page.locator("#sql")).to_have_value("select 7 as seven")
    page.get_by_role("tab", name="Saved").click()
    expect(page.locator("#side-saved [aria-current]")).to_contain_text("All events")
    page.get_by_role("button", name="This query").click()
    page.get_by_role("button", name="Delete this query").click()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("All events")
    page.locator("#go").click()
    expect(page.locator(".sql-rows td")).to_have_text(["7"])
