"""Pages of what rules are made with: computed traits and uploaded lists. And the panel of a person's page."""

import json
import re
from collections.abc import Callable
from functools import reduce
from typing import Any, Final

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from onefold.audiences import actions, shown
from onefold.audiences.rules import Computed
from onefold.filters import api as f
from tests.web.audiences import Audiences, audiences, one, said
from tests.web.conftest import track
from tests.web.reading import page, person

__all__ = ["audiences"]


PATTERN: Final[dict[str, Any]] = {"type": "regex", "field": "sku", "pattern": "(unclosed"}
NARROW: Final[dict[str, Any]] = reduce(lambda inner, _: {"type": "all", "of": [inner]}, range(9), PATTERN)


def asked(**more: Any) -> str:
    """An event as the form's page sends it."""
    return json.dumps({"name": "Bought", **more})


class TestComputed:
    """Computed traits."""

    def test_one_is_made_by_the_form(self, alice: Client, audiences: Audiences) -> None:
        dear = {"type": "number", "field": "total", "op": "gt", "value": 100}
        gift = {"type": "flag", "field": "is_gift", "value": True}
        html = said(
            alice, "/audiences/computed", name="big_orders", measure="sum", prop="total", window="last", n="90",
            unit="days", event=asked(where={"type": "all", "of": [dear, {"type": "none", "of": [gift] * 4}]}),
        )  # fmt: skip
        assert "sum of total over &#x27;Bought&#x27; (where " in html
        (made,) = shown.list_computed(audiences.conn)
        where = f.AllOf((f.Number("total", "gt", 100), f.NoneOf((f.Flag("is_gift", True),) * 4)))
        assert made.definition == Computed(
            f.EventMatch("Bought", where=where), "sum", "total", "number", f.Window(last=f.Span(90))
        )

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"event": ""}, "Say which event."),
            ({"event": "{"}, "The event can&#x27;t be read: "),
            ({"event": asked(where={"type": "number"})}, "missing required field"),
            ({"event": asked(where=NARROW)}, "groups are nested deeper than 8"),
            ({"event": asked(where=PATTERN)}, "event.where: The pattern"),
            ({"measure": "sum", "prop": ""}, "Say which property of the event."),
            ({"window": "last", "n": ""}, "Say how long."),
            ({"window": "since", "since": ""}, "Say since which day."),
            ({"name": "a:b"}, "without a colon"),
        ],
    )
    def test_what_is_missing_is_said(
        self, given: dict[str, str], words: str, alice: Client, audiences: Audiences
    ) -> None:
        good = {"name": "n", "measure": "count", "event": asked(), "window": "ever"}
        response = alice.post("/audiences/computed", {**good, **given})
        assert response.status_code == 400
        assert words in response.content.decode()
        assert shown.list_computed(audiences.conn) == []

    def test_one_that_an_audience_asks_for_stays(self, alice: Client, audiences: Audiences) -> None:
        computed = Computed(f.EventMatch("Bought"), "count")
        actions.create_computed(audiences.conn, "orders", computed, acting_user="test")
        number = audiences.make("Many", f.Number("computed:orders", "gt", 3), starts=True)
        response = alice.post("/audiences/computed/remove", {"name": "orders"})
        assert response.status_code == 409
        assert f'href="/audiences/{number}"><bdi>Many</bdi></a>' in response.content.decode()
        actions.trash_audience(audiences.conn, number, acting_user="test")
        assert "orders is removed." in said(alice, "/audiences/computed/remove", name="orders")

    def test_a_person_shows_theirs(self, bob: Client, audiences: Audiences) -> None:
        audiences.shop.send(track("m-1", "1", properties={"total": 1250.5}))
        computed = Computed(f.EventMatch("Bought"), "sum", "total")
        actions.create_computed(audiences.conn, "spent", computed, acting_user="test")
        audiences.make("Pro", starts=True)
        audiences.fill()
        panel = page(bob, person("1").replace("/people/", "/audiences/of/"))
        assert ">Pro</a>" in panel
        assert "spent" in panel
        assert "1,250.5" in panel
        assert f'hx-get="/audiences/of/{person("1").removeprefix("/people/")}"' in page(bob, person("1"))
        assert bob.get("/audiences/of/nobody").status_code == 404


