"""Who may not see personal data gets it masked: pages, search, API; asked for, one person's for a while.

Nor can they find it out by asking: what is masked is neither searched nor compared piece by piece, nor sorted by.
"""

import json
from urllib.parse import urlencode

import pytest
from django.test import Client

from onefold.accounts.audit import Filter, audit_page
from tests.web.conftest import Shop, signed_in, track
from tests.web.reading import names, page, person

SECRETS = ("ada@example.com", "40721123456", "0721 123 456")


@pytest.fixture
def ada(shop: Shop) -> str:
    """The page of somebody with an e-mail address and two phone numbers."""
    shop.identify("1", name="Ada", email="ada@example.com", phone="+40721123456", homePhone="0721 123 456")
    shop.send(track("m-1", properties={"note": "call +40721123456", "mail": "ada@example.com"}))
    return person("1")


def leaks(text: str) -> list[str]:
    """What of it stands in a text."""
    return [secret for secret in SECRETS if secret in text]


PAGES = ("/people", "/people?q=Ada", "/events", "/jump?q=Ada", "/")


@pytest.mark.parametrize("path", [*PAGES, ""])
def test_a_viewer_sees_it_masked_and_an_administrator_plainly(path: str, ada: str, alice: Client, bob: Client) -> None:
    seen = bob.get(path or ada, follow=True)
    assert seen.status_code == 200
    assert leaks(seen.content.decode()) == []
    if path in {"", "/people"}:
        assert "a•••@e•••.com" in seen.content.decode()
        assert "ada@example.com" in page(alice, path or ada)


def test_the_api_masks_too(ada: str, alice: Client, bob: Client, robot: Client) -> None:
    path = "/api/profiles/user_id:1?include=traits,identifiers,events"
    assert leaks(bob.get(path).content.decode()) == []
    assert bob.get(path).json()["traits"]["email"] == "a•••@e•••.com"
    assert leaks(robot.get(path).content.decode()) == list(SECRETS)
    assert leaks(alice.get(path).content.decode()) == list(SECRETS)


def test_what_one_typed_stays_so_that_links_work(ada: str, bob: Client) -> None:
    assert 'value="ada@exam"' in page(bob, "/people?q=ada@exam")


def test_no_piece_of_an_address_is_found_in_events(ada: str, alice: Client, bob: Client, shop: Shop) -> None:
    shop.send(track("m-2", event=" "), {"type": "dance", "messageId": "m-3", "to": "ada@example.com"})
    for text in ("ada@exam", "xample.c", "4072112", "ada@example.com"):
        path = f"/events?{urlencode({'text': text})}"
        assert "No events yet with these filters." in page(bob, path), text
        assert "No events yet with these filters." not in page(alice, path), text
    assert "No events yet with these filters." not in page(bob, "/events?text=call")


def test_a_viewer_may_not_reveal(ada: str, bob: Client, shop: Shop) -> None:
    assert "Reveal" not in page(bob, ada)
    assert bob.post(f"{ada}/reveal").status_code == 403
    assert leaks(page(bob, ada)) == []


def test_on_request_one_person_is_shown_and_the_audit_log_says_so(ada: str, bob: Client, shop: Shop) -> None:
    from onefold.accounts.models import User

    shop.identify("2", email="grace@example.com")
    User.objects.filter(username="bob").update(personal_data="on_request")
    assert f'action="{ada}/reveal"' in page(bob, ada)
    assert bob.post(f"{ada}/reveal")["Location"] == ada
    assert "ada@example.com" in page(bob, ada)
    assert "grace@example.com" not in page(bob, person("2"))
    assert leaks(page(bob, "/people")) == []
    entry = audit_page(shop.conn, Filter(action="person.revealed"))[0]
    assert (entry.actor, entry.target) == ("user:bob", f"person:{ada.rpartition('/')[2]}")
    other_browser = signed_in(User.objects.get(username="bob"))
    assert leaks(page(other_browser, ada)) == []


