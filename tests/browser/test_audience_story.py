"""A marketer builds a rule by mouse and keyboard, watches somebody shop and so enter and leave, edits it, asks why."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from onefold.audiences import actions
from onefold.filters import api as f
from tests.browser.conftest import Shop, watches
from tests.web.audiences import document
from tests.web.reading import person

QUIET: Final = "Bought twice, then quiet"
RECENT: Final = "Bought in the last 30 days"
LETTERS: Final = "email_marketing"  # which nobody else of the shop speaks of
RUNA: Final = "runa@story.example"
ALLOWING: Final = 30
TWICE: Final = 14
AGAIN: Final = 4
"""Of those who allow letters: how many ordered twice or more, 40 to 60 days ago, and of these yesterday again."""
THRICE: Final = 5
"""Of the quiet ones: how many ordered three times."""
SILENT: Final = 6
"""Ordered twice and went quiet, but never said that they want letters."""
FILLS_MS: Final = 60_000
PATIENT_MS: Final = 30_000  # what an engine answers takes long on a busy machine
QUICK_MS: Final = 5_000  # as everywhere else
GENEROUS_S: Final = 5.0
COUNT: Final = "#estimate [data-count]"
LINES: Final = "#rule .cond[data-node]"
NOTE_COUNTS: Final = """addEventListener("DOMContentLoaded", () => {
  const live = document.getElementById("counted");
  window.counted = [];
  const note = () => {
    if (!live.className.includes("busy")) window.counted.push(live.className.includes("warn") ? "sampled" : "exact");
  };
  if (live) new MutationObserver(note).observe(live, {attributes: true, attributeFilter: ["class"]});
})"""


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Of every expectation."""
    expect.set_options(timeout=PATIENT_MS)
    yield
    expect.set_options(timeout=QUICK_MS)


@pytest.fixture(scope="module")
def recent(shop: Shop) -> int:
    """People of the shop's last 60 days, and an audience of the buyers of the last 30 that is live already; its id."""
    shop.send(*_history(datetime.now(UTC)))
    rule = f.AllOf((f.Did(f.EventMatch("Order Completed"), window=f.Window(f.Span(30))),))
    with shop.installation.connection() as conn:
        wanted = actions.Wanted(RECENT, LETTERS, document(rule), "Who bought something lately.")
        number = actions.create_audience(conn, wanted, acting_user="user:alice")
        actions.start_audience(conn, number, acting_user="user:alice")
    return number


def _history(now: datetime) -> list[dict[str, Any]]:
    """Runa is the first of the quiet buyers."""
    events: list[dict[str, Any]] = []
    for number in range(ALLOWING + SILENT):
        name, email = ("Runa Returning", RUNA) if number == AGAIN else (f"Story {number}", f"s{number}@story.example")
        who = {"userId": f"story-{number}"}
        events.append({**who, "type": "identify", "traits": {"name": name, "email": email}})
        if number < ALLOWING:
            said = {"purposes": {LETTERS: True}, "form": "sign-up"}
            events.append({**who, "type": "track", "event": "Consent Updated", "properties": said})
        is_thrice = AGAIN < number <= AGAIN + THRICE
        days = [45, 52, *([58] if is_thrice else [])] if number < TWICE or number >= ALLOWING else [44]
        events += [
            {**who, "type": "track", "event": "Order Completed", "messageId": f"story-{number}-{day}",
             "timestamp": (now - timedelta(days=day)).isoformat(), "properties": {"total": 900 + number}}
            for day in [*days, *([1] if number < AGAIN else [])]
        ]  # fmt: skip
    return events


@pytest.mark.timeout(480)
def test_from_a_rule_to_people_who_enter_and_leave_it(
    visit: Callable[..., Page], shop: Shop, storefront_url: str, recent: int
) -> None:
    page = visit("alice", "/audiences")
    build(page)
    say_and_start(page)
    number = int(page.url.rpartition("/")[2])
    watch_somebody_buy(visit, shop, storefront_url, {QUIET: number, RECENT: recent})
    edit(page, shop, number)
    ask_why(page, shop, number)


