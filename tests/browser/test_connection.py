"""What comes between a page and the server: ended sessions, other tabs, a lost connection, the back button."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.chromium import sign_in
from tests.browser.conftest import PASSWORD, Shop, watches
from tests.browser.looking import PERSON

LOST = "ERR_INTERNET_DISCONNECTED|Failed to fetch|htmx:"


def test_an_ended_session_leads_to_sign_in_and_back(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("", "/sources")
    page.wait_for_url(re.compile(r"/signin\?next=%2Fsources"))
    page.get_by_label("User name or e-mail").fill("bob")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{shop.web}/sources")


def test_an_ended_session_is_said_and_the_page_stays_whole(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("", "/signin")
    sign_in(page, shop.web, "bob", PASSWORD)
    page.goto(f"{shop.web}/people?q=astrid")
    watches[page].forgive("401|htmx:")
    page.context.clear_cookies(name="onefold_session")
    page.get_by_label("Search people").fill("jonas")
    toast = page.locator(".toast.bad")
    expect(toast).to_contain_text("You are signed out")
    assert page.locator("input[type=password]").count() == 0  # no sign-in page in a corner of this one
    assert page.get_by_label("Search people").input_value() == "jonas"  # what was typed is still there
    toast.get_by_role("link", name="Sign in").click()
    page.wait_for_url(re.compile(r"/signin\?next=%2Fpeople%3Fq%3Dastrid"))


def test_a_form_still_works_after_signing_in_again_in_another_tab(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("", "/signin")
    sign_in(page, shop.web, "bob", PASSWORD)
    page.goto(f"{shop.web}/settings/me")
    page.context.clear_cookies(name="onefold_session")
    other = page.context.new_page()
    sign_in(other, shop.web, "bob", PASSWORD)  # with a new token for forms
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("Your preferences are kept")


def test_a_lost_connection_is_said_once_and_its_end_too(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", f"/people/{PERSON}")
    watches[page].forgive(LOST)
    page.context.set_offline(True)
    notice = page.locator(".toast.bad")
    expect(notice).to_contain_text("can't be reached")
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill("astrid")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()  # at the first stroke, with something typed
    page.locator("form.themes").evaluate("(form) => form.requestSubmit(form.elements.theme[0])")  # a form can't arrive
    page.wait_for_timeout(700)  # polls go on failing
    assert notice.count() == 1
    assert page.locator("#record .name").is_visible()
    shop.send({"type": "track", "event": "Came Back", "userId": "C-1000"})
    page.context.set_offline(False)
    expect(page.locator(".toast.ok")).to_contain_text("The server is back")
    expect(notice).to_have_count(0)
    expect(page.get_by_text("Came Back").first).to_be_visible()  # what is live goes on


def test_back_after_a_piece_was_loaded_shows_the_page_before(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", "/events?live=off")
    page.locator("#stream .evt a").nth(1).click()
    page.wait_for_url(re.compile("open="))
    expect(page.locator("#detail h2")).to_be_visible()
    page.go_back()
    expect(page.locator("#detail h2")).to_have_count(0)
    page.wait_for_load_state()  # the page before is loaded anew: keys are heard once its scripts have run
    page.keyboard.press("Control+k")  # scripts still work
    expect(page.locator("dialog#palette")).to_be_visible()
    page.keyboard.press("Escape")
    page.go_forward()
    expect(page.locator("#detail h2")).to_be_visible()


def test_a_double_click_sends_once(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", "/settings/keys")
    page.get_by_label("Name", exact=True).fill("Clicked twice")
    page.get_by_role("button", name="Make the key").dblclick()
    expect(page.locator("#key")).to_be_visible()
    assert page.locator("td", has_text="Clicked twice").count() == 1
