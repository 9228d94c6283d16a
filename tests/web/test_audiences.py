"""Pages of audiences: the list, one of them, its members, history and versions; computed traits and lists."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from html import unescape

import pytest
from django.test import Client

from onefold.audiences import actions, pages, rest, shown, views
from onefold.audiences.membership import Cause, Kind, writing_moves
from onefold.audiences.rules import Computed
from onefold.audiences.work import Work
from onefold.filters import api as f
from onefold.kernel.hashing import identifier_hash
from onefold.kernel.instants import micros_of
from onefold.profiles.ids import to_text
from tests.web.audiences import ORDERED, PRO, Audiences, audiences, document, one, said
from tests.web.conftest import NOW, days_ago, track
from tests.web.reading import found, names, page, person

__all__ = ["audiences"]


def listed(html: str) -> list[str]:
    """Names in the list of audiences, in its order."""
    return [
        unescape(name) for name in re.findall(r'<a href="/audiences/\d+"[^>]*>([^<]*)</a><span class="second"', html)
    ]


class TestList:
    """All audiences."""

    def test_an_empty_list_leads_to_the_builder(self, alice: Client, bob: Client) -> None:
        assert 'href="/audiences/new"' in page(alice, "/audiences")
        assert "No audiences yet." in page(bob, "/audiences")
        assert 'href="/audiences/new"' not in page(bob, "/audiences")

    def test_search_filters_and_order_stand_in_the_address(self, bob: Client, audiences: Audiences) -> None:
        audiences.make("Pro", starts=True)
        audiences.fill()
        audiences.make("buyers", ORDERED, purpose="advertising", description="Who bought")
        audiences.make("Almost pro")
        assert listed(page(bob, "/audiences")) == ["Almost pro", "buyers", "Pro"]
        assert listed(page(bob, "/audiences?q=PRO")) == ["Almost pro", "Pro"]
        assert listed(page(bob, "/audiences?q=who+bought")) == ["buyers"]
        assert listed(page(bob, "/audiences?state=live")) == ["Pro"]
        assert listed(page(bob, "/audiences?purpose=advertising")) == ["buyers"]
        assert listed(page(bob, "/audiences?sort=-members")) == ["Pro", "buyers", "Almost pro"]
        assert listed(page(bob, "/audiences?sort=-name&state=draft")) == ["buyers", "Almost pro"]
        html = page(bob, "/audiences?q=pro&sort=-members")
        assert 'href="/audiences?q=pro&amp;state=live&amp;sort=-members"' in html
        assert "No audiences match." in page(bob, "/audiences?q=nothing")
        assert listed(page(bob, "/audiences?sort=;drop&state=x&from=x")) == ["Almost pro", "buyers", "Pro"]

    def test_the_list_says_how_many_are_in_entered_and_left(self, bob: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro", starts=True)
        audiences.fill()
        audiences.shop.identify("2", plan="free")
        html = page(bob, "/audiences")
        assert f'<span id="members-{number}">1</span>' in html
        assert "+2" in html
        assert "\N{MINUS SIGN}1" in html
        assert 'class="spark"' in html

    def test_long_lists_have_pages(self, bob: Client, audiences: Audiences, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "ROWS", 2)
        for name in "abc":
            audiences.make(name)
        html = page(bob, "/audiences")
        assert listed(html) == ["a", "b"]
        assert listed(page(bob, found(r'rel="next" href="([^"]+)"', html))) == ["c"]

    def test_removing_can_be_undone(self, alice: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro", starts=True)
        audiences.fill()
        html = said(alice, f"/audiences/{number}/remove", address="sort=-name")
        assert "Pro is removed." in html
        assert f'action="/audiences/{number}/restore"' in html
        assert listed(html) == []
        assert "Bring back" in html
        audiences.fill()
        assert one(audiences.conn, "select count(*) from membership where audience = %s", number) == 0
        assert "It is back, and is filled again." in said(alice, f"/audiences/{number}/restore")
        audiences.fill()
        assert listed(page(alice, "/audiences")) == ["Pro"]
        assert one(audiences.conn, "select state from audience where id = %s", number) == "live"
        assert one(audiences.conn, "select count(*) from membership where audience = %s", number) > 0

    def test_what_was_paused_or_asks_for_what_is_gone_comes_back_as_a_draft(
        self, alice: Client, audiences: Audiences
    ) -> None:
        paused, alone = audiences.make("Paused", starts=True), audiences.make("Alone", starts=True)
        asking = audiences.make("Asking", f.InAudience(alone), starts=True)
        audiences.fill()
        said(alice, f"/audiences/{paused}/pause")
        for number in (paused, asking, alone):
            said(alice, f"/audiences/{number}/remove")
        for number, told in ((paused, "It is back, as a draft."), (asking, f"there is no audience {alone} of people")):
            assert told in said(alice, f"/audiences/{number}/restore")
            assert one(audiences.conn, "select state from audience where id = %s", number) == "draft"

    def test_what_others_ask_for_stays_and_they_are_named(self, alice: Client, audiences: Audiences) -> None:
        pro = audiences.make("Pro")
        other = audiences.make("Pro & bought", f.AllOf((f.InAudience(pro), ORDERED)))
        response = alice.post(f"/audiences/{pro}/remove")
        html = response.content.decode()
        assert response.status_code == 409
        assert "Pro stays" in html
        assert f'<a class="link" href="/audiences/{other}"><bdi>Pro &amp; bought</bdi></a>' in html
        assert listed(html) == ["Pro", "Pro & bought"]

    def test_one_whose_name_is_taken_comes_back_with_a_number(self, alice: Client, audiences: Audiences) -> None:
        for name, taken, back in (("Pro", "PRO", "Pro (2)"), ("x" * 120, "X" * 120, f"{'x' * 116} (2)")):
            number = audiences.make(name)
            said(alice, f"/audiences/{number}/remove")
            audiences.make(taken)
            assert f"It is called {back}: another audience" in said(alice, f"/audiences/{number}/restore")
            assert one(audiences.conn, "select name from audience where id = %s", number) == back
        number = audiences.make("Once more")
        said(alice, f"/audiences/{number}/remove")
        assert "It is back, as a draft." in said(alice, f"/audiences/{number}/restore")

    def test_states_are_asked_for_until_they_are_live(self, bob: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro", starts=True)
        html = page(bob, "/audiences")
        asked = found(r'id="states" hx-get="([^"]+)" hx-trigger="every 3s"', html)
        assert "Filling" in page(bob, asked)
        audiences.fill()
        answer = page(bob, asked)
        assert f'<span id="members-{number}" hx-swap-oob="true">2</span>' in answer
        assert "every 3s" not in answer

    def test_the_jump_box_finds_audiences_by_name(self, bob: Client, audiences: Audiences) -> None:
        number = audiences.make("Everybody who is pro")
        assert f'href="/audiences/{number}"' in page(bob, "/jump?q=IS+PRO")
        assert "/audiences" in page(bob, "/jump?q=audien")


class TestOne:
    """One audience."""

    def test_a_draft_is_started_filled_and_paused(self, alice: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro")
        assert "Nobody is in a draft." in page(alice, f"/audiences/{number}")
        html = said(alice, f"/audiences/{number}/start")
        assert "It is being filled." in html
        asked = found(r'hx-get="([^"]+)" hx-trigger="every 2s"', html)
        assert asked == f"/audiences/{number}/progress"
        assert "every 2s" in page(alice, asked)
        audiences.fill()
        assert alice.get(asked)["HX-Refresh"] == "true"
        html = page(alice, f"/audiences/{number}")
        assert sorted(names(html)) == ["Ada", "Ben"]
        assert "every 2s" not in html
        html = said(alice, f"/audiences/{number}/pause")
        assert "Pro is paused." in html
        assert f'action="/audiences/{number}/start"' in html

    def test_an_open_page_follows_who_moved_last(self, alice: Client, bob: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro", starts=True)
        audiences.fill()
        asked = found(r'hx-get="([^"]+)" hx-trigger="every 1s"', page(alice, f"/audiences/{number}"))
        assert alice.get(asked).status_code == 204  # nothing has happened
        audiences.shop.identify("3", name="Cy", plan="pro", at=NOW)
        html = page(alice, asked)
        assert ">Cy</span>" in html
        assert "Entered," in html
        assert "<dd>3</dd>" in html
        assert alice.get(found(r'hx-get="([^"]+)"', html)).status_code == 204
        said(alice, f"/audiences/{number}/pause")
        assert alice.get(asked)["HX-Refresh"] == "true"
        assert 'hx-trigger="every 1s"' not in page(alice, f"/audiences/{number}")

    def test_the_rule_is_said_in_a_sentence(self, bob: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro", description="Who pays us")
        html = page(bob, f"/audiences/{number}")
        text = re.sub(r"<[^>]+>", "", found(r'(?s)<p class="say">(.*?)</p>', html))
        assert " ".join(text.split()) == "People whose plan is 'pro'. Only those who allow analytics."
        assert "Who pays us" in html
        assert "/edit" not in html

    def test_members_come_in_pages(self, bob: Client, audiences: Audiences, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(views, "ROWS", 1)
        number = audiences.make("Pro", starts=True)
        audiences.fill()
        first = page(bob, f"/audiences/{number}")
        second = page(bob, f"/audiences/{number}" + found(r'rel="next" href="([^"]+)"', first))
        assert sorted(names(first) + names(second)) == ["Ada", "Ben"]
        assert 'rel="next"' not in second

    def test_personal_data_is_masked(self, alice: Client, bob: Client, audiences: Audiences) -> None:
        number = audiences.make("Ada's", f.OneOf("email", "is", ("ada@example.com",)), starts=True)
        audiences.fill()
        assert "ada@example.com" in page(alice, f"/audiences/{number}")
        html = page(bob, f"/audiences/{number}")
        assert "ada@example.com" not in html
        assert "a•••@e•••.com" in html
        for tab in ("history", "versions"):
            assert "ada@example.com" not in page(bob, f"/audiences/{number}/{tab}")

    def test_only_who_may_take_people_out_is_offered_it(self, alice: Client, bob: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro", starts=True)
        audiences.fill()
        assert f"/api/audiences/{number}/export?format=parquet" in page(alice, f"/audiences/{number}")
        assert "/export" not in page(bob, f"/audiences/{number}")
        assert "ada@example.com" in b"".join(alice.get(f"/api/audiences/{number}/export?format=csv")).decode()

    def test_what_went_wrong_is_told_with_the_way_out(self, alice: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro", starts=True)
        assert alice.get(f"/audiences/{number}/progress").status_code == 200
        audiences.conn.execute(
            "update audience set fault = 'The lake is away.', faults = 3, retry_at = now() + interval '80 seconds'"
        )
        assert alice.get(f"/audiences/{number}/progress").headers["HX-Refresh"] == "true"  # to show what is wrong
        html = page(alice, f"/audiences/{number}")
        assert "It could not be filled." in html
        assert "The lake is away." in html
        assert "Otherwise it is tried again at about" in html
        assert "It is being filled." not in html
        assert f'hx-get="/audiences/{number}/progress?fault="' in html
        assert "HX-Refresh" not in alice.get(f"/audiences/{number}/progress?fault=").headers
        assert "Not filled" in page(alice, "/audiences")
        assert "It is being filled." in said(alice, f"/audiences/{number}/start")  # now, not when its time has come
        assert alice.get(f"/audiences/{number}/progress?fault=").headers["HX-Refresh"] == "true"
        assert one(audiences.conn, "select faults from audience") == 0

    def test_a_rule_whose_parts_are_gone_is_not_started(self, alice: Client, audiences: Audiences) -> None:
        computed = Computed(f.EventMatch("Bought"), "count")
        actions.create_computed(audiences.conn, "orders", computed, acting_user="test")
        number = audiences.make("Many", f.Number("computed:orders", "gt", 3))
        audiences.conn.execute("delete from computed_trait")
        response = alice.post(f"/audiences/{number}/start")
        assert response.status_code == 400
        assert "computed:orders" in found(r'(?s)<p class="wrap">(.*?)</p>', response.content.decode())
        assert one(audiences.conn, "select state from audience") == "draft"

    def test_names_and_descriptions_change(self, alice: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro")
        audiences.make("Taken")
        html = said(alice, f"/audiences/{number}/describe", name="Paying", description="Who pays")
        assert '<h1 class="cut">Paying</h1>' in html
        response = alice.post(f"/audiences/{number}/describe", {"name": "taken", "description": "typed"})
        html = response.content.decode()
        assert response.status_code == 400
        assert "There is an audience" in html
        assert 'value="taken"' in html
        assert ">typed</textarea>" in html

    def test_who_asks_for_it_is_named(self, bob: Client, audiences: Audiences) -> None:
        pro = audiences.make("Pro")
        other = audiences.make("Others", f.NoneOf((f.InAudience(pro),)))
        assert f'<a class="link" href="/audiences/{other}"><bdi>Others</bdi></a>' in page(bob, f"/audiences/{pro}")

    def test_why_somebody_is_in(
        self, alice: Client, bob: Client, audiences: Audiences, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        @contextmanager
        def working() -> Iterator[Work]:
            yield audiences.work

        monkeypatch.setattr(views, "working", working)
        rule = f.AllOf((PRO, f.Present("email")))
        number = audiences.make("Pro", rule, starts=True)
        audiences.fill()
        ada = person("1").removeprefix("/people/")
        html = page(alice, f"/audiences/{number}/explain?person={ada}")
        assert "Is in" in html
        assert "plan is" in unescape(html)
        assert "ada@example.com" in unescape(html)
        assert "ada@example.com" not in unescape(page(bob, f"/audiences/{number}/explain?person={ada}"))
        ben = person("2").removeprefix("/people/")
        assert "Is not in" in page(bob, f"/audiences/{number}/explain?person={ben}")
        assert bob.get(f"/audiences/{number}/explain?person=x").status_code == 404

    def test_why_tells_programs_no_more_than_pages(
        self, alice: Client, bob: Client, audiences: Audiences, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A national number in a text: only the name of its trait says what it is."""
        monkeypatch.setattr(rest, "working", lambda: nullcontext(audiences.work))
        audiences.shop.identify("1", home_phone="0721123456")
        number = audiences.make("Pro", f.Present("trait:home_phone"))
        address = f"/api/audiences/{number}/explain/user_id:1"
        assert "0721123456" in alice.get(address).content.decode()
        masked = bob.get(address).content.decode()
        assert "a value that you don't see" in masked
        assert "0721123456" not in masked

    def test_one_that_is_not_there(self, bob: Client) -> None:
        for part in ("", "/history", "/versions", "/progress"):
            assert bob.get(f"/audiences/7{part}").status_code == 404
            assert bob.get(f"/audiences/99999999999{part}").status_code == 404
        assert "every 3s" not in page(bob, "/audiences/states?id=99999999999&id=x&id=7")


