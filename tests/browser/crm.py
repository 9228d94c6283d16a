"""What tests of the CRM's pages share: records made by the API, lanes of the board, what stands in their heads."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from playwright.sync_api import Locator, Page, StorageState, expect

from tests.browser.conftest import Shop
from tests.browser.customers import ASTRID
from tests.web.reading import found, person

PERSON: Final = person(ASTRID).rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Records:
    """The CRM by its REST API, as a user: sources own no deals."""

    shop: Shop
    key: str

    def ask(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """What the API answers, which must have this status."""
        headers = {"authorization": f"Bearer {self.key}"}
        answer = httpx.request(method, f"{self.shop.web}/api{path}", headers=headers, timeout=30, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    def make(self, kind: str, /, **fields: Any) -> int:
        """A record; its number."""
        return int(self.ask("POST", f"/records/{kind}", 201, json=fields)["records"][0]["id"])

    def deal(self, name: str, **fields: Any) -> int:
        """An open deal with Astrid, in the first stage unless another is said."""
        closing = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
        return self.make("deal", **{"name": name, "amount": "1000", "person": PERSON, "close_on": closing} | fields)

    def stages(self) -> list[int]:
        """Of the pipeline that is there, in their order."""
        return [stage["id"] for stage in self.ask("GET", "/pipelines")[0]["stages"]]


def records_of(shop: Shop, state: StorageState) -> Records:
    """With a key that the user of this browser makes."""
    cookies = {one["name"]: one["value"] for one in state["cookies"]}
    with httpx.Client(base_url=shop.web, cookies=cookies, timeout=30) as client:
        token = found(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/settings/keys").text)
        form = {
            "csrfmiddlewaretoken": token,
            "name": "tests",
            "scopes": ["read", "personal_data", "edit"],
            "days": "30",
        }
        made = client.post("/settings/keys", data=form)
    return Records(shop=shop, key=found(r'id="key">([^<]+)<', made.text))


@dataclass(frozen=True, kw_only=True)
class Head:
    """What the head of a lane says: deals, and what they are worth in whole euros."""

    count: int
    worth: int


def lane(page: Page, name: str) -> Locator:
    """A stage of the board."""
    return page.get_by_role("region", name=name, exact=True)


def head(page: Page, name: str) -> Head:
    """Of a lane."""
    texts = lane(page, name).locator("header")
    count, worth = texts.locator(".num").first.inner_text(), texts.locator("b").inner_text()
    return Head(count=_whole(count), worth=_whole(worth))


def card(place: Page | Locator, number: int) -> Locator:
    """A deal on the board."""
    return place.locator(f"[data-deal='{number}']")


def drag(page: Page, number: int, to: str) -> None:
    """A card into another lane, by the mouse; dropped when it is there. A browser that is busy may take the first pull
    for none: then it is taken hold of again, as a person would."""
    page.wait_for_load_state("networkidle")  # what is drawn anew lets go of a card that is being dragged
    target = lane(page, to).locator(".cards")
    target.scroll_into_view_if_needed()
    for _try in range(3):
        card(page, number).hover()
        box = target.bounding_box()
        assert box is not None
        page.mouse.down()
        for step in (20, 0, 12, 0, 12, 0, 16, 0, 20, 0):  # dragging begins by the first; some may be missed
            page.mouse.move(box["x"] + box["width"] / 2 - step, box["y"] + 60, steps=8)
            if step == 0 and card(lane(page, to), number).count():
                page.mouse.up()
                return
            page.wait_for_timeout(100)
        page.mouse.up()
    expect(card(lane(page, to), number)).to_have_count(1)


def has_focus(place: Locator) -> bool:
    """Whether what has the focus is in there."""
    return bool(place.evaluate("(one) => one.contains(document.activeElement)"))


def _whole(text: str) -> int:
    return int(re.sub(r"\D", "", text))
