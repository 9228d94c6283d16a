"""One's own settings, API keys, the workspace, the audit page, the first start."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from onefold.accounts.api import new_setup_code
from onefold.accounts.audit import Filter, audit, audit_page
from onefold.programs.web.authentication import forget_keys
from tests.web.conftest import PASSWORD, Shop
from tests.web.reading import found, page

SETUP = {
    "username": "ada",
    "password": PASSWORD,
    "name": "Norrland",
    "currency": "SEK",
    "time_zone": "Europe/Stockholm",
}


class TestSetUp:
    """The first administrator."""

    def test_the_code_makes_one_and_then_no_more(self, charlie: Client, shop: Shop) -> None:
        from onefold.accounts.models import User, Workspace

        code = new_setup_code()
        assert 'value="Onefold"' in page(charlie, f"/setup/{code}")
        assert charlie.post(f"/setup/{code}", SETUP)["Location"] == "/"
        assert (User.objects.get().role, Workspace.objects.get().currency) == ("admin", "SEK")
        assert charlie.get("/settings/users").status_code == 200
        assert Client().get(f"/setup/{code}").status_code == 404
        assert Client().post(f"/setup/{code}", SETUP | {"username": "eve"}).status_code == 404
        assert (User.objects.count(), new_setup_code()) == (1, None)

    @pytest.mark.parametrize("code", ["wrong", "", "\u00e9"])
    def test_a_stranger_without_the_code_cannot(self, code: str, charlie: Client) -> None:
        from onefold.accounts.models import User

        new_setup_code()
        assert charlie.post(f"/setup/{code}", SETUP).status_code == 404
        assert not User.objects.exists()

    def test_each_start_ends_the_code_before(self, charlie: Client) -> None:
        before, now = new_setup_code(), new_setup_code()
        assert [charlie.get(f"/setup/{code}").status_code for code in (before, now)] == [404, 200]

    @pytest.mark.parametrize(
        "changed", [{"password": "short"}, {"currency": "XXX"}, {"time_zone": "Mars/Base"}, {"username": "a b"}]
    )
    def test_faults_are_said_and_nothing_is_made(self, changed: dict[str, str], charlie: Client) -> None:
        from onefold.accounts.models import User

        code = new_setup_code()
        answer = charlie.post(f"/setup/{code}", SETUP | changed)
        assert (answer.status_code, "errorlist" in answer.content.decode()) == (422, True)
        assert not User.objects.exists()


class TestPreferences:
    """How a user likes the pages."""

    def test_theme_and_density_stand_in_the_page(self, bob: Client) -> None:
        form = {"language": "", "time_zone": "", "theme": "dark", "density": "compact"}
        assert bob.post("/settings/me", form).status_code == 302
        assert 'data-theme="dark" data-density="compact"' in page(bob, "/people")

    def test_times_are_shown_in_the_users_time_zone(self, shop: Shop, bob: Client) -> None:
        shop.identify("1", name="Ada", at=datetime(2026, 1, 15, 23, 30, tzinfo=UTC))
        assert "23:30:00.000 UTC" in page(bob, "/people")
        form = {"language": "", "time_zone": "Europe/Bucharest", "theme": "auto", "density": "normal"}
        bob.post("/settings/me", form)
        assert "16 Jan 2026, 01:30:00.000 EET" in page(bob, "/people")

    def test_the_workspaces_time_zone_is_for_those_who_choose_none(self, shop: Shop, alice: Client) -> None:
        shop.identify("1", name="Ada", at=datetime(2026, 1, 15, 23, 30, tzinfo=UTC))
        form = {"name": "Norrland", "currency": "SEK", "time_zone": "Asia/Tokyo"}
        assert alice.post("/settings/workspace", form).status_code == 302
        assert "16 Jan 2026, 08:30:00.000 JST" in page(alice, "/people")
        entry = audit_page(shop.conn, Filter(action="workspace.changed"))[0]
        assert entry.details == form

    def test_the_quick_switch_leads_back_and_nowhere_else(self, bob: Client) -> None:
        assert bob.post("/settings/theme", {"theme": "light", "back": "/people?q=a"})["Location"] == "/people?q=a"
        assert 'data-theme="light"' in page(bob, "/people")
        for elsewhere in ("https://evil.example", "//evil.example", "/\\evil.example"):
            assert bob.post("/settings/theme", {"theme": "neon", "back": elsewhere})["Location"] == "/"
        assert 'data-theme="light"' in page(bob, "/people")

    @pytest.mark.parametrize("changed", [{"theme": "neon"}, {"time_zone": "Mars/Base"}, {"density": "none"}])
    def test_what_there_is_not_is_refused(self, changed: dict[str, str], bob: Client) -> None:
        form = {"language": "", "time_zone": "", "theme": "auto", "density": "normal"}
        assert bob.post("/settings/me", form | changed).status_code == 422


class TestApiKeys:
    """Keys of users."""

    PATH = "/api/profiles/user_id:1"

    def make(self, client: Client, *scopes: str, days: int = 90) -> str:
        answer = client.post("/settings/keys", {"name": "Report", "scopes": scopes, "days": days})
        return found(r'id="key">(uk_[\w-]+)<', answer.content.decode())

    def ask(self, key: str, method: str = "get", path: str = PATH, **body: str) -> int:
        client = Client(headers={"authorization": f"Bearer {key}"})
        return int(getattr(client, method)(path, body, content_type="application/json").status_code)

    def test_a_key_acts_as_its_user_within_its_scopes(self, alice: Client, bob: Client, shop: Shop) -> None:
        shop.identify("1", email="ada@example.com")
        rule = {"rule": "never", "a": "user_id:1", "b": "user_id:1", "path": "/api/identity/links", "method": "post"}
        assert self.ask(self.make(bob, "read")) == 200
        assert self.ask(self.make(alice, "edit")) == 403  # not read
        assert self.ask(self.make(bob, "read", "edit", "manage"), **rule) == 403  # bob may not
        assert self.ask(self.make(alice, "read"), **rule) == 403

    def test_personal_data_needs_the_scope_and_the_user(self, alice: Client, bob: Client, shop: Shop) -> None:
        shop.identify("1", email="ada@example.com")

        def shows(key: str) -> bool:
            answer = Client(headers={"x-api-key": key}).get(self.PATH)
            return b"ada@example.com" in answer.content

        scopes = ("read", "personal_data")
        assert [shows(self.make(alice, *scopes)), shows(self.make(alice, "read")), shows(self.make(bob, *scopes))] == [
            True, False, False,
        ]  # fmt: skip

    def test_a_key_ends_when_it_is_ended_or_expires_or_its_user_is_disabled(self, bob: Client, shop: Shop) -> None:
        from onefold.accounts.models import ApiKey, User

        shop.identify("1")
        first, second, third = (self.make(bob, "read") for _ in range(3))
        ids = list(ApiKey.objects.order_by("pk").values_list("pk", flat=True))
        bob.post(f"/settings/keys/{ids[0]}/end")
        ApiKey.objects.filter(pk=ids[1]).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        assert [self.ask(key) for key in (first, second, third)] == [401, 401, 200]
        User.objects.filter(username="bob").update(is_active=False)
        forget_keys()
        assert self.ask(third) == 401

    def test_only_a_hash_is_kept_and_the_text_is_shown_once(self, bob: Client, shop: Shop) -> None:
        key = self.make(bob, "read")
        assert key not in page(bob, "/settings/keys")
        row = shop.conn.execute("select row_to_json(k)::text from accounts_apikey k").fetchone()
        assert row is not None
        assert key not in row[0]
        assert key not in str(audit_page(shop.conn, Filter()))

    def test_nobody_ends_the_key_of_another_but_who_manages_users(self, alice: Client, bob: Client) -> None:
        from onefold.accounts.models import ApiKey

        self.make(alice, "read")
        self.make(bob, "read")
        of_alice, of_bob = ApiKey.objects.order_by("pk")
        assert bob.post(f"/settings/keys/{of_alice.pk}/end", {"user": of_alice.user_id}).status_code == 404
        assert alice.post(f"/settings/keys/{of_bob.pk}/end", {"user": of_bob.user_id}).status_code == 302
        of_alice.refresh_from_db()
        of_bob.refresh_from_db()
        assert (of_alice.revoked_at is None, of_bob.revoked_at is None) == (True, False)

    def test_use_is_noted(self, bob: Client, shop: Shop) -> None:
        shop.identify("1")
        key = self.make(bob, "read")
        assert "Never</span></td>" in page(bob, "/settings/keys")
        self.ask(key)
        assert "just now" in page(bob, "/settings/keys")


class TestAudit:
    """The page of the audit log."""

    def test_filters_and_pages(self, alice: Client, shop: Shop) -> None:
        for number in range(150):
            audit(shop.conn, actor=f"user:u{number % 2}", action="thing.done", target=f"thing:{number}")
        first = page(alice, "/settings/audit?actor=user:u1")
        assert "thing:149" in first
        assert "thing:148" not in first
        everything = page(alice, "/settings/audit")
        older = found(r'rel="next" href="\?([^"]*)"', everything)
        assert "thing:49" in page(alice, f"/settings/audit?{older}")
        assert "thing:149<" not in page(alice, f"/settings/audit?{older}")

    @pytest.mark.parametrize("query", ["before=x", "before=-1", "before=" + "9" * 30, "actor=%00", "action=<b>"])
    def test_addresses_made_by_hand(self, query: str, alice: Client) -> None:
        assert "<b>" not in page(alice, f"/settings/audit?{query}")

    def test_html_in_entries_stays_text(self, alice: Client, shop: Shop) -> None:
        audit(shop.conn, actor="<b>x", action="<i>y", target="<u>z", details={"k": "<script>"})
        assert not {"<b>x", "<i>y", "<u>z", "<script>}"} & set(page(alice, "/settings/audit").split())
