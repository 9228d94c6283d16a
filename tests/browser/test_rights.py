"""Sales teams and rights in a browser: whole with good and awful data, and what they do without a mouse's help."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop
from tests.browser.test_pages import look_closely

AWFUL = "<b>Übergrößenträgerinnenverkaufsabteilungsleitung & Söhne, Niederlassung Süd-Südwest</b> " + "x" * 12
TREE = (("World", None), ("Europe", "World"), ("Germany", "Europe"), (AWFUL, "Germany"), ("America", "World"))


@pytest.fixture(scope="module")
def tree(shop: Shop) -> Shop:
    """Teams, one of an awful name; Bob in three of them; a deal of Alice's."""
    number: dict[str | None, int | None] = {None: None}
    with shop.installation.connection() as conn:
        for name, above in TREE:
            statement = "insert into sales_team (name, parent) values (%s, %s) returning id"
            (number[name],) = conn.execute(statement, [name, number[above]]).fetchone() or (None,)
        conn.execute("insert into sales_team (name, archived_at) values ('Moon', now())")
        conn.execute(
            'insert into sales_team_member (team, "user") select t.id, u.id from sales_team t, accounts_user u'
            " where t.name in ('Europe', 'Germany') and u.username in ('alice', 'bob', 'keeper')"
        )
        conn.execute(
            "insert into deal (name, pipeline, stage, state, owner, created_by) select 'Tents', s.pipeline, s.id,"
            " 'open', u.id, 'user:alice' from stage s, accounts_user u where s.place = 1 and u.username = 'alice'"
        )
    return shop


PAGES = ("settings/crm/teams", "settings/crm/permissions", "settings/crm/permissions/deal?role=viewer", "deals/1")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_rights_is_whole(path: str, tree: Shop, visit: Callable[..., Page]) -> None:
    page = visit("alice", f"/{path}")
    page.wait_for_load_state("networkidle")
    look_closely(page)


def test_a_right_is_changed_and_put_back(tree: Shop, visit: Callable[..., Page]) -> None:
    page = visit("alice", "/settings/crm/permissions?role=sales")
    page.get_by_label("Deals: See", exact=True).select_option("own")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Deals: See", exact=True)).to_have_value("own")
    expect(page.get_by_text("1 right changed.")).to_be_visible()
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="As usual").click()
    expect(page.get_by_label("Deals: See", exact=True)).to_have_value("team")


def test_a_deal_is_shared_on_its_page(tree: Shop, visit: Callable[..., Page]) -> None:
    page = visit("alice", "/deals/1")
    page.get_by_label("Share with").select_option("user:bob")
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_role("button", name="Stop sharing with bob")).to_be_visible()
    page.get_by_role("button", name="Stop sharing with bob").click()
    expect(page.get_by_text("Nobody else")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Stop sharing with bob")).to_be_visible()


def test_a_team_is_moved_archived_and_back(tree: Shop, visit: Callable[..., Page]) -> None:
    page = visit("alice", "/settings/crm/teams")
    page.get_by_role("button", name="Edit America").click()
    page.locator("dialog[open]").get_by_role("button", name="Archive").click()
    expect(page.get_by_role("button", name="Edit America")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Edit America")).to_be_visible()
