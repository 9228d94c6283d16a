"""A list of boats has all that the list of people has, and none of it is about people."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.urls import get_resolver

from tests.web.conftest import Shop
from tests.web.reading import found, page

BOATS = "/harbours/rostock/boats"
SLOOPS = {"type": "text", "field": "rig", "op": "is", "values": ["sl"]}


def filtered(*conditions: dict[str, Any], **more: str) -> str:
    tree = {"v": 1, "where": {"type": "all", "of": list(conditions)}}
    return f"{BOATS}?" + urlencode({"filter": json.dumps(tree), **more})


def titles(html: str) -> list[str]:
    return re.findall(r'data-peeks="\w+">([^<]*)</a>', html)


def tabs(client: Client, path: str = BOATS) -> list[str]:
    return [unescape(name) for name in re.findall(r"view=\d+[^>]*><span>([^<]*)</span>", page(client, path))]


def view_of(location: str) -> str:
    return parse_qs(urlsplit(location).query)["view"][0]


class TestAddress:
    """What stands in it, and what is left out."""

    def test_a_list_as_it_comes(self, alice: Client) -> None:
        html = page(alice, BOATS)
        assert titles(html) == ["Anna", "Bertha", "Clara"]
        assert f'data-base="{BOATS}"' in html
        assert "Save view" not in html
        assert '<span class="t3 num" id="count">3</span>' in html

    def test_flags_of_a_kind_stay(self, alice: Client) -> None:
        html = page(alice, f"{BOATS}?afloat=yes&q=x")
        assert titles(html) == ["Anna", "Clara"]
        assert '<input type="hidden" name="afloat" value="yes">' in html
        assert f'data-base="{BOATS}?q=x&amp;afloat=yes"' in html
        assert "afloat" not in found(r'data-base="([^"]+)"', page(alice, f"{BOATS}?afloat=no"))

    def test_the_usual_order_is_the_kinds(self, alice: Client) -> None:
        def sort_of(title: str, html: str) -> str:
            return found(rf'<th[^>]*><a href="([^"]+)"[^>]*>{title}', html)

        html = page(alice, BOATS)
        assert sort_of("Title", html) == f"{BOATS}?sort=-title"
        assert sort_of("Title", page(alice, f"{BOATS}?sort=-title")) == BOATS
        url = sort_of("Rig", html)
        seen = []
        for _ in range(3):
            html = page(alice, url)
            seen.append((urlsplit(url).query, titles(html)[0]))
            url = sort_of("Rig", html)
        assert seen == [("sort=rig", "Clara"), ("sort=-rig", "Anna"), ("", "Anna")]

    def test_columns_of_ones_choice_begin_with_the_title(self, alice: Client) -> None:
        sent = {"show": ["is_afloat", "name", "built"], "col": "built~90"}
        location = alice.get(f"{BOATS}/columns", sent)["Location"]
        html = page(alice, location)
        assert re.findall(r'data-column="([^"]+)"', html) == ["title", "is_afloat", "built"]
        assert 'data-width="90" data-column="built" class="n fold"' in html
        form = page(alice, f"{BOATS}/columns?{urlsplit(location).query}")
        assert '<input type="hidden" name="show" value="title">' in form
        assert re.findall(r'name="show" value="(\w+)"( checked)?>', form)[1:] == [
            ("is_afloat", " checked"), ("built", " checked"), ("rig", ""),
        ]  # fmt: skip

    def test_another_page_is_gone_to_from_htmx_too(self, alice: Client) -> None:
        assert alice.get(f"{BOATS}?q=away")["Location"] == "/away"
        assert alice.get(f"{BOATS}?q=away", headers={"HX-Request": "true"})["HX-Redirect"] == "/away"

    def test_what_stands_in_cells(self, alice: Client) -> None:
        html = page(alice, f"{BOATS}?col=title&col=rig&col=is_afloat")
        assert '<td class="t2"><a href="/rigs/ke">ke</a></td>' in html
        assert re.findall(r'<td class="fold t2">(\w+)</td>', html) == ["Yes", "No", "Yes"]
        assert 'title="Takes a while"' in page(alice, BOATS)


class TestFilters:
    """Fields, their groups, and options."""

    def test_the_popover_offers_fields_by_group(self, alice: Client) -> None:
        html = page(alice, f"{BOATS}/filter?afloat=yes")
        assert re.findall(r'class="cap">([^<]+)<|name="field" value="(\w+)"', html) == [
            ("Of the boat", ""), ("", "title"), ("", "rig"), ("", "built"), ("Today", ""), ("", "is_afloat"),
        ]  # fmt: skip
        assert f'hx-get="{BOATS}/filter/form?afloat=yes"' in html
        assert 'data-other="sail:"' in html
        assert "Another sail:" in html

    def test_options_are_ticked_and_nothing_else_is_typed(self, alice: Client) -> None:
        form = page(alice, f"{BOATS}/filter/form?field=rig")
        ticked = r'type="checkbox" name="value" value="(\w+)"( checked)?><span class="cut">([^<]+)<'
        assert re.findall(ticked, form) == [("sl", "", "Sloop"), ("ke", "", "Ketch"), ("3", "", "Three masts")]
        texts = found(r'data-takes-of="texts">(.*?)</div>\s*<div data-takes-of="text">', form.replace("\n", ""))
        assert "placeholder" not in texts
        assert re.findall(r'<option value="([^"]+)"', form) == [
            "text.is", "text.is_not", "present.true", "present.false",
        ]  # fmt: skip
        sent = {"field": "rig", "op": "text.is", "value": ["sl", "3", ""]}
        location = alice.get(f"{BOATS}/filter/apply", sent)["Location"]
        html = page(alice, location)
        assert titles(html) == ["Anna", "Clara"]
        assert re.search(r"<i>Rig</i> is <b>Sloop, Three masts</b>", html)
        again = page(alice, f"{BOATS}/filter/form?place=0&{urlsplit(location).query}")
        assert re.findall(ticked, again) == [
            ("sl", " checked", "Sloop"), ("ke", "", "Ketch"), ("3", " checked", "Three masts"),
        ]  # fmt: skip

    def test_an_option_that_is_gone_can_be_taken_out(self, alice: Client) -> None:
        query = urlsplit(filtered({**SLOOPS, "values": ["sl", "yawl"]})).query
        assert "<b>Sloop, yawl</b>" in page(alice, f"{BOATS}?{query}")
        form = page(alice, f"{BOATS}/filter/form?place=0&{query}")
        assert 'name="value" value="yawl" checked><span class="cut">yawl<' in form

    def test_digits_among_options_are_said_once(self, alice: Client) -> None:
        """The form asks a list for 3 and "3"; a reader chose one option."""
        query = urlsplit(filtered({"type": "list", "field": "rig", "op": "has", "values": ["3", 3.0]})).query
        form = page(alice, f"{BOATS}/filter/form?place=0&{query}")
        assert re.findall(r'value="([^"]+)" checked', form) == ["3"]

    def test_the_dialog_of_groups_knows_options_and_every_field_of_the_filter(self, alice: Client) -> None:
        query = urlsplit(filtered({"type": "any", "of": [{"type": "present", "field": "sail:fock"}]})).query
        fields = {one["field"]: one for one in alice.get(f"{BOATS}/filter/fields?{query}").json()["fields"]}
        assert list(fields) == ["title", "rig", "built", "is_afloat", "sail:fock"]
        assert fields["rig"]["options"] == [["sl", "Sloop"], ["ke", "Ketch"], ["3", "Three masts"]]
        assert fields["title"]["options"] is None
        assert fields["is_afloat"]["operators"][0] == ["flag.true", "is true", "nothing"]
        html = page(alice, BOATS)
        assert 'data-match="Boats match when"' in html
        assert f'data-path="{BOATS}"' in html

    def test_what_there_is_not_is_told_by_the_list(self, alice: Client) -> None:
        assert '<select name="op"' in page(alice, f"{BOATS}/filter/form?field=sail:fock")
        assert alice.get(filtered({"type": "present", "field": "sail:fock"})).status_code == 400
        assert "Give a value" in page(alice, f"{BOATS}/filter/apply?field=rig&op=text.is")


class TestViews:
    """Kept apart from those of other lists."""

    def save(self, client: Client, name: str, at: str = BOATS, **more: str) -> str:
        sent = {"address": urlsplit(filtered(SLOOPS)).query, "name": name, **more}
        return str(client.post(f"{at}/views", sent)["Location"])

    def test_a_view_belongs_to_its_list_alone(self, alice: Client, shop: Shop) -> None:
        view = view_of(self.save(alice, "Sloops", shared="yes"))
        self.save(alice, "Everywhere", at="/people")
        assert tabs(alice) == ["Sloops"]
        assert tabs(alice, "/harbours/tulcea/boats") == []
        assert tabs(alice, "/people") == ["Everywhere"]
        for act in ("delete", "rename", "move", "replace", "restore"):
            for other in ("/people", "/harbours/tulcea/boats"):
                assert alice.post(f"{other}/views/{view}/{act}", {"name": "Stolen"}).status_code == 404, (other, act)
        assert tabs(alice) == ["Sloops"]
        kept = shop.conn.execute("select object, name from saved_view order by id").fetchall()
        assert kept == [("boat:rostock", "Sloops"), ("people", "Everywhere")]

    def test_what_is_done_with_views(self, alice: Client) -> None:
        location = self.save(alice, "Sloops")
        assert titles(page(alice, location)) == ["Anna"]
        view = view_of(location)
        assert alice.post(f"{BOATS}/views/{view}/rename", {"name": "Yachts"})["Location"].startswith(f"{BOATS}?")
        alice.post(f"{BOATS}/views/{view}/replace", {"address": "afloat=yes"})
        assert f'href="{BOATS}?afloat=yes&amp;view={view}"' in page(alice, BOATS)
        self.save(alice, "Last")
        alice.post(f"{BOATS}/views/{view}/move", {"by": "1"})
        assert tabs(alice) == ["Last", "Yachts"]
        html = alice.post(f"{BOATS}/views/{view}/delete", follow=True).content.decode()
        assert tabs(alice) == ["Last"]
        alice.post(found(rf'<form method="post" action="({BOATS}/views/\d+/restore)">', html))
        assert tabs(alice) == ["Last", "Yachts"]

    def test_the_dialogs_speak_of_boats(self, alice: Client) -> None:
        html = page(alice, filtered(SLOOPS))
        for text in ("All boats", "Search boats", "All captains see it", "Save view"):
            assert text in html
        assert f'action="{BOATS}/views"' in html
        assert '<input type="hidden" name="ids">' in html


class TestDoors:
    """The guard is the slice's."""

    def routes(self) -> list[str]:
        return [
            str(one.pattern) for one in get_resolver().url_patterns if str(one.pattern).startswith("harbours/<slug")
        ]

    def test_the_access_check_stands_before_every_page(self, bob: Client, charlie: Client) -> None:
        assert len(self.routes()) == 12
        for route in self.routes():
            address = "/" + route.replace("<slug:harbour>", "rostock").replace("<int:view_id>", "1")
            for method in ("get", "post"):
                assert getattr(bob, method)(address).status_code == 403, address
                assert getattr(charlie, method)(address)["Location"].startswith("/signin?"), address

    def test_parts_of_an_address_reach_the_slice(self, alice: Client) -> None:
        assert alice.get("/harbours/nowhere/boats/filter").status_code == 404
        assert alice.post("/harbours/nowhere/boats/views/1/delete").status_code == 404

    @pytest.mark.parametrize("ending", ["filter", "filter/fields", "filter/form", "filter/apply", "columns"])
    def test_pages_are_only_looked_at_and_acts_only_sent(self, ending: str, alice: Client) -> None:
        assert alice.post(f"{BOATS}/{ending}").status_code == 405
        assert alice.get(f"{BOATS}/views").status_code == 405


def test_nothing_in_the_slice_is_about_people() -> None:
    root = Path(__file__).parents[2] / "src" / "onefold"
    files = [*(root / "lists").rglob("*.html"), *(root / "lists").glob("*.py"), *(root / "lists").glob("*.sql")]
    files += [
        root / "programs" / "web" / "static" / name
        for name in ("list.css", "js/list.js", "js/filters.js", "js/groups.js")
    ]
    assert len(files) > 20
    said = re.compile(r"\b(people|person|profile|trait)s?\b|last_seen", re.IGNORECASE)
    known = {"`-last_seen`", "trait:", "last_seen"}
    told = {
        f"{path.name}: {line.strip()}"
        for path in files
        for line in path.read_text("utf-8").splitlines()
        if said.search(line) and not any(word in line for word in known)
    }
    assert told == set()
