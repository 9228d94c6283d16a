"""What people see of their rights, and how programs show a key. Who may use which door: test_doors.py."""

import pytest
from django.test import Client

from tests.web.conftest import Shop


def test_the_side_bar_shows_only_what_may_be_done(bob: Client, alice: Client) -> None:
    assert "/sources/new" in alice.get("/sources").content.decode()
    assert "/sources/new" not in bob.get("/sources").content.decode()


def test_a_piece_of_a_page_without_session_is_no_sign_in_page(charlie: Client) -> None:
    response = charlie.get("/events/stream?after=1_0", headers={"HX-Request": "true"})
    assert (response.status_code, response.content) == (401, b"")


def test_sign_in_leads_back_to_the_page_it_was(charlie: Client) -> None:
    assert charlie.get("/people?q=ada")["Location"] == "/signin?next=%2Fpeople%3Fq%3Dada"


@pytest.mark.parametrize(
    ("page", "target"),
    [
        ("http://testserver/people?q=ada", "%2Fpeople%3Fq%3Dada"),  # where the form was, not where it was sent
        ("https://elsewhere.example/people", "%2F"),
        ("", "%2F"),
    ],
)
def test_what_was_sent_without_session_leads_back_to_its_form(page: str, target: str, charlie: Client) -> None:
    response = charlie.post("/people/views", headers={"referer": page})
    assert response["Location"] == f"/signin?next={target}"


def test_an_address_that_only_takes_forms_says_so(alice: Client) -> None:
    response = alice.get("/settings/users/1/link")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "It takes only what a form sends" in response.content.decode()


class TestKeys:
    """How a program shows its key."""

    PATH = "/api/identity/links"

    @pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "Basic {}"])
    def test_the_authorization_header_in_its_forms(self, form: str, charlie: Client, shop: Shop) -> None:
        import base64

        shown = base64.b64encode(f"{shop.key}:".encode()).decode() if form.startswith("Basic") else shop.key
        assert charlie.get(self.PATH, headers={"authorization": form.format(shown)}).status_code == 200

    def test_x_api_key(self, charlie: Client, shop: Shop) -> None:
        assert charlie.get(self.PATH, headers={"x-api-key": shop.key}).status_code == 200

    @pytest.mark.parametrize("shown", ["Bearer wrong", "Bearer \udcff", "Basic %%%", "Basic \u00e9", "Basic d3Jvbmc6"])
    def test_a_wrong_key_is_not_taken_for_no_key(self, shown: str, alice: Client) -> None:
        response = alice.get(self.PATH, headers={"authorization": shown})
        assert (response.status_code, response.json()["code"]) == (401, "key_invalid")

    def test_a_public_key_reads_nothing(self, charlie: Client, shop: Shop) -> None:
        key = shop.new_key("web-shop", "write", kind="public")
        response = charlie.get(self.PATH, headers={"x-api-key": key})
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")

    def test_a_key_that_ended_opens_nothing(self, charlie: Client, shop: Shop) -> None:
        shop.conn.execute("update source_key set disabled_at = now() - interval '1 second'")
        assert charlie.get(self.PATH, headers={"x-api-key": shop.key}).status_code == 401

    def test_a_rotated_key_works_on_until_it_ends(self, charlie: Client, shop: Shop) -> None:
        shop.conn.execute("update source_key set disabled_at = now() + interval '1 hour'")
        assert charlie.get(self.PATH, headers={"x-api-key": shop.key}).status_code == 200

    def test_a_key_of_a_disabled_source_opens_nothing(self, charlie: Client, shop: Shop) -> None:
        shop.conn.execute("update source set is_enabled = false where slug = 'back-end'")
        response = charlie.get(self.PATH, headers={"x-api-key": shop.key})
        assert response.status_code == 404
        assert response.json()["code"] == "source_disabled"

    def test_a_session_writes_only_with_its_token(self, alice: Client, shop: Shop) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = alice.cookies
        body = {"rule": "never", "a": "user_id:1", "b": "user_id:2"}
        response = strict.post(self.PATH, body, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")
        assert shop.conn.execute("select count(*) from event_log").fetchone() == (0,)
