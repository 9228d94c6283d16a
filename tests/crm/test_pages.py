"""Pages of the CRM over HTTP: who sees and edits what, what comes back, awful values."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from onefold.accounts.api import Role
from onefold.crm.viewer import Viewer
from onefold.profiles.api import to_text
from tests.crm.conftest import events_of, new
from tests.crm.test_records import stage, values_of
from tests.web.conftest import Shop

Team = dict[str, Viewer]
AWFUL = "<script>alert(1)</script> \u202e\u0645\u0631\u062d\u0628\u0627 \U0001f3bf " + "x" * 400


@pytest.fixture
def ann(browser_of: Callable[..., Client]) -> Client:
    """An editor's browser."""
    return browser_of("ann")


@pytest.fixture
def bob(browser_of: Callable[..., Client]) -> Client:
    """A viewer's."""
    return browser_of("bob", Role.VIEWER)


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_board_shows_each_stage_with_its_sums(shop: Shop, team: Team, ann: Client) -> None:
    new(shop.conn, "deal", team["rob"], name="Tents", amount="1500")
    new(shop.conn, "deal", team["rob"], name="Boats", amount="500")
    page = text(ann.get("/deals/board"))
    assert page.index("Boats") < page.index("Tents"), "the latest moved first"
    lane = re.search(r'aria-label="Qualified".*?</header>', page, re.DOTALL)
    assert lane
    assert "€2,000" in lane[0]
    assert "weighted €400" in lane[0]


def test_a_lane_brings_its_later_cards_on_demand(shop: Shop, team: Team, ann: Client) -> None:
    for n in range(27):
        new(shop.conn, "deal", team["rob"], name=f"Deal {n:02}")
    page = text(ann.get("/deals/board"))
    assert page.count('class="card-d"') == 25
    assert "2 more" in page
    more = text(ann.get(f"/deals/lanes/{stage(shop.conn, 'Qualified')}?shown=25"))
    assert re.findall(r">(Deal \d\d)", more) == ["Deal 01", "Deal 00"]
    assert "more" not in more.replace("more-cards", "")


def test_a_moved_card_brings_both_lanes_and_an_undo(shop: Shop, team: Team, ann: Client) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Tents", amount="1000")
    answer = ann.post("/deals/move", {"deal": number, "stage": stage(shop.conn, "Meeting")})
    heads = re.findall(r'<header id="lane-(\d+)"', text(answer))
    assert {int(one) for one in heads} == {stage(shop.conn, "Qualified"), stage(shop.conn, "Meeting")}
    undo = re.search(r"/acts/[0-9a-f-]+/undo", answer["HX-Trigger"])
    assert undo
    ann.post(undo[0])
    assert values_of(shop.conn, team, number)["stage"] == stage(shop.conn, "Qualified")


def test_a_stage_that_asks_for_more_answers_with_its_dialog(shop: Shop, team: Team, ann: Client) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Tents")
    answer = ann.post("/deals/move", {"deal": number, "stage": stage(shop.conn, "Lost")})
    assert answer["HX-Retarget"] == "#dialog"
    assert 'name="lost_reason"' in text(answer)
    assert values_of(shop.conn, team, number)["state"] == "open"
    given = {"stage": stage(shop.conn, "Lost"), "lost_reason": "price", "checks": "1"}
    assert ann.post(f"/deals/{number}/stage", given).status_code == 302
    assert values_of(shop.conn, team, number)["state"] == "lost"


