"""The sample shop's website: whole, safe, and a way from a first visit to a record in Onefold."""

import re
from urllib.parse import urlsplit

import httpx
import pytest

from onefold.programs.demo.storefront import Origins, files
from tests.browser.chromium import Watch, chromium
from tests.demo.shop import Demo
from tests.waiting import wait_until

ORIGINS = Origins("http://127.0.0.1:1", "http://127.0.0.1:2", 'pk_"><script>')


def test_every_link_leads_to_a_page() -> None:
    found = files(ORIGINS)
    pages = [file.body.decode() for file in found.values() if file.kind == "text/html"]
    assert len(pages) > 30
    links = {link.partition("#")[0] for page in pages for link in re.findall(r'(?:href|src)="(/[^"]*)"', page)}
    assert links <= set(found)
    arts = set(re.findall(r'<symbol id="(\w+)"', found["/art.svg"].body.decode()))
    assert {art for page in pages for art in re.findall(r"art\.svg#(\w+)", page)} <= arts


def test_pages_run_no_script_of_their_own() -> None:
    for path, file in files(ORIGINS).items():
        if file.kind == "text/html":
            page = file.body.decode()
            assert len(re.findall("<script", page)) == 2, path
            assert "pk_&quot;&gt;&lt;script&gt;" in page
            assert not re.search(r"\son\w+=|style=|javascript:", page), path


def test_it_is_served_with_a_strict_policy(demo: Demo) -> None:
    answer = httpx.get(f"{demo.shop}/p/tent-2")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    for path in ("/nowhere", "/..%2f..%2fetc/passwd", "/page.html", "/p/tent-2%00"):
        missing = httpx.get(f"{demo.shop}{path}")
        assert (missing.status_code, "No path leads here" in missing.text) == (404, True), path
    assert httpx.post(f"{demo.shop}/").status_code == 501


def test_the_shop_works_where_a_blocker_keeps_the_library_away(demo: Demo) -> None:
    with chromium() as browser, browser.new_context() as context:
        context.route(re.compile(re.escape(demo.collector)), lambda route: route.abort())
        page = context.new_page()
        page.goto(f"{demo.shop}/p/tent-2")
        page.click("text=Add to cart")
        page.wait_for_selector("text=It is in your cart.")
        assert "blocker" in (page.text_content("#dock-who") or "")
        page.goto(f"{demo.shop}/cart")
        page.wait_for_selector("#lines >> text=Fjällräv")


@pytest.mark.timeout(180)
def test_a_visitor_becomes_a_customer(demo: Demo) -> None:
    hosts = {urlsplit(base).netloc for base in (demo.shop, demo.collector)}
    with chromium() as browser, browser.new_context() as context:
        watch = Watch(context, hosts)
        page = context.new_page()
        page.goto(f"{demo.shop}/")
        page.click("text=Kebnekaise family tent")
        page.click("text=Add to cart")
        page.wait_for_selector("text=It is in your cart.")
        page.click("text=Cart")
        page.click("text=Check out")
        page.fill("[name=name]", "Väinö Visitor")
        page.locator("#order [name=email]").fill("vaino@visitor.example")
        page.fill("[name=city]", "Kilpisjärvi")
        page.locator("#order").get_by_label("Send me letters").check()
        page.click("text=Place the order")
        page.wait_for_url("**/thanks")
        page.goto(f"{demo.shop}/account")
        page.fill("#a-name", "Väinö Visitor")
        page.fill("#a-email", "vaino@visitor.example")
        page.click("text=Continue")
        page.wait_for_selector("text=Hello, Väinö")
        number = page.text_content("#number")
        link = page.get_attribute("#dock-open", "href") or ""
        assert watch.faults == []
    anonymous_id = link.rpartition("anonymous_id:")[2]

    def names() -> list[str]:
        answer = demo.ask("GET", f"/profiles/anonymous_id:{anonymous_id}", params={"include": "events,identifiers"})
        found = answer.json() if answer.status_code == 200 else {"events": []}
        return [event.get("name", "") for event in found["events"]]

    wait_until(lambda: "Signed Up" in names(), 20, "the sign-up")
    assert {"Home", "Kebnekaise family tent", "Cart", "Check out", "Account"} <= set(names())
    assert {"Product Viewed", "Product Added", "Cart Viewed", "Checkout Started", "Order Completed"} <= set(names())
    person = demo.api(f"/profiles/user_id:{number}", include="identifiers")
    assert person["name"] == "Väinö Visitor"
    values = {(one["namespace"], one["value"]) for one in person["identifiers"]}
    assert {("email", "vaino@visitor.example"), ("anonymous_id", anonymous_id), ("user_id", number)} <= values
    assert link.startswith(f"{demo.web}/people?q=")
    assert demo.api(f"/profiles/user_id:{number}/consent")["purposes"]["email_marketing"] is True
    wait_until(lambda: "Bought in the last 30 days" in audiences_of(demo, f"user_id:{number}"), 60, "the audience")


def audiences_of(demo: Demo, identifier: str) -> set[str]:
    """Names of those that somebody is in; none before the demo's are filled."""
    return {one["name"] for one in demo.api(f"/profiles/{identifier}/audiences")}