class TestLists:
    """Uploaded lists."""

    @pytest.fixture
    def upload(self, alice: Client) -> Callable[..., Any]:
        """Sends a file."""

        def send(content: str | bytes, path: str = "/audiences/lists", **given: str) -> Any:
            raw = content.encode() if isinstance(content, str) else content
            file = SimpleUploadedFile("list.csv", raw, "text/csv")
            return alice.post(path, {"name": "Guests", "namespace": "email", "file": file, **given})

        return send

    def test_a_preview_tells_what_is_found(self, upload: Any, audiences: Audiences) -> None:
        content = "name;email\nA;ADA@example.com\nB;new@example.com\nC;new@example.com\nD;no address\n;\n"
        html = upload(content, "/audiences/lists/preview").content.decode()
        counts = re.findall(r"<dt>([^<]+)</dt><dd[^>]*>(\d+)</dd>", html)
        assert counts == [
            ("People found", "1"), ("Identifiers of theirs", "1"), ("Not known yet", "1"), ("Repeated", "1"),
            ("Left out", "1"),
        ]  # fmt: skip
        assert '<option value="1" selected>2: email</option>' in html
        assert "Line 5:" in html
        assert shown.list_lists(audiences.conn) == []

    def test_a_list_is_kept(self, upload: Any, alice: Client, audiences: Audiences) -> None:
        assert upload("ada@example.com\nnew@example.com").status_code == 302
        (made,) = shown.list_lists(audiences.conn)
        assert (made.name, made.identifiers, made.people) == ("Guests", 2, 1)
        assert "Guests" in page(alice, "/audiences/lists")

    @pytest.mark.parametrize(
        ("content", "given", "words"),
        [
            (b"", {}, "The submitted file is empty"),
            ("not an address", {}, "No value of this column"),
            ("ada@example.com", {"namespace": "shoe_size"}, "There is no namespace"),
            ("ada@example.com", {"name": ""}, "A list needs a name"),
            (b"PK\x03\x04\0\0", {}, "This is no text file"),
        ],
    )
    def test_what_is_wrong_is_said(
        self, content: Any, given: dict[str, str], words: str, upload: Any, audiences: Audiences
    ) -> None:
        response = upload(content, **given)
        assert response.status_code == 400
        assert words in response.content.decode() or words == "The submitted file is empty"
        assert shown.list_lists(audiences.conn) == []

    def test_one_that_an_audience_asks_for_stays(self, upload: Any, alice: Client, audiences: Audiences) -> None:
        upload("ada@example.com")
        (made,) = shown.list_lists(audiences.conn)
        number = audiences.make("Guests of ours", f.Listed(made.id), starts=True)
        response = alice.post(f"/audiences/lists/{made.id}/remove")
        assert response.status_code == 409
        assert f'href="/audiences/{number}"><bdi>Guests of ours</bdi></a>' in response.content.decode()
        actions.trash_audience(audiences.conn, number, acting_user="test")
        draft = audiences.make("Others", f.NoneOf((f.Listed(made.id),)))  # rules in force may refer to it
        assert alice.post(f"/audiences/lists/{made.id}/remove").status_code == 409
        actions.trash_audience(audiences.conn, draft, acting_user="test")
        assert "No lists yet." in said(alice, f"/audiences/lists/{made.id}/remove")


def test_days_since_need_no_time(alice: Client, audiences: Audiences) -> None:
    """The page hides which time counts, and sends none."""
    given = {"name": "quiet_for", "measure": "days_since", "event": json.dumps({"name": "Product Viewed"})}
    assert alice.post("/audiences/computed", given).status_code == 302
    assert one(audiences.conn, "select name from computed_trait") == "quiet_for"
    refused = alice.post("/audiences/computed", given | {"name": "views", "measure": "count"})
    assert refused.status_code == 400
    assert "Say which time counts." in refused.content.decode()
