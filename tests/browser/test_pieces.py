"""What hangs on a deal, by mouse and keyboard: products, people; on a phone, in the dark, with awful texts."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop
from tests.browser.looking import axe_faults, not_for_the_keyboard, wider_than_the_screen


def make(page: Page, shop: Shop, kind: str, **fields: str) -> None:
    """A record by its dialog; the page of it."""
    page.goto(f"{shop.web}/{kind}s")
    page.get_by_role("button", name=kind.title(), exact=True).first.click()
    dialog = page.locator("#dialog")
    for label, value in fields.items():
        dialog.get_by_label(label, exact=True).or_(dialog.get_by_label(f"{label} *", exact=True)).fill(value)
    dialog.get_by_role("button", name="Save").click()
    page.locator("#toasts").get_by_text("added").wait_for()
    link = page.locator(f"a[href^='/{kind}s/']").filter(has_text=fields["Name"][:12]).first
    page.goto(f"{shop.web}{link.get_attribute('href')}")
    page.wait_for_load_state("networkidle")


def test_a_deal_gets_products_and_people(visit: Callable[..., Page], shop: Shop) -> None:
    shop.send({"type": "identify", "userId": "P-1", "traits": {"name": "Bruno Falk", "email": "bruno@falk.example"}})
    page = visit("alice", "/deals")
    make(page, shop, "product", Name="Expedition tent", Price="250", Currency="EUR")
    make(page, shop, "deal", Name="Base camp")
    card = page.locator("#items")
    card.get_by_role("combobox", name="Product").press_sequentially("expedit")
    page.get_by_role("option", name="Expedition tent").click()
    card.get_by_label("Quantity").last.fill("4")
    card.get_by_role("button", name="Add").click()
    expect(page.locator("#items-total")).to_have_text("€1,000")
    expect(page.locator(".facts")).to_contain_text("€1,000")
    expect(page.locator(".prop").filter(has_text=re.compile(r"^\s*Amount"))).to_contain_text("€1,000")
    page.locator("#item-new-name").focus()  # by keyboard from here
    page.keyboard.type("Delivery")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("50")
    page.keyboard.press("Enter")
    expect(page.locator("#items-total")).to_have_text("€1,050")
    discount = card.get_by_label("Discount on Expedition tent")
    discount.focus()
    discount.fill("10")
    page.keyboard.press("Tab")
    expect(page.locator("#items-total")).to_have_text("€950")
    discount = card.get_by_label("Discount on Expedition tent")
    discount.fill("1000")
    page.keyboard.press("Tab")
    expect(card.get_by_role("alert")).to_contain_text("between 0 and 100")
    card.get_by_label("Quantity of Delivery").focus()  # what acts on a line shows where the keyboard is
    card.get_by_role("button", name="Move Delivery up").focus()
    page.keyboard.press("Enter")
    expect(card.locator("tbody tr").first.locator("input").first).to_have_value("Delivery")
    card.get_by_label("Quantity of Delivery").focus()
    card.get_by_role("button", name="Remove Delivery").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#items-total")).to_have_text("€900")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#items-total")).to_have_text("€950")
    people = page.locator("#deal-people")
    people.get_by_role("combobox", name="Somebody else").press_sequentially("Bruno")
    page.get_by_role("option", name="Bruno Falk").click()
    people.get_by_label("Role", exact=True).select_option("Champion")
    people.get_by_role("button", name="Add").click()
    expect(people.get_by_label("Role of Bruno Falk")).to_have_value("champion")
    people.get_by_role("button", name="The deal is mostly with Bruno Falk").click()
    expect(people.locator("li").first).to_contain_text("Main")
    assert axe_faults(page) == []
    assert not_for_the_keyboard(page) == []


@pytest.mark.parametrize(("size", "theme"), [("desk", "light"), ("desk", "dark"), ("phone", "light")])
def test_awful_texts_fit(visit: Callable[..., Page], shop: Shop, size: str, theme: str) -> None:
    page = visit("alice", "/deals", size=size, theme=theme)
    make(page, shop, "deal", Name="<b>شركة</b> " + "Wide" * 50)
    for name, price in (("<script>alert(1)</script>" + "W" * 300, "999999999999.99"), ("🏕️ خيمة", "-3")):
        page.locator("#item-new-name").fill(name)
        page.locator("#item-new-price").fill(price)
        with page.expect_response(re.compile("/items$")):
            page.locator(".item-add button").click()
    page.wait_for_load_state("networkidle")
    assert wider_than_the_screen(page) == [], page.evaluate("document.documentElement.scrollWidth")
    assert axe_faults(page) == []
    import os

    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/awful-{size}-{theme}.png", full_page=True)