class TestHistory:
    """Who entered and left."""

    def test_every_cause_is_said_in_words(self, alice: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro")
        ada, ben = identifier_hash("user_id", "1"), identifier_hash("user_id", "2")
        moves = [
            (ada, Cause.RULE, None, None, [number], [Kind.ENTERED], [1]),
            (ada, Cause.TIME, None, None, [number], [Kind.LEFT], [1]),
            (ada, Cause.RULE, None, None, [number], [Kind.ENTERED], [3]),
            (ada, Cause.IDENTITY, None, ben, [number], [Kind.MOVED_AWAY], [3]),
            (ben, Cause.IDENTITY, None, ada, [number], [Kind.MOVED_HERE], [3]),
            (ben, Cause.TAKEN_BACK, None, None, [number], [Kind.LEFT], [3]),
            (ben, Cause.REMOVED, None, None, [number], [Kind.LEFT], [3]),
        ]
        for move in moves:
            with writing_moves(audiences.conn, micros_of(NOW)) as write:
                write([move])
        html = page(alice, f"/audiences/{number}/history")
        assert names(html) == ["Ben", "Ben", "Ben", "Ada", "Ada", "Ada", "Ada"]
        for words in (
            "The audience was removed", "Events were taken back", "People were merged or split", "Rule, version 3",
            "Time passed", "The audience began", "Merged into this person", "Merged into another person",
        ):  # fmt: skip
            assert words in html
        assert names(page(alice, f"/audiences/{number}/history?what=entered")) == ["Ada", "Ada"]
        assert names(page(alice, f"/audiences/{number}/history?what=left")) == ["Ben", "Ben", "Ada"]
        assert names(page(alice, f"/audiences/{number}/history?what=moved")) == ["Ben", "Ada"]

    def test_an_event_is_named_and_leads_to_its_receipt(self, alice: Client, audiences: Audiences) -> None:
        number = audiences.make("Buyers", ORDERED, starts=True)
        audiences.fill()
        audiences.shop.send(track("m-1", "3"))
        html = page(alice, f"/audiences/{number}/history")
        event = one(audiences.conn, "select event from membership_change")
        assert names(html) == ["Cy"]
        assert f'/events?open={event.hex}">Receipt</a>' in html
        assert "Bought" in html

    def test_it_comes_in_pages(self, bob: Client, audiences: Audiences, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(views, "ROWS", 1)
        number = audiences.make("Pro", starts=True)
        audiences.fill()
        first = page(bob, f"/audiences/{number}/history")
        older = page(bob, f"/audiences/{number}/history" + found(r'rel="next" href="([^"]+)"', first))
        assert sorted(names(first) + names(older)) == ["Ada", "Ben"]
        assert "Nobody has entered or left yet." in page(bob, f"/audiences/{audiences.make('New')}/history")


class TestVersions:
    """Its rules."""

    def test_each_says_what_changed(self, alice: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro")
        wider = f.AllOf((PRO, f.Present("email")))
        actions.change_rule(audiences.conn, number, document(wider), "analytics", acting_user="user:eve")
        actions.change_rule(audiences.conn, number, document(wider), "advertising", acting_user="user:eve")
        html = page(alice, f"/audiences/{number}/versions")
        lines = re.findall(r'<li class="(added|gone|same) d(\d)">.*?<span class="said">(.*?)</span>', html)
        assert [(mark, int(depth), unescape(text)) for mark, depth, text in lines] == [
            ("gone", 0, "For Analytics"), ("added", 0, "For Advertising"), ("same", 0, "All of these hold:"),
            ("same", 1, "plan is 'pro'"),
            ("same", 0, "For Analytics"), ("gone", 0, "plan is 'pro'"), ("added", 0, "All of these hold:"),
            ("added", 1, "plan is 'pro'"), ("added", 1, "e-mail address is filled in"),
        ]  # fmt: skip
        assert "The first one, for Analytics." in html

    def test_an_earlier_one_becomes_the_newest(self, alice: Client, audiences: Audiences) -> None:
        number = audiences.make("Pro")
        actions.change_rule(audiences.conn, number, document(ORDERED), "analytics", acting_user="user:eve")
        html = said(alice, f"/audiences/{number}/versions/1/restore")
        assert "The rule of version 1 is the newest now, as version 3." in html
        assert shown.find_audience(audiences.conn, number).rule == PRO
        assert alice.post(f"/audiences/{number}/versions/9/restore").status_code == 404


def test_viewers_change_nothing(bob: Client, audiences: Audiences) -> None:
    number = audiences.make("Pro")
    for path in ("start", "pause", "remove", "restore", "describe", "versions/1/restore"):
        assert bob.post(f"/audiences/{number}/{path}", {"name": "x"}).status_code == 403
    for path in ("computed", "computed/remove", "lists", "lists/preview", "lists/1/remove"):
        assert bob.post(f"/audiences/{path}", {"name": "x"}).status_code == 403
    row = audiences.conn.execute("select name, state, version, trashed_at from audience").fetchone()
    assert row == ("Pro", "draft", 1, None)
    assert to_text(identifier_hash("user_id", "1")) in person("1")


def test_what_changed_while_an_audience_was_away_counts_when_it_is_back(audiences: Audiences) -> None:
    number = audiences.make("Pro buyers", f.AllOf((PRO, ORDERED)), starts=True)
    audiences.fill()
    audiences.shop.identify("2", name="Benjamin", at=days_ago(1))  # what holds for him is known from here on
    actions.trash_audience(audiences.conn, number, acting_user="user:alice")
    audiences.fill()
    audiences.shop.identify("2", plan="free")
    actions.restore_audience(audiences.conn, number, acting_user="user:alice")
    audiences.fill()
    bought = [{"type": "track", "event": "Bought", "userId": user, "messageId": f"bought-{user}"} for user in "12"]
    audiences.shop.send(*bought)
    inside = audiences.conn.execute("select profile from membership where audience = %s", [number]).fetchall()
    assert inside == [(identifier_hash("user_id", "1"),)]