def test_a_reveal_ends(ada: str, bob: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from onefold.accounts.models import User

    User.objects.filter(username="bob").update(personal_data="on_request")
    bob.post(f"{ada}/reveal")
    session = bob.session
    session["revealed"] = {one: until - 601 for one, until in session["revealed"].items()}
    session.save()
    assert leaks(page(bob, ada)) == []


@pytest.mark.parametrize("identifier", ["user_id:1", "x", "0123456789abcdef0"])
def test_only_people_can_be_revealed(identifier: str, bob: Client, shop: Shop) -> None:
    from onefold.accounts.models import User

    User.objects.filter(username="bob").update(personal_data="on_request")
    assert bob.post(f"/people/{identifier}/reveal").status_code == 404
    assert audit_page(shop.conn, Filter(action="person.revealed")) == []


@pytest.fixture
def crowd(ada: str, shop: Shop) -> Shop:
    """Ada, and Zoe, whose user id and name are addresses."""
    shop.identify("zoe@example.org", name="zoe@example.org", note="ask 0040 721 99 99 99", phone="+40799111222")
    return shop


def filtered(**condition: object) -> str:
    """Address of the list of those for whom a condition holds."""
    return "/people?" + urlencode({"filter": json.dumps({"v": 1, "where": {"type": "all", "of": [condition]}})})


def test_no_piece_of_an_address_is_found(crowd: Shop, alice: Client, bob: Client) -> None:
    for query in ("ada@exam", "example", "@ex", "4072", "+4072", "zoe@", "xample.com", "721123", "zo"):
        asked = "/people?" + urlencode({"q": query})
        assert names(page(alice, asked)) != [], query
        assert names(page(bob, asked)) == [], query
        assert "the search leaves them out" in page(bob, asked)
        assert "/people/" not in page(bob, "/jump?" + urlencode({"q": query})), query
        assert bob.get("/api/people", {"q": query}).json()["people"] == [], query


def test_names_and_ids_are_found_and_whole_addresses_open_the_person(crowd: Shop, bob: Client) -> None:
    assert names(page(bob, "/people?q=ad")) == ["Ada"]
    assert bob.get("/people", {"q": "email:ada@example.com"})["Location"] == person("1")


PROBES: tuple[dict[str, object], ...] = (
    {"type": "part", "field": "email", "op": "starts", "value": "ada@"},
    {"type": "part", "field": "phone", "op": "contains_not", "value": "4072"},
    {"type": "part", "field": "trait:email", "op": "contains", "value": "ada"},
    {"type": "part", "field": "trait:homePhone", "op": "starts", "value": "0"},
    {"type": "number", "field": "trait:phone", "op": "gt", "value": 4},
    {"type": "range", "field": "trait:mobile", "low": 0, "high": 4},
)


def test_hidden_fields_are_compared_as_a_whole_only(crowd: Shop, bob: Client) -> None:
    for condition in PROBES:
        response = bob.get(filtered(**condition), headers={"HX-Request": "true"})
        assert response.status_code == 400, condition
        assert "can%20only%20be%20compared%20as%20a%20whole" in response["X-Message"]
    whole = {"type": "text", "op": "is", "values": ["ada@example.com"]}
    assert names(page(bob, filtered(field="email", **whole))) == ["Ada"]


def test_addresses_in_other_texts_match_nothing_and_the_rest_does(crowd: Shop, alice: Client, bob: Client) -> None:
    for field, value in (("trait:note", "0721"), ("trait:note", "721"), ("trait:note", "99 99"), ("name", "zoe@")):
        asked = filtered(type="part", field=field, op="contains", value=value)
        assert len(names(page(alice, asked))) == (0 if value == "0721" else 1), value
        assert names(page(bob, asked)) == [], value
    assert len(names(page(bob, filtered(type="part", field="trait:note", op="contains", value="ASK")))) == 1


def test_lists_are_not_sorted_by_what_is_hidden(crowd: Shop, alice: Client, bob: Client) -> None:
    for field in ("email", "phone", "trait:email", "trait:homePhone"):
        assert alice.get("/people", {"sort": f"-{field}"}).status_code == 200
        assert bob.get("/people", {"sort": f"-{field}"}).status_code == 400
        columns = "/people?" + urlencode({"col": ["name", field]}, doseq=True)
        sorts = "/people?" + urlencode({"sort": field})
        assert sorts in page(alice, columns), field
        assert sorts not in page(bob, columns), field


def test_a_text_with_an_address_in_it_has_no_place_in_an_order(crowd: Shop, bob: Client) -> None:
    crowd.identify("3", name="Cy", note="aaa")
    crowd.identify("4", name="Dan", note="zzz")
    assert names(page(bob, "/people?sort=trait:note"))[:2] == ["Cy", "Dan"]


def test_forms_offer_what_may_be_asked(crowd: Shop, alice: Client, bob: Client) -> None:
    assert "part.contains" in page(alice, "/people/filter/form?field=email")
    assert "part.contains" not in page(bob, "/people/filter/form?field=email")
    (email,) = [one for one in bob.get("/people/filter/fields").json()["fields"] if one["field"] == "email"]
    assert [code for code, *_ in email["operators"]] == ["text.is", "text.is_not", "present.true", "present.false"]
