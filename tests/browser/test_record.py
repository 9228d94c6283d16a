"""The open record: it takes in what comes, and waits while somebody reads."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop
from tests.web.reading import person


def test_news_wait_while_somebody_reads_and_a_new_name_is_on_top(visit: Callable[..., Page], shop: Shop) -> None:
    known = {"type": "identify", "userId": "L-1", "traits": {"name": "Live One"}}
    shop.send(known, *({"type": "track", "event": f"Step {n}", "userId": "L-1"} for n in range(60)))
    page = visit("bob", person("L-1"))
    expect(page.locator(".top h1")).to_have_text("Live One")
    shop.send({"type": "track", "event": "Seen at once", "userId": "L-1"})
    expect(page.get_by_text("Seen at once").first).to_be_visible()
    page.mouse.move(700, 600)
    page.mouse.wheel(0, 900)
    expect(page.locator("#p-timeline")).to_be_visible()
    page.wait_for_function("() => document.getElementById('p-timeline').getBoundingClientRect().top < 0")
    renamed = {**known, "traits": {"name": "Live Two"}}
    shop.send(renamed, *({"type": "track", "event": f"Later {n}", "userId": "L-1"} for n in range(99)))
    pill = page.locator("#news-waiting")
    expect(pill).to_have_text("100 new")
    assert "Later" not in page.locator("#p-timeline").inner_text()  # what is being read stays where it is
    pill.click()
    expect(page.locator(".top h1")).to_have_text("Live Two")
    expect(page.get_by_text("Later 9").first).to_be_visible()
    expect(pill).to_be_hidden()
