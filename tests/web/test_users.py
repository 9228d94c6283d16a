"""Users: invited, given rights, disabled; the last administrator stays; every step is in the audit log."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.test import Client, override_settings

from onefold.accounts.api import PersonalData, Role, create_user
from onefold.accounts.audit import Filter, audit_page
from onefold.kernel.errors import Rejected
from tests.web.conftest import PASSWORD, Shop, signed_in
from tests.web.reading import found, page

if TYPE_CHECKING:
    from onefold.accounts.models import User

NEW_PASSWORD = "a staple of correct horses"


def said(shop: Shop) -> list[tuple[str, str, str]]:
    """Who did what to whom, the oldest first."""
    return [(entry.actor, entry.action, entry.target) for entry in reversed(audit_page(shop.conn, Filter()))]


def user(name: str) -> "User":
    from onefold.accounts.models import User

    return User.objects.get(username=name)


def test_an_invitation_leads_to_a_user_who_signs_in(alice: Client, charlie: Client, shop: Shop) -> None:
    answer = alice.post("/settings/users/invite", {"email": "Dora@Example.com", "role": "editor"})
    link = found(r"(http://testserver/invite/[^<\s]+)", answer.content.decode())
    assert "dora@example.com" in page(charlie, link)
    assert charlie.post(link, {"password": "short"}).status_code == 422
    assert charlie.post(link, {"password": NEW_PASSWORD})["Location"] == "/signin"
    assert charlie.get(link).status_code == 404  # once
    entered = charlie.post("/signin", {"username": "dora@example.com", "password": NEW_PASSWORD})
    assert entered.status_code == 302
    assert charlie.get("/people").status_code == 200
    assert user("dora@example.com").role == "editor"
    assert said(shop)[-3:] == [
        ("user:alice", "user.invited", "user:dora@example.com"),
        ("user:dora@example.com", "user.joined", "user:dora@example.com"),
        ("user:dora@example.com", "user.signed_in", "user:dora@example.com"),
    ]
    assert NEW_PASSWORD not in str(audit_page(shop.conn, Filter()))


def test_with_mail_the_invitation_is_sent(alice: Client) -> None:
    with override_settings(EMAIL_HOST="mail.example.com"):
        answer = alice.post("/settings/users/invite", {"email": "dora@example.com", "role": "viewer"})
    (sent,) = mail.outbox
    assert sent.to == ["dora@example.com"]
    assert found(r"(http://testserver/invite/\S+)", str(sent.body)) in answer.content.decode()


@pytest.mark.parametrize("email", ["", "no address", "dora@example.com"])
def test_who_cannot_be_invited_is_said(email: str, alice: Client) -> None:
    from onefold.accounts.models import User

    alice.post("/settings/users/invite", {"email": "dora@example.com", "role": "viewer"})
    before = User.objects.count()
    assert alice.post("/settings/users/invite", {"email": email, "role": "viewer"}).status_code == 422
    assert alice.post("/settings/users/invite", {"email": "new@example.com", "role": "emperor"}).status_code == 422
    assert User.objects.count() == before


def test_a_link_ends_with_the_user(alice: Client, charlie: Client) -> None:
    answer = alice.post("/settings/users/invite", {"email": "dora@example.com", "role": "viewer"})
    link = found(r"(/invite/[^<\s]+)", answer.content.decode())
    alice.post(f"/settings/users/{user('dora@example.com').pk}/switch", {"is_active": "0"})
    assert charlie.get(link).status_code == 404
    assert charlie.get("/invite/" + link[8:-3] + "abc").status_code == 404


def test_rights_change_at_once(alice: Client, bob: Client) -> None:
    assert bob.get("/sources/new").status_code == 403
    form = {"role": "admin", "personal_data": "shown"}
    assert alice.post(f"/settings/users/{user('bob').pk}", form).status_code == 302
    assert bob.get("/sources/new").status_code == 200


@pytest.mark.parametrize("path", ["", "/switch"])
def test_the_last_administrator_stays(path: str, alice: Client, bob: Client) -> None:
    form = {"role": "viewer", "personal_data": "shown", "is_active": "0"}
    answer = alice.post(f"/settings/users/{user('alice').pk}{path}", form)
    assert answer.status_code == 400
    assert "alice is the last administrator. Make another one first." in answer.content.decode()
    assert (user("alice").role, user("alice").is_active) == ("admin", True)
    create_user("carol", PASSWORD, role=Role.ADMIN)
    assert alice.post(f"/settings/users/{user('alice').pk}{path}", form).status_code == 302


def test_an_invited_administrator_who_never_came_does_not_count(alice: Client) -> None:
    alice.post("/settings/users/invite", {"email": "dora@example.com", "role": "admin"})
    form = {"role": "viewer", "personal_data": "shown"}
    assert alice.post(f"/settings/users/{user('alice').pk}", form).status_code == 400


def test_a_disabled_user_is_out_at_once(alice: Client, bob: Client, charlie: Client) -> None:
    alice.post(f"/settings/users/{user('bob').pk}/switch", {"is_active": "0"})
    assert bob.get("/people").status_code == 302
    charlie.post("/signin", {"username": "bob", "password": PASSWORD})
    assert charlie.get("/people").status_code == 302
    alice.post(f"/settings/users/{user('bob').pk}/switch", {"is_active": "1"})
    assert charlie.post("/signin", {"username": "bob", "password": PASSWORD}).status_code == 302
    assert charlie.get("/people").status_code == 200


def test_signing_out_everywhere_ends_every_session_but_not_the_user(alice: Client, bob: Client) -> None:
    other = signed_in(user("bob"))
    alice.post(f"/settings/users/{user('bob').pk}/signout")
    assert [client.get("/people").status_code for client in (bob, other)] == [302, 302]
    assert signed_in(user("bob")).get("/people").status_code == 200


def test_a_user_who_forgot_gets_a_link_from_an_administrator(alice: Client, bob: Client, charlie: Client) -> None:
    answer = alice.post(f"/settings/users/{user('bob').pk}/link")
    link = found(r"(/invite/[^<\s]+)", answer.content.decode())
    assert "user.link_made" in page(alice, "/settings/audit?target=user:bob")
    charlie.post(link, {"password": NEW_PASSWORD})
    assert bob.get("/people").status_code == 302  # the old sessions ended
    assert charlie.post("/signin", {"username": "bob", "password": NEW_PASSWORD}).status_code == 302


def test_two_administrators_cannot_disable_each_other(
    alice: Client, transactional_users: Callable[..., "User"], pg_url: str
) -> None:
    import threading

    from django.db import connection

    from onefold.accounts import actions

    dora = transactional_users("dora", is_admin=True)
    refused: list[str] = []

    def disable(user_id: int) -> None:
        try:
            actions.set_enabled(user_id, False, acting_user="user:test")
        except Rejected as fault:
            refused.append(fault.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=disable, args=(one.pk,)) for one in (user("alice"), dora)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["last_administrator"]


def test_levels_have_the_usual_value_of_their_role(alice: Client) -> None:
    for role, level in ((Role.VIEWER, PersonalData.MASKED), (Role.EDITOR, PersonalData.SHOWN)):
        create_user(f"new-{role}", PASSWORD, role=role)
        assert user(f"new-{role}").personal_data == level


def test_names_that_are_html_stay_text(alice: Client) -> None:
    answer = alice.post("/settings/users/invite", {"email": '"<b>x</b>"@example.com', "role": "viewer"})
    assert "<b>x</b>" not in answer.content.decode()
    assert not re.search("<b>x</b>", page(alice, "/settings/users"))
