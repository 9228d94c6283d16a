"""Somebody becomes a customer: fields edited in place, two editors, many at once, a list by what people lead to."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Shop
from tests.browser.looking import axe_faults, wider_than_the_screen
from tests.web.reading import person

VERA: dict[str, Any] = {"name": "Vera Nordvik", "email": "vera@nordvik.example"}


def field(page: Page, title: str) -> Locator:
    return page.locator("#p-fields .prop").filter(has_text=title).first


def edit(page: Page, title: str) -> Locator:
    field(page, title).hover()
    page.get_by_role("button", name=f"Edit {title}").click()
    return page.locator(".prop.editing [name=value]")


def test_fields_are_edited_in_place_and_the_second_editor_hears_of_the_first(
    visit: Callable[..., Page], shop: Shop
) -> None:
    shop.send({"type": "identify", "userId": "S-1", "traits": VERA})
    place = person("S-1")
    page, other = visit("alice", place), visit("alice", place)
    expect(field(page, "Lifecycle stage")).to_contain_text("None")
    edit(page, "Lifecycle stage").select_option("lead")
    edit(other, "Lifecycle stage").select_option("customer")
    page.keyboard.press("Tab")  # to Save; leaving the form saves as well
    page.get_by_role("button", name="Save").click()
    expect(field(page, "Lifecycle stage")).to_contain_text("Lead")
    expect(page.locator("#toasts")).to_contain_text("Lifecycle stage is saved.")
    other.get_by_role("button", name="Save").click()
    expect(other.locator(".prop.editing [role=alert]")).to_contain_text("alice has changed this since you looked")
    other.get_by_role("button", name="Cancel").click()
    edit(page, "Job title").fill("Head of lodging")
    page.locator(".rec-h .name").click()  # leaving it saves
    expect(field(page, "Job title")).to_contain_text("Head of lodging")
    field(page, "Job title").hover()
    page.get_by_role("button", name="Where Job title comes from").click()
    expect(page.locator("#why")).to_contain_text("alice")
    page.keyboard.press("Escape")
    assert axe_faults(page) == []


def test_many_get_an_owner_and_lose_it_by_one_click(visit: Callable[..., Page], shop: Shop) -> None:
    shop.send(*({"type": "identify", "userId": f"S-{n}", "traits": {"name": f"Bulk {n}"}} for n in (7, 8)))
    page = visit("alice", "/people?q=Bulk&col=name&col=trait:owner&col=trait:lifecycle_stage")
    for box in page.locator("tbody input[type=checkbox]").all():
        box.check()
    bar = page.locator("#selbar")
    bar.get_by_label("Field to change").select_option("owner")
    bar.locator(".bulk-value select").select_option("alice")
    bar.get_by_role("button", name="Change").click()
    expect(page.locator("#toasts")).to_contain_text("2 people changed.")
    expect(page.locator("tbody")).to_contain_text("alice")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("tbody")).not_to_contain_text("alice")


def test_people_by_what_they_lead_to(visit: Callable[..., Page], shop: Shop) -> None:
    shop.send(
        {"type": "identify", "userId": "S-3", "traits": {"name": "Large Lena"}},
        {"type": "identify", "userId": "S-4", "traits": {"name": "Small Sven"}},
        {"type": "group", "userId": "S-3", "groupId": "large", "traits": {"name": "Large", "employees": 900}},
        {"type": "group", "userId": "S-4", "groupId": "small", "traits": {"name": "Small", "employees": 9}},
    )
    page = visit("alice", "/people")
    for user in ("S-3", "S-4"):
        made = page.request.post(
            f"{shop.web}/records/deal/new",
            form={"name": f"Deal {user}", "amount": "25000", "person": person(user).rpartition("/")[2]},
            headers={"X-CSRFToken": page.evaluate("document.querySelector('[name=csrfmiddlewaretoken]').value"),
                     "Referer": page.url},
        )  # fmt: skip
        assert made.ok
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("button", name="Filter by groups (AND, OR)").click()
    dialog = page.locator("#groups")
    row = dialog.locator(".tree-row").first
    row.locator("select").nth(0).select_option("at_company/trait:employees")
    row.locator("select").nth(1).select_option("number.gt")
    row.locator("input").first.fill("50")
    dialog.get_by_role("button", name="+ Related").click()
    related = dialog.locator(".tree-group .tree-group").first
    related.get_by_label("Related records").select_option("deals")
    rows = related.locator(".tree-row")
    rows.first.locator("select").nth(0).select_option("state")
    rows.first.locator("select").nth(1).select_option("text.is")
    rows.first.get_by_label("Open").check()
    related.get_by_role("button", name="+ Condition").click()
    rows.nth(1).locator("select").nth(0).select_option("amount")
    rows.nth(1).locator("select").nth(1).select_option("number.gt")
    rows.nth(1).locator("input").first.fill("10000")
    assert axe_faults(page) == []
    dialog.get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile("related"))
    expect(page.locator("tbody")).to_contain_text("Large Lena")
    expect(page.locator("tbody")).not_to_contain_text("Small Sven")
    expect(page.locator(".chip.filter").nth(1)).to_contain_text("Deals with")
    page.locator(".chip.filter button").nth(1).click()
    expect(dialog.get_by_label("Related records")).to_have_value("deals")


def test_on_a_phone_and_in_the_dark(visit: Callable[..., Page], shop: Shop) -> None:
    shop.send({"type": "identify", "userId": "S-1", "traits": VERA})
    for theme in ("light", "dark"):
        for place in (person("S-1"), "/settings/crm/lifecycle"):
            page = visit("alice", place, size="phone", theme=theme)
            page.wait_for_load_state("networkidle")
            assert wider_than_the_screen(page) == []
            assert axe_faults(page) == []