def step(page: Page, said: str) -> None:
    """Where the story is, for whoever reads what a run printed."""
    sys.stdout.write(f"{said} ({urlsplit(page.url).path})\n")


def build(page: Page) -> None:
    """Two conditions, the first by keyboard, the second by mouse; the figure follows, first of a sample."""
    page.add_init_script(NOTE_COUNTS)
    page.keyboard.press("c")
    page.locator("a[href='/audiences/new?from=blank']").click()
    expect(page.locator("#builder-bar [name=purpose]")).to_have_value(LETTERS)
    is_exact(page, ALLOWING)
    assert list(dict.fromkeys(page.evaluate("() => window.counted"))) == ["sampled", "exact"]
    step(page, "Everybody who allows letters is counted, at first about.")
    page.get_by_role("button", name="Condition", exact=True).last.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("order comp")
    expect(page.locator("#offers [role=option]").first).to_contain_text("Order Completed")
    step(page, "What can be asked is found by typing.")
    page.keyboard.press("Enter")
    line = page.locator(LINES).first
    line.get_by_label("How to compare").select_option("ge")
    line.get_by_label("times").fill("2")
    line.locator(".asks input[type=number]").fill("90")
    is_exact(page, TWICE)
    step(page, "Bought twice in 90 days.")
    page.get_by_role("button", name="Condition", exact=True).last.click()
    page.get_by_role("combobox").last.fill("Order Completed")
    page.locator("#offers [role=option]").first.click()
    page.locator(LINES).nth(1).get_by_label("What counts").select_option("never")
    is_exact(page, TWICE - AGAIN)
    assert page.evaluate("() => window.counted").count("sampled") == 1  # a sample of few people says nothing
    step(page, "And nothing in 30.")


def is_exact(page: Page, people: int) -> None:
    """Waits until so many are counted to the last one."""
    expect(page.locator(COUNT)).to_have_text(str(people))
    expect(page.locator("#counted")).to_have_class("dot small ok")


def say_and_start(page: Page) -> None:
    """The rule reads as it was meant; named and started, it turns live, with everybody in who was counted."""
    said = " ".join((page.text_content("#sentence") or "").split())
    assert said == (
        "People who did 'Order Completed' at least 2 times in the last 90 days and never did 'Order Completed' in the"
        " last 30 days. Only those who allow e-mail marketing."
    )
    page.get_by_label("Name", exact=True).fill(QUIET)
    page.get_by_role("button", name="Save and start").click()
    page.wait_for_url(re.compile(r"/audiences/\d+$"), timeout=PATIENT_MS)
    step(page, "It is being filled.")
    expect(page.locator(".top .dot")).to_have_text("Live", timeout=FILLS_MS)
    expect(page.locator(".members tbody tr")).to_have_count(TWICE - AGAIN)
    step(page, "It is live.")


