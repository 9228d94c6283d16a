"""Everything without a mouse."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.looking import ask


def test_tab_comes_to_every_action_of_a_page(visit: Callable[..., Page]) -> None:
    page = visit("alice", "/sources/back-end")
    page.wait_for_load_state("networkidle")  # the bell comes after the page, in place of another
    expected = set(ask(page, "stops"))
    assert len(expected) > 20
    reached: set[str] = set()
    for _ in range(len(expected) + 5):
        page.keyboard.press("Tab")
        reached.update(ask(page, "stops", True))
    assert expected - reached == set()


def test_the_first_stop_leads_past_the_side_bar(visit: Callable[..., Page]) -> None:
    page = visit("alice", "/people")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.getAttribute('href')") == "#content"
    assert page.evaluate("() => document.activeElement.getBoundingClientRect().width") > 40  # seen once it is reached


def test_question_mark_lists_the_shortcuts_and_escape_closes_the_list(visit: Callable[..., Page]) -> None:
    page = visit("bob", "/people")
    page.keyboard.press("?")
    dialog = page.locator("dialog#keys")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("People")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_palette_finds_a_person_and_opens_the_page(visit: Callable[..., Page]) -> None:
    page = visit("alice", "/events")
    page.keyboard.press("Control+k")
    expect(page.locator("dialog#palette")).to_be_visible()
    page.keyboard.type("Astrid Lind")
    expect(page.locator("#found a").filter(has_text="Astrid Lindqvist")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_title("Astrid Lindqvist · Onefold")


def test_escape_closes_the_palette_and_focus_returns(visit: Callable[..., Page]) -> None:
    page = visit("bob", "/people")
    page.locator(".jump").focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog#palette")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#palette")).to_be_hidden()
    assert page.evaluate("() => document.activeElement.className") == "jump"


def test_two_strokes_go_to_a_place(visit: Callable[..., Page]) -> None:
    page = visit("bob", "/people")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/sources")


def test_j_and_k_walk_the_people_and_the_one_at_the_side(visit: Callable[..., Page]) -> None:
    page = visit("alice", "/people?q=C-10")
    names = page.locator("#list [data-row] [data-peeks]").all_text_contents()
    for _ in range(2):
        page.keyboard.press("j")
    assert page.evaluate("() => document.activeElement.textContent") == names[1]
    page.keyboard.press("Enter")
    peek = page.locator("#peek .name")
    expect(peek).to_have_text(names[1])
    page.keyboard.press("j")
    expect(peek).to_have_text(names[2])
    assert "peek=" in page.url
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(peek).to_have_text(names[0])
    page.keyboard.press("Escape")
    expect(peek).to_have_count(0)
    assert "peek=" not in page.url
    assert page.evaluate("() => document.activeElement.textContent") == names[0]  # where one was
    page.keyboard.press("Shift+Enter")
    expect(page).to_have_title(f"{names[0]} · Onefold")
