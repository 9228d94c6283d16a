"""What an administrator sets up, in a browser: an own object and its use, pipelines by mouse and by keyboard."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from onefold.crm.schema import MAX_AGE_S
from tests.browser.conftest import Shop
from tests.browser.looking import axe_faults
from tests.browser.test_pages import look_closely

AWFUL = "<b>Übergrößenträgerinnenverkaufsabteilungsleitung & Söhne</b> ⛵ \u202e" + "x" * 38
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def awful(shop: Shop) -> Iterator[Shop]:
    """An object, fields, a pipeline and stages of awful names; rates, which are gone after: others count on none."""
    with shop.installation.connection() as conn:
        conn.execute(
            "insert into custom_object (name, title, plural, icon, place) values ('awful', %s, %s, 'key', 9)",
            [AWFUL, AWFUL],
        )
        options = [f'{{"value": "o{n}", "title": "{n} {AWFUL[:60]}", "tone": "warn"}}' for n in range(12)]
        conn.execute(
            "insert into custom_field (object, name, title, kind, options, place, is_required)"
            " select 'awful', 'f' || n, n || %s, 'choice', %s, n, true from generate_series(1, 4) n",
            [AWFUL, f"[{','.join(options)}]"],
        )
        conn.execute("update custom_field set archived_at = now() where name = 'f4'")
        conn.execute("insert into pipeline (name, place) values (%s, 9)", [AWFUL])
        conn.execute(
            "insert into stage (pipeline, name, place, state, probability, required, checklist)"
            " select p.id, %s, n, (array['open','won','lost'])[1 + n %% 3], 40, '{amount,close_on,source}', array[%s]"
            " from pipeline p, generate_series(0, 8) n where p.place = 9",
            [AWFUL, AWFUL],
        )
        conn.execute("insert into exchange_rate (currency, rate) values ('SEK', 0.0875), ('JPY', 0.0000000061)")
    time.sleep(MAX_AGE_S)  # so long the server remembers which objects there are
    yield shop
    with shop.installation.connection() as conn:
        conn.execute("delete from exchange_rate")


PAGES = (
    *("settings/crm/pipelines", "settings/crm/pipelines/1", "settings/crm/pipelines/2", "settings/crm/rates"),
    *("settings/crm/objects", "settings/crm/objects/deal", "settings/crm/objects/awful", "records/awful"),
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_settings_is_whole(path: str, awful: Shop, visit: Visit) -> None:
    page = visit("alice", f"/{path}")
    page.wait_for_load_state("networkidle")
    look_closely(page)


def dialog_of(page: Page, button: str) -> Locator:
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.locator("dialog[open]")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_visible()
    return dialog


def test_an_administrator_makes_an_object_and_uses_it(shop: Shop, visit: Visit) -> None:
    page = visit("alice", "/settings/crm/objects")
    dialog = dialog_of(page, "Object")
    assert axe_faults(page) == []
    dialog.get_by_label("One of them is called").fill("Deal")
    dialog.get_by_label("Several are called").fill("Boats")
    dialog.locator("label", has=page.get_by_label("map-pin")).click()
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("alert")).to_contain_text("something called “Deal” already")
    dialog.get_by_label("One of them is called").fill("Boat")
    dialog.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Boats")).to_be_visible()

    add_field(page, "Length", "Number")
    add_field(page, "Sold by", "Record of an object", leads_to="Deals")
    add_field(page, "Yard", "Company")
    dialog = dialog_of(page, "Field")
    dialog.get_by_label("Title", exact=True).fill("State")
    dialog.get_by_label("It holds").select_option("Choice")
    titles = dialog.get_by_label("Title of the option")
    expect(titles).to_have_count(3)
    titles.nth(0).fill("Afloat")
    titles.nth(1).fill("In dock")
    dialog.get_by_label("Colour of the option").nth(0).select_option("Green")
    titles.nth(1).press("Shift+Tab")
    page.keyboard.press("ArrowUp")  # on the handle of the second: now it is the first
    expect(titles.nth(0)).to_have_value("In dock")
    assert axe_faults(page) == []
    dialog.get_by_role("button", name="Add").click()
    expect(page.locator("tr[data-id=state] .tag")).to_have_text(["In dock", "Afloat"])

    page.get_by_role("navigation", name="Records").get_by_role("link", name="Boats").click()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    make_boat(page, "Astrid", "9.5", "Afloat")
    make_boat(page, "Little one", "4", "In dock")
    expect(page.locator("tr[data-row]")).to_have_count(2)
    expect(page.locator("tr[data-row]").filter(has_text="Astrid")).to_contain_text("Afloat")

    page.get_by_role("button", name="Filter", exact=True).click()
    page.locator("#filter-body").get_by_role("button", name="Length", exact=True).click()
    form = page.locator("#filter-body form")
    form.get_by_label("Comparison").select_option(label=">")
    form.get_by_label("Number").fill("5")
    form.get_by_role("button", name="Apply").click()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.get_by_role("button", name="Save view").click()
    page.locator("#save-view").get_by_label("Name").fill("Long boats")
    page.locator("#save-view").get_by_role("button", name="Save as a new view").click()
    expect(page.get_by_role("navigation", name="Views").get_by_role("link", name="Long boats")).to_be_visible()
    look_closely(page)
    archive_a_field_and_take_it_back(page)


def add_field(page: Page, title: str, kind: str, *, leads_to: str = "") -> None:
    dialog = dialog_of(page, "Field")
    dialog.get_by_label("Title", exact=True).fill(title)
    dialog.get_by_label("It holds").select_option(kind)
    if leads_to:
        dialog.get_by_label("It leads to").select_option(leads_to)
    dialog.get_by_role("button", name="Add").click()
    expect(page.locator("tr[data-row]").filter(has_text=title)).to_be_visible()


def make_boat(page: Page, name: str, length: str, state: str) -> None:
    page.locator(".top").get_by_role("button", name="Boat").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Length").fill(length)
    dialog.get_by_label("State").select_option(state)
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("tr[data-row]").filter(has_text=name)).to_be_visible()


def archive_a_field_and_take_it_back(page: Page) -> None:
    page.goto(page.url.partition("/records/")[0] + "/settings/crm/objects/boat")
    dialog = dialog_of(page, "Archive Length")
    expect(dialog).to_contain_text("by 1 private view")
    assert axe_faults(page) == []
    dialog.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("“Length” is archived. Records keep its values.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Edit Length")).to_be_visible()


def test_stages_are_ordered_by_keyboard_and_by_mouse(shop: Shop, visit: Visit) -> None:
    page = visit("alice", "/settings/crm/pipelines")
    page.get_by_role("button", name="Pipeline", exact=True).click()
    page.locator("dialog[open]").get_by_label("Name").fill("Charter")
    page.locator("dialog[open]").get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Charter")).to_be_visible()
    names = page.locator("tr[data-row] td.strong")
    expect(names).to_have_text(["New", "Won", "Lost"])
    dialog = dialog_of(page, "Stage")
    dialog.get_by_label("Name").fill("Test sail")
    dialog.get_by_label("Probability, %").fill("a lot")
    dialog.get_by_label("Amount", exact=True).check()
    dialog.get_by_label("Checklist, one line each").fill("Boat is clean\nSkipper found")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("whole number from 0 to 100")
    expect(dialog.get_by_label("Amount", exact=True)).to_be_checked()
    assert axe_faults(page) == []
    dialog.get_by_label("Probability, %").fill("60")
    dialog.get_by_role("button", name="Save").click()
    expect(names).to_have_text(["New", "Test sail", "Won", "Lost"])
    expect(page.locator("tr[data-row]").nth(1)).to_contain_text("Amount, Boat is clean, Skipper found")

    with page.expect_response("**/order"):
        page.get_by_role("button", name="Move Test sail").press("ArrowUp")
    expect(names).to_have_text(["Test sail", "New", "Won", "Lost"])
    expect(page.locator("#order-says")).to_have_text("Place 1 of 4")
    with page.expect_response("**/order"):
        page.get_by_role("button", name="Move Lost").drag_to(page.get_by_role("button", name="Move Won"))
    page.reload()
    expect(names).to_have_text(["Test sail", "New", "Lost", "Won"])
    archive_a_stage_with_deals(shop, page)


def archive_a_stage_with_deals(shop: Shop, page: Page) -> None:
    """It asks where they go."""
    with shop.installation.connection() as conn:
        conn.execute(
            "insert into deal (name, pipeline, stage, state, created_by) select 'Regatta', p.id, s.id, 'open', 'test'"
            " from pipeline p join stage s on s.pipeline = p.id where p.name = 'Charter' and s.name = 'New'"
        )
    page.reload()
    dialog = dialog_of(page, "Archive New")
    expect(dialog).to_contain_text("1 deal stands in this stage")
    assert axe_faults(page) == []
    dialog.get_by_label("Its deals go to").select_option("Lost")
    dialog.get_by_role("button", name="Archive").click()
    expect(dialog.get_by_role("alert")).to_contain_text("it needs: lost_reason")
    dialog.get_by_label("Its deals go to").select_option("Won")
    dialog.get_by_role("button", name="Archive").click()
    expect(page.get_by_role("button", name="Edit New")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tr[data-row]").filter(has_text="New").locator("[data-title=Deals]")).to_have_text("1")


def test_a_rate_is_set_and_removed(shop: Shop, visit: Visit) -> None:
    page = visit("alice", "/settings/crm/rates")
    page.get_by_label("Currency").fill("nok")
    page.get_by_label("Rate", exact=True).fill("0.0859")
    page.get_by_role("button", name="Set rate").click()
    expect(page.get_by_label("Rate of NOK", exact=True)).to_have_value("0.0859")
    page.get_by_role("button", name="Remove the rate of NOK").click()
    expect(page.get_by_label("Rate of NOK", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Rate of NOK", exact=True)).to_have_value("0.0859")
