"""A form from the builder to the lead: built by mouse and keyboard, sent on a page of the shop, joined to the visit."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from onefold.config import load_settings
from onefold.events.api import NewSource, create_key, create_source
from onefold.programs.demo import storefront
from onefold.programs.demo.calls import WEBSITE
from onefold.programs.demo.leads import ensure_form
from tests.browser.conftest import Shop, watches
from tests.browser.looking import axe_faults, wider_than_the_screen
from tests.scenarios.installation import lasting_port
from tests.waiting import wait_until

AWFUL: Final = ("W" * 200, "<script>alert(1)</script>", "שלום עולם", "🐵" * 60)


@pytest.fixture(scope="module")
def contact(shop: Shop) -> tuple[str, str]:
    """Address of the sample shop with its contact page, and the form's key."""
    with shop.installation.connection() as conn:
        create_source(conn, NewSource(slug=WEBSITE, name="Shop website", kind="browser"), acting_user="tests")
        write_key = create_key(conn, WEBSITE, kind="public", acting_user="tests").text
        key = ensure_form(conn)
        conn.execute("update form_version set definition = jsonb_set(definition, '{least_s}', '0')")
    names = ("ONEFOLD_WEB_PORT", "ONEFOLD_COLLECTOR_PORT")
    ports = {name: shop.installation.environ[name] for name in names}
    settings = load_settings(ports | {"ONEFOLD_DEMO_PORT": str(lasting_port())})
    return storefront.start(settings, write_key, key).rstrip("/"), key


def form_id(shop: Shop, key: str) -> int:
    return int(shop.installation.value("select id from form where key = %s", key))


def test_who_sends_a_form_was_here_before(visit: Callable[..., Page], shop: Shop, contact: tuple[str, str]) -> None:
    address, key = contact
    page = visit("alice")
    watches[page].hosts.add(urlsplit(address).netloc)
    tab = page.context.new_page()
    tab.goto(f"{address}/tents?utm_source=letter&utm_campaign=winter")
    tab.click("text=Kebnekaise family tent")
    tab.wait_for_url("**/p/**")
    expect(tab.locator("#dock-n")).to_have_text("Product Viewed")
    expect(tab.locator("#dock-log li i").first).to_have_text("✓")
    tab.goto(f"{address}/contact?utm_source=letter&utm_campaign=winter")
    form = tab.locator(f'[data-onefold-form="{key}"]')
    form.get_by_label("First name").fill("Lova")
    form.get_by_role("button", name="Send it").click()
    expect(form.get_by_text("Please fill this in.")).to_be_visible()  # beside the e-mail field, which has the focus
    watches[page].forgive("the server responded with a status of 422")
    assert axe_faults(tab) == []
    form.get_by_label("E-mail").fill("lova@lead.example")
    form.get_by_label("It is about").select_option("Boots and sizes")
    form.get_by_label("Message").fill("<b>Hello</b>")
    form.get_by_label("Send me letters").check()
    form.get_by_role("button", name="Send it").click()
    expect(form.get_by_text("Somebody who knows the answer")).to_be_visible()
    wait_until(lambda: shop.installation.ask("GET", "/profiles/email:lova@lead.example").status_code == 200, 20, "lead")
    shop.installation.settle()
    lead = shop.installation.api("/profiles/email:lova@lead.example", include="traits,events", limit="50")
    assert lead["traits"]["lifecycle_stage"] == "lead"
    assert lead["traits"]["lead_source"] == "form"
    events = [(event["type"], event["name"]) for event in lead["events"]]
    assert ("track", "Form Submitted") in events
    assert ("track", "Product Viewed") in events  # the visit before it
    assert [kind for kind, _ in events].count("page") >= 3
    assert shop.installation.api("/profiles/email:lova@lead.example/consent")["purposes"]
    submissions = shop.installation.api(f"/forms/{form_id(shop, key)}/submissions")["submissions"]
    (sent,) = [one for one in submissions if one["state"] != "held"]
    assert (sent["state"], sent["page"], sent["campaign"]) == ("accepted", "/contact", "winter")
    assert sent["profile_id"] == lead["profile_id"]
    page.goto(f"{shop.web}/forms/{form_id(shop, key)}/submissions")
    page.get_by_role("link", name="Lova").click()
    expect(page.locator("#record .name")).to_have_text("Lova")
    withdrawn = {"purpose": "email_marketing", "is_granted": False}  # others count who allows letters
    assert shop.installation.ask("POST", "/profiles/email:lova@lead.example/consent", json=withdrawn).status_code == 200


