"""What is sent by a form: checked, kept once, logged with the visitor's anonymous id, kept aside when suspicious."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from onefold.forms import store
from onefold.forms.definition import STANDARD, Consent, Field
from onefold.forms.store import Form
from onefold.programs.collector.form_book import FRESH_S
from tests.forms.conftest import Visitor

Conn = Connection[Any]
Published = Callable[..., Form]
ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "Ada@Example.com", "message": "Hello"}
ABOUT = {
    "url": "https://shop.example/tents?utm_source=news&utm_medium=email&utm_campaign=spring&gclid=g1",
    "title": "Tents",
    "referrer": "https://search.example/",
    "anonymous_id": "anon-1",
}


def states(db: Conn) -> list[tuple[str, str]]:
    return list(db.execute("select state, reason from form_submission order by at"))


def test_a_submission_is_two_events_of_one_row_with_the_anonymous_id(visitor: Visitor, published: Published) -> None:
    form = published()
    answer = visitor.send(form, ADA, about=ABOUT)
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    (row,) = visitor.log.rows()
    assert row.n == 2
    person, sent = visitor.logged()
    assert (person["type"], person["anonymousId"], sent["anonymousId"]) == ("identify", "anon-1", "anon-1")
    assert person["traits"] == {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "Ada@Example.com",
        "lifecycle_stage": "lead",
        "lead_source": "form",
    }
    assert sent["event"] == "Form Submitted"
    assert sent["properties"] == {
        "message": "Hello",
        "form": "Write to us",
        "formKey": form.key,
        "formVersion": 1,
        "gclid": "g1",
    }
    context = sent["context"]
    assert context["page"] == {key: ABOUT[key] for key in ("url", "title", "referrer")} | {"path": "/tents"}
    assert context["campaign"] == {"source": "news", "medium": "email", "name": "spring"}
    assert context["ip"] == "127.0.0.0"  # as the source's policy leaves it


def test_the_page_without_scripts_takes_the_same(visitor: Visitor, published: Published) -> None:
    form = published()
    page = visitor.http.get(f"/forms/{form.key}?utm_source=news", headers={"referer": "https://shop.example/a"})
    assert "script-src" not in page.headers["content-security-policy"]
    assert 'value="news"' in page.text
    token = page.text.split('name="token" value="')[1].split('"')[0]
    data = ADA | {"token": token, "utm_source": "news", "page": "https://shop.example/a"}
    wrong = visitor.http.post(f"/forms/{form.key}", data=data | {"email": "no address"})
    assert wrong.status_code == 422
    assert "This is no e-mail address" in wrong.text
    assert 'value="Lovelace"' in wrong.text
    assert visitor.log.rows() == []
    answer = visitor.http.post(f"/forms/{form.key}", data=data)
    assert answer.status_code == 200
    assert "Thank you" in answer.text
    person, sent = visitor.logged()
    assert person["traits"]["email"] == "Ada@Example.com"
    assert sent["context"]["campaign"] == {"source": "news"}
    assert sent["context"]["page"]["path"] == "/a"


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        (STANDARD["email"], "", "fill this in"),
        (STANDARD["email"], "ada@", "no e-mail"),
        (STANDARD["phone"], "call me", "no phone"),
        (STANDARD["first_name"], "x" * 10_000, "too long"),
        (Field(name="n", kind="number", label="N"), "NaN", "no number"),
        (Field(name="n", kind="number", label="N"), "1e400", "no number"),
        (Field(name="c", kind="choice", label="C", choices=("a", "b")), "c", "choose"),
        (Field(name="c", kind="choices", label="C", choices=("a", "b")), ["a", "c"], "choose"),
    ],
)
def test_a_wrong_answer_is_told_beside_its_field(
    visitor: Visitor, published: Published, db: Conn, field: Field, value: Any, word: str
) -> None:
    form = published(fields=(field,))
    answer = visitor.send(form, {field.name: value})
    assert answer.status_code == 422
    assert list(answer.json()["faults"]) == [field.name]
    assert word in answer.json()["faults"][field.name]
    assert visitor.log.rows() == []
    assert states(db) == []


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "שלום עולם", "🐵" * 60, "a\0b", "'; drop table form; --"]
)
def test_awful_names_are_kept_as_they_are(visitor: Visitor, published: Published, name: str) -> None:
    form = published(fields=(STANDARD["first_name"], STANDARD["email"]))
    assert visitor.send(form, {"first_name": name, "email": "a@b.example"}).status_code == 200
    kept = visitor.logged()[0]["traits"]["first_name"]
    assert kept.replace("\ufffd", "\0") == name


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{" * 10_000, "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"a=1", "multipart/form-data; boundary=x", 415),
        (b"x" * 200_000, "application/json", 413),
        (b"&".join(b"a%d=1" % n for n in range(3_000)), "application/x-www-form-urlencoded", 400),
        (b'{"answers": 7, "about": [], "token": {}}', "application/json", 422),
    ],
)
def test_a_bad_body_is_refused(visitor: Visitor, published: Published, content: bytes, kind: str, status: int) -> None:
    answer = visitor.http.post(f"/forms/{published().key}", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert visitor.log.rows() == []


def test_a_token_counts_once(visitor: Visitor, published: Published, db: Conn) -> None:
    form = published()
    token = visitor.token(form)
    for _ in range(3):
        assert visitor.send(form, ADA, token=token).json()["ok"]
    assert len(visitor.log.rows()) == 1
    assert states(db) == [("accepted", "")]


def test_what_is_suspicious_is_kept_aside_and_answered_alike(visitor: Visitor, published: Published, db: Conn) -> None:
    form, slow = published(), published(least_s=30)
    good = visitor.send(form, ADA).json()
    for answers, more in (
        (ADA | {"website": "https://spam.example"}, {}),
        (ADA, {"token": "forged"}),
        (ADA | {"first_name": "see www.spam.example"}, {}),
    ):
        assert visitor.send(form, answers, **more).json() == good
    assert visitor.send(slow, ADA).json() == good
    assert len(visitor.log.rows()) == 1
    assert states(db) == [("accepted", ""), *(("held", why) for why in ("honeypot", "no_token", "links", "too_fast"))]


def test_an_address_that_sends_too_much_waits_and_others_go_on(
    visitor: Visitor, published: Published, db: Conn
) -> None:
    form, other = published(), published()
    answers = [visitor.send(form, ADA | {"email": f"a{n}@b.example"}).status_code for n in range(14)]
    assert answers == [200] * 10 + [429] * 4
    assert visitor.send(other, ADA).status_code == 200
    assert len(states(db)) == 11


def test_what_is_kept_aside_is_bounded(
    visitor: Visitor, published: Published, db: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onefold.forms.taking.MAX_HELD", 2)
    form = published()
    for _ in range(4):
        assert visitor.send(form, ADA, token="forged").status_code == 200
    assert states(db) == [("held", "no_token")] * 2
    assert visitor.send(form, ADA).status_code == 200
    assert len(visitor.log.rows()) == 1


def test_other_sites_are_refused(visitor: Visitor, published: Published) -> None:
    form = published(origins=("https://shop.example",))
    refused = visitor.send(form, ADA, headers={"origin": "https://evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "origin_not_allowed")
    assert visitor.send(form, ADA, headers={"origin": "https://shop.example"}).status_code == 200
    own = str(visitor.http.base_url)
    assert visitor.send(form, ADA, headers={"origin": own}).status_code == 200  # the hosted page
    policy = visitor.http.get(f"/forms/{form.key}").headers["content-security-policy"]
    assert "frame-ancestors https://shop.example" in policy


def test_consent_is_stated_with_its_wording_and_only_when_ticked(visitor: Visitor, published: Published) -> None:
    consent = Consent(purposes=("email_marketing",), wording="Send me <b>news</b>.")
    form = published(consent=consent)
    visitor.send(form, ADA)
    visitor.send(form, ADA | {"consent": True})
    names = [event.get("event") for event in visitor.logged()]
    assert names == [None, "Form Submitted", None, "Form Submitted", "Consent Updated"]
    said = visitor.logged()[-1]["properties"]
    assert said["purposes"] == {"email_marketing": True}
    assert (said["wording"], said["wordingVersion"], said["form"]) == ("Send me <b>news</b>.", 1, "Write to us")


def test_no_text_of_a_form_ends_its_script_or_page(visitor: Visitor, published: Published) -> None:
    evil = '</script><script>alert(1)</script>"\u2028'
    form = published(title=evil, fields=(Field(name="email", kind="email", label=evil, placeholder=evil),))
    script = visitor.http.get(f"/forms/{form.key}.js").text
    assert "</script><script>alert" not in script
    assert "\u2028" not in script
    assert "<script>alert" not in visitor.http.get(f"/forms/{form.key}").text


def test_only_published_forms_are_served(visitor: Visitor, published: Published, db: Conn) -> None:
    form = published()
    draft = store.create_form(db, name="D", template="contact", source_id=None, acting_user="user:alice")
    assert visitor.http.get(f"/forms/{form.key}").status_code == 200
    for path in (draft.key, f"{draft.key}.js", f"{draft.key}/token", "nothing", f"{form.key}/x", ""):
        assert visitor.http.get(f"/forms/{path}").status_code == 404
    store.set_archived(db, form.id, is_archived=True, acting_user="user:alice")
    time.sleep(FRESH_S)
    gone = visitor.http.get(f"/forms/{form.key}", headers={"accept": "text/html"})
    assert (gone.status_code, "not open any more" in gone.text) == (404, True)
    assert visitor.http.post(f"/forms/{form.key}", json={"answers": ADA}).json()["code"] == "form_unknown"


def test_views_and_outcomes_are_counted(visitor: Visitor, published: Published, db: Conn, collector: Any) -> None:
    form = published()
    visitor.send(form, ADA)
    visitor.send(form, ADA | {"email": "x"})
    visitor.send(form, ADA, token="forged")
    collector.stop()
    (line,) = store.list_forms(db)
    assert line.counts == {"view": 3, "accepted": 1, "faulty": 1, "held:no_token": 1}
    assert (line.views, line.submissions, line.aside) == (3, 1, 1)