def watch_somebody_buy(visit: Callable[..., Page], shop: Shop, storefront: str, audiences: dict[str, int]) -> None:
    """Runa comes back to the shop's website and orders: her open record shows it, and so do both audiences."""
    record = visit("alice", person(f"story-{AGAIN}"))
    expect(memberships(record).get_by_role("link", name=QUIET)).to_be_visible()
    expect(memberships(record).get_by_role("link", name=RECENT)).to_have_count(0)
    step(record, "Runa went quiet.")
    follower = visit("alice", f"/audiences/{audiences[RECENT]}")
    website = visit("")
    watches[website].hosts.add(urlsplit(storefront).netloc)
    website.goto(f"{storefront}/p/sock-1")
    website.get_by_role("button", name="Add to cart").click()
    website.get_by_role("link", name="Cart").click()
    website.get_by_role("link", name="Check out").click()
    form = website.locator("#order")
    form.get_by_label("Name").fill("Runa Returning")
    form.get_by_label("E-mail").fill(RUNA)
    form.get_by_label("City").fill("Arvidsjaur")
    step(website, "She is at the checkout.")
    began = time.monotonic()
    form.get_by_role("button", name="Place the order").click()
    memberships(record).get_by_role("link", name=RECENT).wait_for()
    seconds = time.monotonic() - began
    expect(memberships(record).get_by_role("link", name=QUIET)).to_have_count(0)
    step(record, f"{seconds:.2f} s after she pressed the button, her open record says that she bought.")
    # on a machine of its own it takes less than a second: the benchmarks measure it, other tests run beside this one
    assert seconds < GENEROUS_S, f"{seconds:.1f} s from the order to the open record"
    expect(follower.locator("#facts")).to_contain_text("Runa Returning")
    expect(follower.locator("#facts")).to_contain_text("Entered")
    expect(follower.locator(".members").get_by_role("link", name="Runa Returning")).to_be_visible()
    step(follower, "The audience's open page says that she entered.")
    record.goto(f"{shop.web}/audiences/{audiences[QUIET]}/history?what=left")
    row = record.locator(".history tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Runa Returning")
    expect(row).to_contain_text("Order Completed")
    step(record, "The history says what brought her out.")


def memberships(record: Page) -> Any:
    """Of a person's page, the part with the audiences."""
    return record.locator("aside .sec").filter(has=record.get_by_role("heading", name="Audiences"))


def edit(page: Page, shop: Shop, number: int) -> None:
    """Three orders instead of two: who would leave is shown before it is saved, and then they have left."""
    stay, leave = THRICE, TWICE - AGAIN - 1 - THRICE
    page.goto(f"{shop.web}/audiences/{number}")
    page.get_by_role("link", name="Edit", exact=True).click()
    is_exact(page, stay + leave)
    page.locator(LINES).first.get_by_label("times").fill("3")
    is_exact(page, stay)
    leaving = page.locator("[data-moving=leaving]")
    expect(leaving.locator("summary")).to_have_text(re.compile(rf"\u2212{leave}\s+would leave"))
    expect(page.locator("[data-moving=entering]")).to_be_hidden()
    leaving.locator("summary").click()
    expect(leaving.locator("li")).to_have_count(leave)
    step(page, "Who would leave stands there before anything is saved.")
    assert members(shop, number) == stay + leave
    page.keyboard.press("Control+s")
    expect(page.locator("#saved-at")).to_contain_text("Saved")
    page.goto(f"{shop.web}/audiences/{number}")
    expect(page.locator(".members tbody tr")).to_have_count(stay, timeout=FILLS_MS)
    page.get_by_role("link", name="Versions").click()
    step(page, "The second version is in force.")


def members(shop: Shop, number: int) -> int:
    """How many are in."""
    return int(shop.installation.value("select count(*) from membership where audience = %s", number))


def ask_why(page: Page, shop: Shop, number: int) -> None:
    """Why one is in, on the audience's page; why another isn't, in the builder."""
    page.goto(f"{shop.web}/audiences/{number}")
    page.locator(".members").get_by_role("button", name="Why").first.click()
    why = page.locator("#why")
    expect(why).to_contain_text("Is in")
    expect(why).to_contain_text("did 'Order Completed' at least 3 times in the last 90 days")
    step(page, "Why one is in.")
    page.goto(f"{shop.web}/audiences/{number}/edit")
    page.get_by_role("button", name="Test a person").click()
    page.keyboard.type(RUNA)
    page.keyboard.press("Enter")
    told = page.locator("#why-lines")
    expect(told).to_contain_text("is not in: one condition fails.")
    expect(told).to_contain_text("never did 'Order Completed' in the last 30 days")
    step(page, "Why Runa is not.")
