"""Pages of companies: list, record, edits, two editors, families, duplicates, rights, awful data."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from onefold.accounts.api import Role
from onefold.crm.company_fields import digest_of
from onefold.crm.viewer import Viewer
from onefold.filters.api import Number, Present, in_all, to_json
from onefold.kernel.hashing import identifier_hash
from onefold.profiles.api import find_company, new_company, to_text
from tests.crm.conftest import new
from tests.web.conftest import Shop

MIA = "user:mia"
AWFUL = ("\u202e<script>alert(1)</script>", "x" * 10_000, "شركة النخيل", "' or 1=1 --", "   ", "%s {{ 7 }}")


def page(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.content[:500]
    return unescape(answer.content.decode())


def traits(shop: Shop, key: str, space: str = "") -> str:
    found = find_company(shop.conn, space, key)
    assert found is not None
    return found.traits


def group(key: str, user: str = "9", **said: Any) -> dict[str, Any]:
    return {"type": "group", "userId": user, "groupId": key, "traits": said}


def edit(client: Client, key: str, name: str, value: str, seen: Any = None) -> str:
    sent = {"company": f":{key}", "name": name, "value": value, "seen": digest_of(seen)}
    answer = client.post("/companies/field", sent, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.content[:500]
    return unescape(answer.content.decode())


class TestList:
    """Without a processor: the companies come from a source."""

    def test_columns_show_what_is_known(
        self, shop: Shop, team: dict[str, Viewer], browser_of: Callable[..., Client]
    ) -> None:
        shop.send(group("acme", "1", name="Acme", domain="acme.example", industry="Tents", employees=1200, city="Oslo"))
        shop.send(group("acme", "2"), group("bolt", "2", name="Bolt", owner="rob"))
        new(shop.conn, "deal", team["rob"], name="Tents", amount="500", company=":acme")
        new(shop.conn, "deal", team["sue"], name="Boats", amount="100", company=":acme")
        html = page(browser_of("ann"), "/companies")
        row = re.search(r"<tr data-row(?:(?!</tr>).)*Acme.*?</tr>", html, re.DOTALL)
        assert row
        for text in ("acme.example", "Tents", "1,200", "Oslo", "2 · €600", ">2<"):
            assert text in row[0], text
        assert "rob" in html

    def test_it_is_searched_filtered_and_sorted(self, shop: Shop, browser_of: Callable[..., Client]) -> None:
        ann = browser_of("ann")
        shop.send(*(group(f"k{n}", name=name, employees=n) for n, name in enumerate(("Bolt", "ácme", "Zeta"))))

        def found(path: str) -> list[str]:
            return re.findall(r'dir="auto">([^<]+)</a>', page(ann, path))

        assert found("/companies?sort=name") == ["ácme", "Bolt", "Zeta"]
        assert found("/companies?sort=-name") == ["Zeta", "Bolt", "ácme"]
        assert found("/companies?q=OL") == ["Bolt"]
        assert found("/companies?q=k2") == ["Zeta"]
        tree = to_json(in_all(Number("trait:employees", "ge", 1)))
        assert found(f"/companies?sort=name&filter={quote(tree)}") == ["ácme", "Zeta"]
        tree = to_json(in_all(Present("open_deals", False)))
        assert len(found(f"/companies?filter={quote(tree)}")) == 3
        assert ann.get("/companies?sort=trait:employees").status_code == 400
        assert found("/companies?q=%25") == []
        assert "No companies match." in page(ann, "/companies?q=%25")

    @pytest.mark.parametrize("sort", ["name", "-name", "last_seen", "-last_seen"])
    def test_pages_hold_everything_once(self, sort: str, shop: Shop, browser_of: Callable[..., Client]) -> None:
        ann = browser_of("ann")
        shop.send(*(group(f"g{n:03}", name=f"Firm {n % 40}") for n in range(120)))
        path, found = f"/companies?sort={sort}", list[str]()
        for _page in range(5):
            html = page(ann, path)
            found += re.findall(r'href="(/companies/:g\d+)"', html)
            following = re.search(r'rel="next" href="([^"]+)"', html)
            if not following:
                break
            path = following[1]
        assert len(found) == len(set(found)) == 120

    def test_filters_and_columns_offer_traits(self, shop: Shop, browser_of: Callable[..., Client]) -> None:
        ann = browser_of("ann")
        shop.send(group("a", name="A", colour="red"), group("b", name="B", colour="red"))
        assert "colour" in page(ann, "/companies/filter")
        assert "red" in page(ann, "/companies/filter/form?field=trait:colour")
        assert "Open deals" in page(ann, "/companies/columns")
        assert "colour" in page(ann, "/companies/filter/fields")

    def test_the_palette_finds_companies(self, shop: Shop, browser_of: Callable[..., Client]) -> None:
        shop.send(group("acme", name="Acme Tents"))
        assert "/companies/:acme" in page(browser_of("ann"), "/jump?q=tents")


class TestLooking:
    """Whoever may only look."""

    def test_a_viewer_looks_and_edits_nothing(self, shop: Shop, browser_of: Callable[..., Client]) -> None:
        vic = browser_of("vic", Role.VIEWER)
        shop.send(group("acme", "1", name="Acme", size=8))
        html = page(vic, "/companies/:acme")
        assert "Acme" in html
        assert "/companies/field/edit" not in html
        assert "/companies/new" not in page(vic, "/companies")
        before = traits(shop, "acme")
        for path in ("/companies/field", "/companies/new", "/companies/people/put", "/companies/people/take-out"):
            assert vic.post(path, {"company": ":acme", "name": "size", "value": "9"}).status_code == 403
        assert vic.get("/companies/field/edit?company=:acme&name=size").status_code == 403
        assert traits(shop, "acme") == before

    def test_awful_companies_are_shown(self, shop: Shop, browser_of: Callable[..., Client]) -> None:
        ann = browser_of("ann")
        for n, text in enumerate(AWFUL):
            said = {
                name: text for name in ("name", "domain", "website", "owner", "parent", "lifecycle_stage", text[:50])
            }
            shop.send(group(f"a{n}", **said, employees=text, industry=[text, {"a": None}]))
        shop.send(group("/a:b/<i>?", name="Slash", parent={"x": 1}, domain=7, website="javascript:alert(1)"))
        for path in ("/companies", "/companies?sort=name", f"/companies?q={quote(AWFUL[0])}"):
            assert "<script>alert(1)" not in ann.get(path).content.decode()
        for n in range(len(AWFUL)):
            raw = ann.get(f"/companies/:a{n}").content.decode()
            assert "<script>alert(1)" not in raw
        html = page(ann, f"/companies/:{quote('/a:b/<i>?')}")
        assert 'href="javascript' not in html
        assert ann.get("/companies/nobody").status_code == 404
        assert ann.get("/companies/field?company=:a0&name=%00").status_code in {200, 404}


@pytest.mark.usefixtures("processor")
class TestEditing:
    """A processor runs."""

    @pytest.fixture
    def mia(self, browser_of: Callable[..., Client]) -> Client:
        return browser_of("mia")

    def test_a_form_sent_without_scripts_is_saved_and_leads_to_the_company(self, shop: Shop, mia: Client) -> None:
        shop.send(group("acme", name="Acme"))
        form = page(mia, "/companies/field/edit?company=:acme&name=industry")
        assert 'method="post" action="/companies/field"' in form
        sent = {"company": ":acme", "name": "industry", "value": "Tents", "seen": digest_of(None)}
        answer = mia.post("/companies/field", sent)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/companies/:acme")
        assert '"industry": "Tents"' in traits(shop, "acme")

    def test_a_field_is_edited_explained_and_undone(self, shop: Shop, mia: Client) -> None:
        shop.send(group("acme", name="Acme", industry="Boats"))
        form = page(mia, "/companies/field/edit?company=:acme&name=industry")
        assert 'value="Boats"' in form
        assert digest_of("Boats") in form
        html = edit(mia, "acme", "industry", " Tents ", "Boats")
        assert "Tents" in html
        assert '"industry": "Tents"' in traits(shop, "acme")
        why = page(mia, "/companies/why?company=:acme&name=industry")
        assert "Edited by mia" in why
        assert "Boats" in why
        record = page(mia, "/companies/:acme?only=changes")
        assert "<s" in record
        assert "Tents" in record
        event = shop.conn.execute("select id from event where source_id = 1 and kind = 5").fetchone()
        assert event
        assert mia.post(f"/companies/corrections/{event[0]}/undo").status_code == 302
        assert '"industry": "Boats"' in traits(shop, "acme")

    @pytest.mark.parametrize(
        ("name", "typed", "kept"),
        [
            ("domain", "https://www.Acme.Example/x", '"acme.example"'),
            ("employees", "1 200", "1200"),
            ("website", "acme.example", '"https://acme.example"'),
            ("lifecycle_stage", "customer", '"customer"'),
            ("colour", AWFUL[0], AWFUL[0]),
        ],
    )
    def test_what_is_typed_is_kept_as_its_kind(self, name: str, typed: str, kept: str, shop: Shop, mia: Client) -> None:
        shop.send(group("acme", name="Acme"))
        edit(mia, "acme", name, typed)
        assert kept in traits(shop, "acme")

    @pytest.mark.parametrize(
        ("name", "typed", "said"),
        [
            ("domain", "acme", "example.com"),
            ("employees", "many", "no number"),
            ("website", "javascript:alert(1)", "http"),
            ("lifecycle_stage", "x", "none of"),
            ("parent", ":nobody", "no such company"),
            ("parent", ":acme", "own parent"),
            ("colour", "x" * 9_000, "8000"),
        ],
    )
    def test_what_cannot_be_is_refused(self, name: str, typed: str, said: str, shop: Shop, mia: Client) -> None:
        shop.send(group("acme", name="Acme"))
        before = traits(shop, "acme")
        assert said in edit(mia, "acme", name, typed)
        assert traits(shop, "acme") == before

    def test_of_two_editors_the_second_is_told(
        self, shop: Shop, mia: Client, browser_of: Callable[..., Client]
    ) -> None:
        rob = browser_of("rob")
        shop.send(group("acme", name="Acme", city="Oslo"))
        edit(mia, "acme", "city", "Bergen", "Oslo")
        html = edit(rob, "acme", "city", "Tromsø", "Oslo")
        assert "mia has changed this" in html
        assert "Bergen" in html
        assert 'value="Tromsø"' in html
        assert '"city": "Bergen"' in traits(shop, "acme")
        edit(rob, "acme", "city", "Tromsø", "Bergen")
        assert '"city": "Tromsø"' in traits(shop, "acme")

    def test_families_have_no_circles(self, shop: Shop, mia: Client) -> None:
        shop.send(*(group(key, name=key.title()) for key in ("top", "mid", "low")))
        assert "Top" in edit(mia, "mid", "parent", ":top")
        edit(mia, "low", "parent", ":mid")
        html = edit(mia, "top", "parent", ":low")
        assert "Low is below Top already: Low → Mid → Top" in html
        assert "parent" not in traits(shop, "top")
        html = page(mia, "/companies/:mid")
        assert 'href="/companies/:low"' in html
        assert 'href="/companies/:top"' in html

    def test_a_company_is_added_once_and_duplicates_are_shown(self, shop: Shop, mia: Client) -> None:
        shop.send(group("acme", name="Fjordland Resorts", domain="fjordland.example"))
        for given in ({"name": "Other", "domain": "www.fjordland.example"}, {"name": "Fjordland Resort AS"}):
            html = unescape(mia.post("/companies/new", given).content.decode())
            assert 'href="/companies/:acme"' in html
            assert 'name="sure"' in html
        once = "00000000-0000-4000-8000-00000000000a"
        given = {"name": "Fjordland Resort", "sure": "1", "once": once, "employees": "5", "owner": "mia"}
        for _time in range(2):
            assert mia.post("/companies/new", given).headers["Location"] == f"/companies/:{once}"
        assert '"employees": 5' in traits(shop, once)
        assert shop.conn.execute("select count(*) from company").fetchone() == (2,)
        assert "needs a name" in unescape(mia.post("/companies/new", {"name": " "}).content.decode())
        assert "example.com" in unescape(mia.post("/companies/new", {"name": "A", "domain": "x"}).content.decode())

    def test_people_are_put_in_and_taken_out(self, shop: Shop, mia: Client) -> None:
        space, key = new_company(shop.conn, traits={"name": "Acme"}, acting_user=MIA)
        shop.identify("1", name="Ada", email="ada@acme.example")
        person = to_text(identifier_hash("user_id", "1"))
        sent = {"company": f"{space}:{key}", "person": person}
        assert mia.post("/companies/people/put", sent).status_code == 302
        html = page(mia, f"/companies/:{key}")
        assert "Ada" in html
        assert "Primary" in html
        mia.post("/companies/people/take-out", sent)
        assert "Ada" not in page(mia, f"/companies/:{key}")
        shop.send(group(key, "1"))
        html = unescape(
            mia.post("/companies/people/take-out", sent | {"company": f":{key}"}, follow=True).content.decode()
        )
        assert "belongs to it" in html
        assert mia.post("/companies/people/put", sent | {"person": "nobody"}).status_code == 404

    def test_what_we_did_stands_in_its_timeline(self, shop: Shop, team: dict[str, Viewer]) -> None:
        from onefold.accounts.models import User
        from tests.web.conftest import signed_in

        mia = signed_in(User.objects.get(username="mia"))
        shop.send(group("acme", name="Acme"))
        new(
            shop.conn,
            "activity",
            team["mia"],
            kind="note",
            body="They want tents",
            at="2026-11-01T10:00",
            company=":acme",
        )
        new(shop.conn, "task", team["mia"], name="Call Acme", company=":acme")
        html = page(mia, "/companies/:acme")
        assert "They want tents" in html
        assert "Call Acme" in html
        assert "They want tents" not in page(mia, "/companies/:acme?only=tasks")


def test_an_edit_that_waits_is_shown_as_pending(shop: Shop, browser_of: Callable[..., Client]) -> None:
    mia = browser_of("mia")
    shop.send(group("acme", name="Acme"))
    html = edit(mia, "acme", "city", "Oslo")
    assert "Pending" in html
    assert "Oslo" in html
    poll = re.search(r'hx-get="(/companies/field\?[^"]+)"', html)
    assert poll
    assert mia.get(poll[1]).status_code == 204
    assert "city" not in traits(shop, "acme")
