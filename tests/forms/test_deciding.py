"""What waits: for a click in a mail, or for somebody who looks at what was kept aside; and how it goes."""

import re
from collections.abc import Callable
from email import message_from_string
from email.message import Message
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from psycopg import Connection

from onefold.config import MailSettings, Settings
from onefold.forms import store, submissions
from onefold.forms.api import forget_submissions
from onefold.forms.definition import FormRejected, OptIn
from onefold.forms.jobs import MAX_TRIES, send_confirmations
from onefold.forms.store import Form
from onefold.forms.tokens import read_confirm, read_shown, shown_token
from onefold.kernel.errors import NotFound
from onefold.kernel.hashing import identifier_hash
from tests.forms.conftest import Visitor
from tests.web.conftest import Shop
from tests.web.mail_server import MailServer, mail_server

Conn = Connection[Any]
Published = Callable[..., Form]
AGREED = {"email": "ada@example.com", "consent": "yes"}


@pytest.fixture
def mails() -> Any:
    with mail_server() as server:
        yield server


@pytest.fixture
def mailing(settings: Settings, mails: MailServer) -> Settings:
    """Settings with a mail server."""
    mail = MailSettings(host="127.0.0.1", port=mails.port, security="none", sender="shop@norrland.example")
    return msgspec.structs.replace(settings, mail=mail)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No processor runs."""
    monkeypatch.setattr("onefold.events.log.WAIT_S", 0.02)


def parts(mail: Message) -> tuple[str, str]:
    """Its text and its HTML."""
    found = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
    text, html = [part.decode() for part in found if isinstance(part, bytes)]
    return text, html


def link_of(mail: Message) -> str:
    found = re.search(r"http://\S+(/forms/\S+)", parts(mail)[0])
    assert found
    return found[1]


def states(db: Conn) -> list[str]:
    return [state for (state,) in db.execute("select state from form_submission order by at")]


def test_nothing_is_logged_before_the_mail_is_confirmed(
    visitor: Visitor, published: Published, db: Conn, mailing: Settings, mails: MailServer
) -> None:
    form = published("newsletter")
    assert "confirm it by the link" in visitor.send(form, AGREED).json()["message"]
    assert visitor.log.rows() == []
    assert db.execute(
        "select count(*) from procrastinate_jobs where task_name = 'forms:send_confirmations'"
    ).fetchone() == (1,)
    assert send_confirmations(mailing) == 1
    assert send_confirmations(mailing) == 0  # not twice
    ((recipients, text),) = mails.came
    mail = message_from_string(text)
    assert (recipients, mail["From"], mail["Subject"]) == (
        ["ada@example.com"],
        "shop@norrland.example",
        "Please confirm",
    )
    page = visitor.http.get(link_of(mail))  # as programs do that look through mail
    assert "<button>Confirm</button>" in page.text
    assert (visitor.log.rows(), states(db)) == ([], ["waiting"])
    for _ in range(2):
        assert "It is confirmed" in visitor.http.post(link_of(mail)).text
    (row,) = visitor.log.rows()
    assert row.n == 3
    person, sent, consent = visitor.logged()
    assert (person["traits"]["email"], sent["event"]) == ("ada@example.com", "Form Submitted")
    said = consent["properties"]
    assert said["purposes"] == {"email_marketing": True}
    assert said["wording"].startswith("Send me news")
    assert said["confirmedAt"] > said["givenAt"]
    assert consent["context"]["ip"] == "127.0.0.0"
    assert states(db) == ["confirmed"]
    assert db.execute("select held, ends_at, mail_at from form_submission").fetchone() == (None, None, None)


def test_a_forged_or_old_link_confirms_nothing(
    visitor: Visitor, published: Published, db: Conn, mailing: Settings, mails: MailServer
) -> None:
    form, other = published("newsletter"), published("newsletter")
    visitor.send(form, AGREED)
    send_confirmations(mailing)
    path = link_of(message_from_string(mails.came[0][1]))
    for wrong in (path[:-3] + "abc", path.replace(form.key, other.key), f"/forms/{form.key}/confirm/x"):
        assert visitor.http.post(wrong).status_code == 404
    db.execute("update form_submission set ends_at = now() - interval '1 second'")
    assert submissions.expire(db) == 1
    assert submissions.expire(db) == 0
    answer = visitor.http.post(path)
    assert (answer.status_code, "not valid any more" in answer.text) == (404, True)
    assert (visitor.log.rows(), states(db)) == ([], ["expired"])
    assert db.execute("select held from form_submission").fetchone() == (None,)


def test_the_mail_has_the_forms_words_and_no_strangers_html(
    visitor: Visitor, published: Published, mailing: Settings, mails: MailServer
) -> None:
    form = published("contact", opt_in=OptIn(is_on=True, subject="Hej {first_name}", text="Hi {first_name}\n\n{link}"))
    visitor.send(form, {"first_name": "<b>Ada</b>", "last_name": "L", "email": "a@b.example"})
    visitor.send(form, {"first_name": "https:// evil", "email": "c@d.example"})
    first_held = send_confirmations(mailing)
    assert first_held == 1  # the second is kept aside: a link in a name
    mail = message_from_string(mails.came[0][1])
    text, html = parts(mail)
    assert mail["Subject"] == "Hej <b>Ada</b>"
    assert text.startswith("Hi <b>Ada</b>")
    assert "<b>" not in html
    assert "&lt;b&gt;Ada" in html


def test_a_mail_that_does_not_leave_is_tried_again_and_says_so(
    visitor: Visitor, published: Published, db: Conn, settings: Settings
) -> None:
    form = published("newsletter")
    visitor.send(form, AGREED)
    for tries in range(1, MAX_TRIES + 1):
        db.execute("update form_submission set mail_at = now()")
        assert send_confirmations(settings) == 0
        assert db.execute("select mail_tries from form_submission").fetchone() == (tries,)
    (one,) = submissions.submissions_of(db, form.id)
    assert (one.mail_fault, one.mailed_at) == ("No mail server is set.", None)
    assert db.execute("select mail_at from form_submission").fetchone() == (None,)


def test_nobody_is_flooded_with_mails(
    visitor: Visitor, published: Published, db: Conn, mailing: Settings, mails: MailServer
) -> None:
    form = published("newsletter")
    for _ in range(5):
        assert visitor.send(form, AGREED).json()["ok"]
    assert send_confirmations(mailing) == 3
    assert states(db) == ["waiting"] * 3 + ["held"] * 2


def test_what_was_kept_aside_is_let_in_by_one_click(visitor: Visitor, published: Published, db: Conn) -> None:
    form = published()
    visitor.send(
        form, {"email": "ada@example.com", "first_name": "Ada"}, token="forged", about={"anonymous_id": "anon-1"}
    )
    (one,) = submissions.submissions_of(db, form.id)
    assert (one.state, one.reason, one.answers) == (
        "held",
        "no_token",
        {"email": "ada@example.com", "first_name": "Ada"},
    )
    assert submissions.let_in(db, form.id, one.id, acting_user="user:alice") == "released"
    person, sent = visitor.logged()
    assert (person["traits"]["first_name"], sent["anonymousId"]) == ("Ada", "anon-1")
    with pytest.raises(NotFound):
        submissions.let_in(db, form.id, one.id, acting_user="user:alice")
    assert len(visitor.log.rows()) == 1
    assert db.execute("select action from audit order by id desc limit 1").fetchone() == ("submission.let_in",)


def test_what_is_let_in_of_a_form_with_confirmation_is_asked_to_confirm(
    visitor: Visitor, published: Published, db: Conn, mailing: Settings, mails: MailServer
) -> None:
    form = published("newsletter")
    visitor.send(form, AGREED, token="forged")
    (one,) = submissions.submissions_of(db, form.id)
    assert submissions.let_in(db, form.id, one.id, acting_user="user:alice") == "waiting"
    assert visitor.log.rows() == []
    assert send_confirmations(mailing) == 1
    visitor.http.post(link_of(message_from_string(mails.came[0][1])))
    assert len(visitor.logged()) == 3


def test_what_is_thrown_away_leaves_no_answers(visitor: Visitor, published: Published, db: Conn) -> None:
    form, other = published(), published()
    visitor.send(form, {"email": "ada@example.com"}, token="forged")
    (one,) = submissions.submissions_of(db, form.id)
    with pytest.raises(NotFound):
        submissions.discard(db, other.id, one.id, acting_user="user:alice")
    submissions.discard(db, form.id, one.id, acting_user="user:alice")
    assert db.execute("select state, held from form_submission").fetchone() == ("discarded", None)
    assert visitor.log.rows() == []


def test_an_erased_person_leaves_no_submission(visitor: Visitor, published: Published, db: Conn) -> None:
    form = published()
    visitor.send(form, {"email": "Ada@example.com"})
    visitor.send(form, {"email": "bela@example.com"}, token="forged")
    assert forget_submissions(db, [identifier_hash("email", "ada@example.com")]) == 1
    assert states(db) == ["held"]


def test_who_is_a_customer_does_not_become_a_lead(visitor: Visitor, published: Published, db: Conn) -> None:
    form = published()
    Shop(db).identify("1", email="ada@example.com", lifecycle_stage="customer")
    visitor.send(form, {"email": "ada@example.com"})
    assert visitor.logged()[0]["traits"] == {"email": "ada@example.com", "lead_source": "form"}


def test_tokens_are_signed_each_for_its_purpose() -> None:
    token = shown_token(b"s" * 32, 1_700_000_000, b"n" * 12)
    assert read_shown(b"s" * 32, token) == (1_700_000_000, b"n" * 12)
    assert read_shown(b"t" * 32, token) is None
    assert read_confirm(b"s" * 32, token) is None
    for wrong in ("", "ä", "x" * 500, token[:-1], token + "A", str(uuid4())):
        assert read_shown(b"s" * 32, wrong) is None


def test_a_draft_is_published_when_nothing_is_wrong_with_it(db: Conn, published: Published) -> None:
    form = published()
    assert store.publish(db, form.id, has_mail=True, acting_user="user:alice") == 1  # nothing is new
    bad = msgspec.structs.replace(form.draft, fields=(), opt_in=OptIn(is_on=True, text="no link"))
    store.save_draft(db, form.id, bad, acting_user="user:alice")
    with pytest.raises(FormRejected, match=r"needs a field that visitors fill in.*required e-mail.*needs {link}"):
        store.publish(db, form.id, has_mail=True, acting_user="user:alice")
    assert store.find_form(db, form.id).published == 1
    assert store.undo(db, form.id, acting_user="user:alice").is_published_so
    renamed = msgspec.structs.replace(form.draft, title="New")
    store.save_draft(db, form.id, renamed, acting_user="user:alice")
    assert store.publish(db, form.id, has_mail=True, acting_user="user:alice") == 2
    assert store.take_version(db, form.id, 1, acting_user="user:alice").draft == form.draft
    assert [version for version, _, _ in store.versions_of(db, form.id)] == [2, 1]


def test_confirmation_needs_a_mail_server(db: Conn, published: Published) -> None:
    form = store.create_form(db, name="N", template="newsletter", source_id=None, acting_user="user:alice")
    with pytest.raises(FormRejected, match="ONEFOLD_MAIL_HOST"):
        store.publish(db, form.id, has_mail=False, acting_user="user:alice")