def test_a_form_is_built_beside_its_preview(visit: Callable[..., Page], shop: Shop, contact: tuple[str, str]) -> None:
    page = visit("alice", "/forms")
    page.get_by_role("link", name="Form", exact=True).click()
    page.get_by_role("textbox", name="Name").fill("Webinar")
    page.get_by_role("button", name="Build it").click()
    preview = page.locator("#preview")
    expect(preview.get_by_label("First name")).to_be_visible()
    page.get_by_label("Heading").fill("Join us")
    page.get_by_label("Heading").blur()
    expect(preview.get_by_text("Join us")).to_be_visible()
    page.get_by_role("button", name="Phone").click()
    expect(preview.get_by_label("Phone")).to_be_visible()
    page.get_by_role("button", name="Remove Last name").press("Enter")
    expect(preview.get_by_label("Last name")).to_have_count(0)
    names = page.locator("#fields [name^=label-]")
    assert [one.input_value() for one in names.all()][:2] == ["First name", "E-mail"]
    page.get_by_role("button", name="Move E-mail up").press("Enter")
    expect(names.first).to_have_value("E-mail")
    grips = page.locator("#fields .grip")
    with page.expect_response("**/draft"):
        grips.nth(1).drag_to(grips.nth(0))
    expect(preview.locator("[data-field]").first).to_have_attribute("data-field", "first_name")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#fields [name^=label-]").first).to_have_value("E-mail")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is published")).to_be_visible()
    code = page.locator("#code-script").inner_text()
    assert code.startswith(f'<script src="{shop.installation.collector}/forms/')


@pytest.mark.parametrize(
    ("theme", "size"), [("light", "desk"), ("dark", "desk"), ("light", "phone"), ("dark", "phone")]
)
def test_pages_of_forms_are_whole(
    visit: Callable[..., Page], shop: Shop, contact: tuple[str, str], theme: str, size: str
) -> None:
    address, key = contact
    number = form_id(shop, key)
    page = visit("alice", theme=theme, size=size)
    hosted = f"{shop.installation.collector}/forms/{key}"
    watches[page].hosts.add(urlsplit(address).netloc)
    if not shop.installation.value("select count(*) from form_submission where state = 'held'"):
        for name in AWFUL:
            answers = {"first_name": name, "last_name": name, "email": "a@b.example", "company": name, "message": name}
            sent = httpx.post(
                f"{shop.installation.collector}/forms/{key}", json={"answers": answers, "token": "forged"}
            )
            assert sent.status_code == 200
    held = f"/{number}/submissions?show=held"
    paths = ("", "/new", f"/{number}", f"/{number}/submissions", held, f"/{number}/embed")
    for place in [*(f"{shop.web}/forms{path}" for path in paths), hosted, f"{address}/contact"]:
        page.goto(place)
        page.wait_for_timeout(200)
        keep(
            page,
            f"{place.rpartition('/forms')[2].strip('/').replace('/', '-').replace('?', '-') or 'list'}-{theme}-{size}",
        )
        assert axe_faults(page) == [], place
        assert wider_than_the_screen(page) == [], place


def keep(page: Page, name: str) -> None:
    """A picture, for whoever asks for it (FORM_PICTURES = a folder)."""
    if folder := os.environ.get("FORM_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name.replace(':', '')}.png", full_page=True)
