"""The door: signing in and out, and the lock after ten wrong tries."""

from datetime import timedelta

import pytest
from django.test import Client, override_settings

from onefold.accounts.api import create_user
from onefold.kernel.errors import Rejected
from tests.web.conftest import PASSWORD

ALLOWED_TRIES = 9  # the tenth closes the door


def attempt(client: Client, password: str = PASSWORD, username: str = "alice", **more: str) -> int:
    return client.post("/signin", {"username": username, "password": password, **more}).status_code


def test_the_first_visitor_is_told_how_to_make_a_user(charlie: Client) -> None:
    assert "onefold createuser you --admin" in charlie.get("/signin").content.decode()


def test_with_users_nothing_is_told(alice: Client, charlie: Client) -> None:
    assert "createuser" not in charlie.get("/signin").content.decode()


def test_signing_in_leads_to_where_one_wanted_to_go(alice: Client, charlie: Client) -> None:
    response = charlie.post("/signin", {"username": "alice", "password": PASSWORD, "next": "/sources"})
    assert (response.status_code, response["Location"]) == (302, "/sources")
    assert charlie.get("/sources").status_code == 200


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", r"/\evil.example"]
)
def test_nobody_is_led_to_another_site(target: str, alice: Client, charlie: Client) -> None:
    response = charlie.post("/signin", {"username": "alice", "password": PASSWORD, "next": target})
    assert response["Location"] == "/"


@pytest.mark.parametrize(("name", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("alice\0", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(
    name: str, password: str, alice: Client, charlie: Client
) -> None:
    response = charlie.post("/signin", {"username": name, "password": password})
    assert response.status_code in {401, 422}
    assert charlie.get("/people").status_code == 302


def test_ten_wrong_tries_close_the_door_for_the_right_password_too(alice: Client, charlie: Client) -> None:
    assert [attempt(charlie, "wrong") for _ in range(ALLOWED_TRIES + 1)] == [401] * ALLOWED_TRIES + [429]
    locked = charlie.post("/signin", {"username": "ALICE", "password": PASSWORD})
    assert (locked.status_code, locked["Retry-After"]) == (429, "300")
    assert "Wait 5 minutes" in locked.content.decode()
    assert attempt(charlie, username="bob", password="wrong") == 401  # another name isn't locked
    assert attempt(Client(REMOTE_ADDR="203.0.113.9")) == 302  # nor another address


def test_a_made_up_forwarded_address_does_not_open_the_door(alice: Client) -> None:
    for number in range(ALLOWED_TRIES + 1):
        attempt(Client(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}"), "wrong")
    assert attempt(Client(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.99")) == 429


def test_behind_a_proxy_each_visitor_has_a_count(alice: Client) -> None:
    with override_settings(PROXY_COUNT=1):
        for _ in range(ALLOWED_TRIES + 1):
            attempt(Client(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 198.51.100.1"), "wrong")
        assert attempt(Client(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.1")) == 429
        assert attempt(Client(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.2")) == 302


def test_five_minutes_later_the_door_opens(alice: Client, charlie: Client) -> None:
    from axes.models import AccessAttempt

    for _ in range(ALLOWED_TRIES + 3):
        attempt(charlie, "wrong")
    assert attempt(charlie) == 429
    for failure in AccessAttempt.objects.all():
        failure.attempt_time -= timedelta(minutes=5, seconds=1)
        failure.save()
    assert attempt(charlie) == 302
    assert not AccessAttempt.objects.exists()


def test_a_right_password_forgets_the_wrong_ones(alice: Client, charlie: Client) -> None:
    for _ in range(ALLOWED_TRIES):
        attempt(charlie, "wrong")
    assert attempt(charlie) == 302
    charlie.post("/signout")
    assert [attempt(charlie, "wrong") for _ in range(ALLOWED_TRIES)] == [401] * ALLOWED_TRIES


def test_signing_out_ends_the_session(alice: Client) -> None:
    assert alice.get("/signout").status_code == 405
    assert alice.post("/signout").status_code == 302
    assert alice.get("/people").status_code == 302


def test_over_https_cookies_are_for_https_only(alice: Client, charlie: Client) -> None:
    plain = charlie.post("/signin", {"username": "alice", "password": PASSWORD})
    assert not plain.cookies["onefold_session"]["secure"]
    assert plain.cookies["onefold_session"]["httponly"]
    secure = Client(headers={"x-forwarded-proto": "https"}).post("/signin", {"username": "alice", "password": PASSWORD})
    assert secure.cookies["onefold_session"]["secure"]
    assert "max-age" in secure["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("dave", "short", "too short"),
        ("dave", "password1234", "too common"),
        ("da ve", PASSWORD, "valid username"),
        ("", PASSWORD, "blank"),
        ("alice", PASSWORD, "already"),
    ],
)
def test_a_user_that_cannot_be_is_refused_with_the_reason(name: str, password: str, said: str, alice: Client) -> None:
    from onefold.accounts.models import User

    with pytest.raises(Rejected, match=said):
        create_user(name, password, is_admin=True)
    assert User.objects.count() == 1
