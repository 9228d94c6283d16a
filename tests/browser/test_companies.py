"""A company from its first line to its people: added, edited in place, somebody put in; on a phone, in the dark."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop
from tests.browser.looking import axe_faults, wider_than_the_screen


def add_company(page: Page, name: str, **fields: str) -> None:
    page.get_by_role("button", name="Company", exact=True).click()
    dialog = page.locator("#dialog")
    dialog.get_by_label("Name").fill(name)
    for label, value in fields.items():
        dialog.get_by_label(label).fill(value)
    dialog.get_by_role("button", name="Save").click()


def test_a_company_is_added_edited_and_gets_its_people(visit: Callable[..., Page], shop: Shop) -> None:
    shop.send(
        {"type": "identify", "userId": "C-1", "traits": {"name": "Ingrid Solheim", "email": "ingrid@tindra.example"}},
        {"type": "identify", "userId": "C-2", "traits": {"name": "Henrik Dahlstad", "email": "henrik@other.example"}},
    )
    page = visit("alice", "/companies")
    add_company(page, "Tindra Hotels AS", Domain="https://www.tindra.example/")
    page.wait_for_url(re.compile(r"/companies/:[0-9a-f-]+$"))
    expect(page.locator(".rec-h .name")).to_have_text("Tindra Hotels AS")
    line = page.locator(".prop").filter(has_text="Industry")
    line.hover()
    line.get_by_role("button", name="Edit Industry").click()
    page.locator(".prop.editing input[name=value]").fill("Hospitality")
    page.keyboard.press("Enter")
    expect(page.locator(".prop").filter(has_text="Industry")).to_contain_text("Hospitality")
    expect(page.locator("#toasts")).to_contain_text("Industry is saved.")
    line = page.locator(".prop").filter(has_text="Industry")
    line.hover()
    line.get_by_role("button", name="Where Industry comes from").click()
    expect(page.locator("#why")).to_contain_text("Edited by alice")
    page.keyboard.press("Escape")
    expect(page.locator("#why")).to_be_hidden()  # it gives the focus back
    page.get_by_label("Put somebody in").press_sequentially("Henrik Dahl")
    page.get_by_role("option", name="Henrik Dahlstad").click()
    page.get_by_role("button", name="Put in").click()
    expect(page.locator("#company-people")).to_contain_text("Henrik Dahlstad")
    for _try in range(20):  # the worker puts in whose e-mail is at the domain
        if "Ingrid Solheim" in page.locator("#company-people").inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#company-people")).to_contain_text("Ingrid Solheim")
    page.goto(f"{shop.web}/companies")
    expect(page.locator("tr[data-row]").filter(has_text="Tindra Hotels AS")).to_contain_text("tindra.example")
    add_company(page, "Tindra Hotel")
    expect(page.locator("#dialog")).to_contain_text("nearly the same name")
    page.locator("#dialog").get_by_role("link", name="Tindra Hotels AS").click()
    page.wait_for_url(re.compile(r"/companies/:"))


@pytest.mark.parametrize(("size", "theme"), [("desk", "light"), ("desk", "dark"), ("phone", "light")])
def test_its_pages_fit_and_can_be_used_by_all(visit: Callable[..., Page], shop: Shop, size: str, theme: str) -> None:
    shop.send(
        {"type": "group", "userId": "C-1", "groupId": "awful", "traits": {
            "name": "<b>شركة</b> " + "Wide" * 400, "domain": "d" * 3_000, "industry": "x" * 3_000, "t" * 90: {"a": [1]},
        }},
    )  # fmt: skip
    page = visit("alice", "/companies", size=size, theme=theme)
    for path in ("/companies", "/companies/:awful", "/companies?q=nothing+at+all"):
        page.goto(f"{shop.web}{path}")
        page.wait_for_load_state("networkidle")
        assert wider_than_the_screen(page) == []
        assert axe_faults(page) == []
