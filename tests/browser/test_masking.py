"""Somebody who may not see phone numbers and e-mail addresses sees none, wherever they would stand."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Shop
from tests.browser.looking import PERSON, addresses
from tests.web.door_kinds import ANYONE
from tests.web.doors import DOORS

EMAIL, PHONE = "astrid.0@example.com", "+46701740600"
SEEN = re.compile(r"[\w.+-]{2,}@example\.(com|org|net)|\+467017406\d\d")


@pytest.fixture
def masked(visit: Callable[..., Page], shop: Shop) -> Page:
    """A page of Bob's, from whom personal data are kept."""
    shop.installation.query("update accounts_user set personal_data = 'masked' where username = 'bob' returning 1")
    return visit("bob")


def test_a_record_shows_who_it_is_and_neither_phone_nor_address(masked: Page, shop: Shop) -> None:
    masked.goto(f"{shop.web}/people/{PERSON}")
    html = masked.content()
    assert "Astrid Lindqvist" in html
    assert EMAIL not in html
    assert PHONE not in html
    assert "•" in html


@pytest.mark.parametrize(
    "path", ["people?q=astrid", "people?who=all", "jump?q=astrid", "events", f"people/{PERSON}/events"]
)
def test_no_list_shows_them(path: str, masked: Page, shop: Shop) -> None:
    text = masked.request.get(f"{shop.web}/{path}").text()
    assert not SEEN.search(text), path


def test_no_page_at_all_holds_the_phone_number(masked: Page, shop: Shop) -> None:
    asked = 0
    for path in addresses():
        if DOORS.get(path, {}).get("GET") == ANYONE:
            continue
        answer = masked.request.get(f"{shop.web}/{path}")
        asked += answer.ok
        assert PHONE not in answer.text(), path
        assert EMAIL not in answer.text(), path
    assert asked > 8


def test_the_api_answers_a_session_as_the_pages_do(masked: Page, shop: Shop) -> None:
    answer = masked.request.get(f"{shop.web}/api/profiles/{PERSON}?include=traits,identifiers,events")
    assert answer.ok
    assert not SEEN.search(answer.text())
