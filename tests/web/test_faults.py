"""Errors on the way: no stack trace, no foreign content, nothing personal in the log."""

from collections.abc import Iterator
from typing import Any

import django.db
import psycopg
import pytest
import structlog
from django.test import Client

from onefold.infra.pool import close_pool, open_pool
from onefold.programs.web import context
from tests.web.conftest import Shop

TRACES = ("Traceback", "site-packages", "Exception", "psycopg", 'File "')


@pytest.fixture
def lenient(bob: Client) -> Client:
    """Bob's browser: it shows what the server answers, where the test client would raise."""
    bob.raise_request_exception = False
    return bob


@pytest.fixture
def no_database(shop: Shop, pg_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The hot tables' database doesn't answer."""
    monkeypatch.setattr("onefold.infra.pool.WAIT_S", 0.2)
    open_pool("postgresql://nobody:x@127.0.0.1:1/none", "tests", max_size=1)
    yield
    close_pool()
    open_pool(pg_url, "tests", max_size=4)


@pytest.mark.parametrize("path", ["/", "/signin", "/nope", "/api/nope", "/static/onefold.css", "/health", "/people"])
def test_every_answer_carries_the_headers(path: str, charlie: Client) -> None:
    response = charlie.get(path)
    response.close()
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"


def test_pages_are_not_kept_by_caches_but_their_style_is(bob: Client) -> None:
    assert bob.get("/people")["Cache-Control"] == "private, no-store"
    style = bob.get("/static/onefold.css")
    style.close()
    assert "max-age" in style["Cache-Control"]


@pytest.mark.parametrize(
    "name",
    ["onefold.js", "js/palette.js", "vendor/tabler.css", "vendor/icons.svg", "logo.svg", "django_htmx/htmx-2.min.js"],
)
def test_static_files_are_there(name: str, charlie: Client) -> None:
    response = charlie.get(f"/static/{name}")
    response.close()
    assert response.status_code == 200


def test_no_page_holds_what_the_policy_forbids(alice: Client, shop: Shop) -> None:
    shop.identify("1", name="Ada")
    for path in (
        "/people",
        "/people?q=user_id:1",
        "/events",
        "/violations",
        "/sources",
        "/sources/back-end",
        "/sources/new",
    ):
        html = alice.get(path, follow=True).content.decode()
        assert " style=" not in html
        assert " onclick" not in html
        assert html.count("<script") > 0
        assert html.count("<script") == html.count('<script src="/static/')  # all by address


@pytest.mark.parametrize("fault", [RuntimeError("ada@example.com broke"), ValueError("secret"), KeyError("mailto:x")])
def test_a_defect_says_nothing_of_itself(fault: Exception, lenient: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("onefold.profiles.people.people_page", broken)
    monkeypatch.setattr("onefold.events.rest.violation_page", broken)
    with structlog.testing.capture_logs() as logs:
        for path in ("/people", "/api/violations"):
            response = lenient.get(path)
            text = response.content.decode()
            assert response.status_code == 500
            assert not any(trace in text for trace in (*TRACES, str(fault.args[0])))
    broke = [entry for entry in logs if entry["event"] == "request_broke"]
    assert [entry["path_pattern"] for entry in broke] == ["people", "api/violations"]
    assert str(fault.args[0]) not in str(broke)
    assert any("people_list" in place for place in broke[0]["places"])


def test_a_defect_in_the_api_is_json(lenient: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onefold.events.rest.violation_page", None)
    assert lenient.get("/api/violations").json()["code"] == "broken"


def test_without_database_it_is_503_and_says_so(lenient: Client, robot: Client, no_database: None) -> None:
    response = lenient.get("/people")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "can&#x27;t be reached" in response.content.decode()
    for path in ("/api/violations", "/api/profiles/user_id:1"):
        answer = lenient.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    answer = lenient.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    assert "Down" in lenient.get("/health/page").content.decode()


def test_sessions_on_a_lost_database_are_503_too(lenient: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object, **__: object) -> None:
        raise django.db.OperationalError("connection to server at 10.0.0.7 failed")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", lost)
    for path in ("/people", "/api/violations"):
        response = lenient.get(path)
        assert response.status_code == 503
        assert "10.0.0.7" not in response.content.decode()


def test_a_statement_that_takes_too_long_is_given_up(lenient: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        raise psycopg.errors.QueryCanceled("canceling statement due to statement timeout")

    monkeypatch.setattr("onefold.profiles.people.people_page", slow)
    response = lenient.get("/people?q=x")
    assert response.status_code == 503
    assert "longer than" in response.content.decode()


def test_a_foreign_host_name_is_refused(charlie: Client) -> None:
    response = charlie.get("/signin", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "ONEFOLD_WEB_ALLOWED_HOSTS" in response.content.decode()


def test_a_forged_form_is_refused_with_a_way_out(alice: Client, shop: Shop) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = alice.cookies
    response = strict.post("/sources/back-end/switch", {"is_enabled": "0"})
    assert response.status_code == 403
    assert "load the page anew" in response.content.decode()
    assert shop.conn.execute("select is_enabled from source where slug = 'back-end'").fetchone() == (True,)


@pytest.mark.parametrize(
    "path", ["/people", "/events", "/violations", "/people/x", "/sources/back-end", "/health/page"]
)
def test_pages_that_only_show_are_not_posted_to(path: str, alice: Client) -> None:
    assert alice.post(path).status_code == 405


def test_the_side_bar_works_before_anybody_is_known() -> None:
    class Bare:
        path = "/"

    bare: Any = Bare()
    assert context.shell(bare)["places"] == []


def test_a_method_the_api_does_not_have_is_told_as_json(alice: Client) -> None:
    response = alice.delete("/api/violations")
    assert response.status_code == 405
    assert response.json() == {"code": "method_not_allowed", "message": "DELETE isn't possible here; GET is."}
    assert response["Allow"] == "GET"


def test_a_request_that_is_too_large_is_no_defect_of_ours(alice: Client) -> None:
    answer = alice.post("/api/retractions", "[" + "1," * 600_000, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")
