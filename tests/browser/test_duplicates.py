"""Somebody who is there twice: found, compared, merged with what they have, and unmerged."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop, state_of
from tests.browser.crm import records_of
from tests.browser.test_pages import look_closely
from tests.web.reading import person


def test_a_merge_moves_deals_and_an_unmerge_moves_them_back(
    visit: Callable[..., Page], shop: Shop, browser: object
) -> None:
    people = {"D-1": ("kari.dahl@gmail.com", "Guide"), "D-2": ("karidahl+tents@gmail.com", "Head of tours")}
    shop.send(
        *(
            {"type": "identify", "userId": user, "traits": {"name": f"Kari {user}", "email": email, "title": title}}
            for user, (email, title) in people.items()
        )
    )
    records = records_of(shop, state_of(browser, shop, "alice"))  # type: ignore[arg-type]  # pytest's Browser
    for user in people:
        records.deal(f"Deal of {user}", person=f"user_id:{user}")
    page = visit("alice", person("D-1"))
    for _try in range(20):  # the worker looks every two seconds
        expect(page.locator("#p-fields")).to_contain_text("Job title")
        if "Perhaps the same as Kari D-2" in page.locator("#p-fields").inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#p-fields")).to_contain_text("Perhaps the same as Kari D-2")
    page.goto(f"{shop.web}/duplicates")
    look_closely(page)
    pair = page.locator(".dup-list > li").filter(has_text="Kari D-1")
    expect(pair).to_contain_text("Same mailbox")
    pair.get_by_role("link", name="Compare").click()
    row = page.get_by_role("row").filter(has_text="Job title")
    row.get_by_label("Head of tours").check()
    look_closely(page)
    page.get_by_role("button", name="Merge into one").click()
    expect(page.locator("#toasts")).to_contain_text("They are one person now.")
    expect(page.locator("#p-fields")).to_contain_text("Head of tours")
    beside = page.locator("aside").first
    for user in people:
        expect(beside).to_contain_text(f"Deal of {user}")
    page.goto(f"{shop.web}/duplicates?show=decided")
    look_closely(page)
    page.locator(".dup-list > li").filter(has_text="Kari D-").get_by_role("button", name="Unmerge").click()
    expect(page.locator("#toasts")).to_contain_text("Undone.")
    for user, (_email, title) in people.items():
        page.goto(shop.web + person(user))
        expect(page.locator("#p-fields")).to_contain_text(title)
        expect(beside).to_contain_text(f"Deal of {user}")
        (other,) = set(people) - {user}
        expect(beside).not_to_contain_text(f"Deal of {other}")


def test_companies_are_merged_with_their_deals_and_unmerged(
    visit: Callable[..., Page], shop: Shop, browser: object
) -> None:
    companies = {"dup-1": ("Varde Tours AS", "Bergen"), "dup-2": ("Varde-Tours", "Oslo")}
    shop.send(
        *(
            {"type": "group", "userId": f"V-{key}", "groupId": key, "traits": {"name": name, "city": city}}
            for key, (name, city) in companies.items()
        )
    )
    records = records_of(shop, state_of(browser, shop, "alice"))  # type: ignore[arg-type]  # pytest's Browser
    for key in companies:
        records.deal(f"Deal of {key}", company=f":{key}")
    page = visit("alice", "/companies/:dup-1")
    note = page.get_by_text("Perhaps the same as Varde-Tours")
    for _try in range(20):  # the worker looks every two seconds
        if note.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    look_closely(page)
    page.goto(f"{shop.web}/duplicates/companies")
    look_closely(page)
    pair = page.locator(".dup-list > li").filter(has_text="Varde-Tours")
    expect(pair).to_contain_text("Nearly the same name")
    page.goto(f"{shop.web}/duplicates/companies/compare?a=:dup-1&b=:dup-2")
    page.get_by_role("row").filter(has_text="City").get_by_label("Oslo").check()
    look_closely(page)
    page.get_by_role("button", name="Merge into one").click()
    expect(page.locator("#toasts")).to_contain_text("They are one company now.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Varde Tours AS")
    expect(page.get_by_role("region", name="Fields")).to_contain_text("Oslo")
    beside = page.locator("aside").first
    for key in companies:
        expect(beside).to_contain_text(f"Deal of {key}")
    expect(page.locator("#merged")).to_contain_text("Varde-Tours")
    look_closely(page)
    page.goto(f"{shop.web}/duplicates/companies?show=decided")
    look_closely(page)
    page.locator(".dup-list > li").filter(has_text="Varde").get_by_role("button", name="Unmerge").click()
    expect(page.locator("#toasts")).to_contain_text("Undone.")
    for key, (_name, city) in companies.items():
        page.goto(f"{shop.web}/companies/:{key}")
        expect(page.get_by_role("region", name="Fields")).to_contain_text(city)
        expect(beside).to_contain_text(f"Deal of {key}")
        (other,) = set(companies) - {key}
        expect(beside).not_to_contain_text(f"Deal of {other}")
