"""Who may not see personal data gets it masked: pages, search, API; asked for, one person's for a while."""

import pytest
from django.test import Client

from onefold.accounts.audit import Filter, audit_page
from tests.web.conftest import Shop, signed_in, track
from tests.web.reading import page, person

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