def test_viewers_look_and_change_nothing(shop: Shop, team: Team, bob: Client) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Tents")
    for path in ("/deals", "/deals/board", f"/deals/{number}", f"/deals?peek={number}"):
        page = bob.get(path)
        assert page.status_code == 200
        assert "Tents" in text(page)
        assert "/records/deal/new" not in text(page)
    refused = [
        bob.post("/deals/move", {"deal": number, "stage": stage(shop.conn, "Meeting")}),
        bob.post(f"/records/deal/{number}/fields/name", {"value": "x", "seen": "Tents"}),
        bob.post(f"/records/deal/{number}/delete"),
        bob.post("/records/deal/new", {"name": "x"}),
        bob.post("/deals/bulk", {"ids": str(number), "do": "delete"}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 5
    assert values_of(shop.conn, team, number)["name"] == "Tents"


def test_a_field_is_edited_in_place(shop: Shop, team: Team, ann: Client) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Tents", amount="1000", close_on="2026-12-01")
    form = text(ann.get(f"/records/deal/{number}/fields/amount/edit"))
    assert 'value="1000"' in form
    htmx = {"HX-Request": "true"}
    line = ann.post(f"/records/deal/{number}/fields/amount", {"value": "1200", "seen": "1000"}, headers=htmx)
    assert "€1,200" in text(line)
    assert line["HX-Trigger"] == "record-changed"
    sent_plainly = ann.post(f"/records/deal/{number}/fields/amount", {"value": "1200", "seen": "1200"})
    assert sent_plainly["Location"] == f"/deals/{number}", "before the scripts took hold of the form"
    late = text(ann.post(f"/records/deal/{number}/fields/amount", {"value": "1300", "seen": "1000"}, headers=htmx))
    assert "Somebody else changed" in late
    assert "€1,200" in late
    wrong = text(ann.post(f"/records/deal/{number}/fields/amount", {"value": "much", "seen": "1200"}, headers=htmx))
    assert "“much” is no number" in wrong
    assert 'value="much"' in wrong
    assert ann.get(f"/records/deal/{number}/fields/colour").status_code == 404


def test_what_the_form_shows_can_be_sent_back_unchanged(shop: Shop, team: Team, ann: Client) -> None:
    shop.send({"type": "group", "userId": "7", "groupId": "acme", "traits": {"name": "Acme"}})
    shop.identify("7", email="ada@example.com", name="Ada")
    task = new(
        shop.conn, "task", team["mia"], name="Call", due_at="2026-12-01T09:30:17", person="user_id:7", owner="rob"
    )
    for name in ("due_at", "person", "company", "owner", "priority"):
        form = text(ann.get(f"/records/task/{task}/fields/{name}/edit"))
        seen = re.search(r'name="seen" value="([^"]*)"', form)
        assert seen
        assert seen[1]
        before = values_of(shop.conn, team, task, "task")[name]
        answer = ann.post(f"/records/task/{task}/fields/{name}", {"value": seen[1], "seen": seen[1]})
        assert "Somebody else" not in text(answer), name
        if name != "due_at":  # forms show times to the minute
            assert values_of(shop.conn, team, task, "task")[name] == before


def test_a_new_deal_is_prefilled_and_faults_stay_with_their_field(shop: Shop, ann: Client) -> None:
    shop.identify("7", email="ada@example.com", name="Ada")
    row = shop.conn.execute("select id from profile where name = 'Ada'").fetchone()
    assert row
    form = text(ann.get(f"/records/deal/new?person={to_text(row[0])}"))
    assert f'name="person" value="{to_text(row[0])}"' in form
    assert 'value="Ada"' in form
    wrong = text(ann.post("/records/deal/new", {"name": "Tents", "amount": "much", "person": to_text(row[0])}))
    assert "fault-amount" in wrong
    assert 'value="Tents"' in wrong
    assert 'value="Ada"' in wrong
    made = ann.post("/records/deal/new", {"name": "Tents", "amount": "5", "person": to_text(row[0])})
    assert made.status_code == 302
    assert events_of(shop.conn)[-1]["event"] == "Deal Created"
    beside = text(ann.get(f"/records/of/person/{to_text(row[0])}"))
    assert "Tents" in beside


def test_nobody_is_led_to_another_site(shop: Shop, ann: Client) -> None:
    for back in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        made = ann.post("/records/task/new", {"name": "x", "kind": "todo", "priority": "normal", "back": back})
        assert made["Location"].startswith("/tasks/")


def test_awful_texts_stand_as_texts(shop: Shop, team: Team, ann: Client) -> None:
    deal = new(shop.conn, "deal", team["rob"], name=AWFUL, next_step=AWFUL)
    task = new(shop.conn, "task", team["rob"], name=AWFUL, deal=deal, note=AWFUL * 20)
    call = new(shop.conn, "activity", team["rob"], kind="note", deal=deal, body=AWFUL * 20)
    pages = ("/deals", "/deals/board", f"/deals/{deal}", f"/tasks/{task}", f"/activities/{call}", f"/deals?peek={deal}")
    for path in pages:
        page = text(ann.get(path))
        assert "&lt;script&gt;alert(1)" in page, path
        assert "<script>alert" not in page, path


def test_many_are_changed_at_once_and_taken_back_at_once(shop: Shop, team: Team, ann: Client) -> None:
    numbers = [new(shop.conn, "deal", team["rob"], name=f"Deal {n}", amount=str(n)) for n in range(6)]
    rule = '{"v":1,"where":{"type":"all","of":[{"type":"number","field":"amount","op":"gt","value":2}]}}'
    from urllib.parse import urlencode

    sent = {"all": "yes", "address": urlencode({"filter": rule}), "field": "source", "value": "event"}
    answer = ann.post("/deals/bulk", sent, follow=True)
    assert "3 changed" in text(answer)
    sources = [values_of(shop.conn, team, number)["source"] for number in numbers]
    assert sources == ["", "", "", "event", "event", "event"]
    undo = re.search(r"/acts/[0-9a-f-]+/undo", text(answer))
    assert undo
    ann.post(undo[0])
    assert {values_of(shop.conn, team, number)["source"] for number in numbers} == {""}
    gone = ann.post("/deals/bulk", {"ids": ",".join(map(str, numbers[:2])), "do": "delete"}, follow=True)
    assert "2 deleted" in text(gone)
    assert "Deal 0" not in text(ann.get("/deals")).replace(text(gone), "")


def test_a_bulk_change_with_a_fault_changes_nothing(shop: Shop, team: Team, ann: Client) -> None:
    first = new(shop.conn, "deal", team["rob"], name="One")
    answer = ann.post("/deals/bulk", {"ids": f"{first},999", "field": "source", "value": "event"})
    assert answer.status_code == 404
    assert values_of(shop.conn, team, first)["source"] == ""
    refused = ann.post("/deals/bulk", {"ids": str(first), "field": "state", "value": "won"})
    assert refused.status_code == 400


def test_lists_are_filtered_through_relations_by_their_address(shop: Shop, team: Team, ann: Client) -> None:
    shop.identify("7", email="ada@example.com", name="Ada")
    new(shop.conn, "deal", team["rob"], name="Tents", person="user_id:7")
    new(shop.conn, "deal", team["rob"], name="Boats")
    leaf = '{"type":"part","field":"person/name","op":"contains","value":"ad"}'
    page = text(ann.get("/deals", {"filter": f'{{"v":1,"where":{leaf}}}'}))
    assert "Tents" in page
    assert "Boats" not in page
    assert "contains" in page
    assert "Person" in text(ann.get("/deals/filter"))
    totals = text(ann.get("/deals/totals", {"filter": f'{{"v":1,"where":{leaf}}}'}))
    assert "Weighted" in totals
    assert "in all" not in totals, "the foot of the list says how many"


def test_saved_views_belong_to_their_list(shop: Shop, ann: Client) -> None:
    made = ann.post("/deals/views", {"name": "Big ones", "address": "sort=-home_amount"})
    assert made.status_code == 302
    assert "Big ones" in text(ann.get("/deals"))
    assert "Big ones" not in text(ann.get("/tasks"))
    assert ann.get(made["Location"]).status_code == 200


def test_a_task_is_ticked_off_and_comes_back(shop: Shop, team: Team, ann: Client) -> None:
    deal = new(shop.conn, "deal", team["rob"], name="Tents")
    task = new(shop.conn, "task", team["rob"], name="Call", deal=deal, due_at="2026-12-01T09:00")
    assert "Call" in text(ann.get(f"/records/of/deal/{deal}"))
    ann.post(f"/tasks/{task}/done", {"back": f"/deals/{deal}"})
    assert "Call" not in text(ann.get(f"/records/of/deal/{deal}"))
    assert values_of(shop.conn, team, deal)["next_task_at"] is None
    ann.post(f"/tasks/{task}/done", {"undone": "1"})
    assert values_of(shop.conn, team, deal)["next_task_at"] is not None


def test_tasks_begin_with_those_to_do_and_ones_own_are_a_click_away(shop: Shop, team: Team, ann: Client) -> None:
    new(shop.conn, "task", team["rob"], name="Ring them")
    done = new(shop.conn, "task", team["rob"], name="Write to them")
    ann.post(f"/tasks/{done}/done", {"back": "/tasks"})
    page = text(ann.get("/tasks"))
    assert "Ring them" in page
    assert "Write to them" not in page
    assert "Reset" not in page, "it is as it comes"
    every = text(ann.get("/tasks", {"filter": '{"v":1,"where":{"type":"all","of":[]}}'}))
    assert "Write to them" in every
    assert "Reset" in every
    mine = re.search(r'class="chip" href="([^"]+)">Mine<', page)
    assert mine
    assert "No records match" in text(ann.get(unescape(mine[1])))
    saved = ann.post(
        "/tasks/views", {"name": "Every one", "address": every.split('name="address" value="')[1].split('"')[0]}
    )
    assert "Write to them" in text(ann.get(saved["Location"]))


def test_a_person_is_made_once_and_whoever_is_known_is_named(shop: Shop, ann: Client, processor: None) -> None:
    once = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
    sent = {"name": "Ingrid Solheim", "email": "ingrid@tindra.example", "once": once}
    first = ann.post("/new-person", sent)
    assert first.status_code == 302
    page = text(ann.get(first["Location"], follow=True))
    assert "Ingrid Solheim" in page
    again = text(ann.post("/new-person", {"name": "Other", "email": "ingrid@tindra.example"}))
    assert "known already" in again
    assert "/people/" in again
    assert shop.conn.execute("select count(*) from profile").fetchone() == (1,)
    assert "Give a name" in text(ann.post("/new-person", {}))


def test_what_was_said_stands_in_the_timeline_for_whoever_may_see_it(shop: Shop, team: Team, ann: Client) -> None:
    shop.identify("7", email="ada@example.com", name="Ada")
    call = new(shop.conn, "activity", team["rob"], kind="call", person="user_id:7", body="Budget is approved")
    assert "Budget is approved" in text(ann.get(f"/activities/{call}/told"))
    assert text(ann.get("/activities/999/told")) == ""
