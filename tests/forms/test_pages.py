"""The pages of forms: made, built, published, looked through, by those who may."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from onefold.forms import store
from onefold.forms.definition import definition_from, text_of
from tests.web.conftest import Shop, _pool, _quick_passwords, alice, bob, robot, shop, transactional_users

__all__ = ["_pool", "_quick_passwords", "alice", "bob", "robot", "shop", "transactional_users"]


def new_form(client: Client, **fields: str) -> int:
    answer = client.post("/forms/new", {"name": "Contact us", "template": "contact"} | fields)
    assert answer.status_code == 302, answer.content.decode()
    return int(answer.headers["Location"].rpartition("/")[2])


def sent(**changes: Any) -> dict[str, Any]:
    """What the builder's page sends of a form with two fields."""
    return {
        "at": ["0", "1"],
        "name-0": "email", "kind-0": "email", "label-0": "E-mail", "required-0": "yes",
        "name-1": "shoe_size", "kind-1": "choice", "label-1": "Size", "choices-1": "40\r\n41\r\n\r\n41",
        "title": "Hello", "name": "Contact us", "accent": "#AA0000", "corner": "12", "least_s": "0",
        "lifecycle_stage": "lead", "lead_source": "form",
    } | changes  # fmt: skip


def test_a_form_is_built_published_and_changed(alice: Client, shop: Shop) -> None:
    number = new_form(alice)
    assert alice.get(f"/forms/{number}").status_code == 200
    answer = alice.post(f"/forms/{number}/draft", sent())
    assert answer.status_code == 200
    shown = json.loads(html.unescape(re.findall(r'data-shown="(.*?)"', answer.content.decode())[0]))
    assert (shown["title"], shown["accent"], shown["corner"], shown["on_accent"]) == ("Hello", "#aa0000", 12, "#fff")
    assert [(field["name"], field["choices"]) for field in shown["fields"]] == [
        ("email", []),
        ("shoe_size", ["40", "41"]),
    ]
    assert alice.post(f"/forms/{number}/publish").headers["Location"] == f"/forms/{number}/embed"
    form = store.find_form(shop.conn, number)
    assert (form.status, form.published, form.is_published_so) == ("published", 1, True)
    assert form.key in alice.get(f"/forms/{number}/embed").content.decode()
    alice.post(f"/forms/{number}/draft", sent(title="Other"))
    assert b"Visitors still get version 1" in alice.get(f"/forms/{number}").content
    alice.post(f"/forms/{number}/undo")
    assert store.find_form(shop.conn, number).is_published_so


@pytest.mark.parametrize(
    ("act", "names"),
    [
        ("up:1", ["shoe_size", "email"]),
        ("down:0", ["shoe_size", "email"]),
        ("up:0", ["email", "shoe_size"]),
        ("remove:0", ["shoe_size"]),
        ("remove:7", ["email", "shoe_size"]),
        ("add:phone", ["email", "shoe_size", "phone"]),
        ("add:text", ["email", "shoe_size", "field"]),
        ("nonsense:x", ["email", "shoe_size"]),
    ],
)
def test_a_button_moves_adds_and_removes_fields(alice: Client, shop: Shop, act: str, names: list[str]) -> None:
    number = new_form(alice)
    answer = alice.post(f"/forms/{number}/draft", sent(act=act))
    assert [field.name for field in store.find_form(shop.conn, number).draft.fields] == names
    assert answer.content.decode().count('class="form-field"') == len(names)


def test_dragging_sends_the_fields_in_their_new_order(alice: Client, shop: Shop) -> None:
    number = new_form(alice)
    alice.post(f"/forms/{number}/draft", sent(at=["1", "0"]))
    assert [field.name for field in store.find_form(shop.conn, number).draft.fields] == ["shoe_size", "email"]


def test_what_is_wrong_is_said_and_not_published(alice: Client, shop: Shop) -> None:
    number = new_form(alice)
    answer = alice.post(
        f"/forms/{number}/draft", sent(**{"name-1": "email", "purposes": ["no_such"], "redirect": "javascript:x"})
    )
    for said in ("Two fields are called email", "no purpose", "begins with https"):
        assert said in answer.content.decode()
    alice.post(f"/forms/{number}/publish")
    assert store.find_form(shop.conn, number).published is None


def test_html_stays_text_everywhere(alice: Client, shop: Shop) -> None:
    evil = '"><script>alert(1)</script>'
    number = new_form(alice, name=evil)
    texts = ("title", "intro", "wording", "subject", "mail", "message", "button", "owner", "label-1", "placeholder-0")
    alice.post(f"/forms/{number}/draft", sent(**dict.fromkeys(texts, evil), name=evil))
    for path in ("/forms", f"/forms/{number}", f"/forms/{number}/embed", f"/forms/{number}/submissions"):
        page = alice.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()


def test_viewers_see_what_was_sent_and_change_nothing(bob: Client, alice: Client, shop: Shop) -> None:
    number = new_form(alice)
    assert bob.get("/forms").status_code == 200
    assert bob.get(f"/forms/{number}/submissions").status_code == 200
    assert bob.get(f"/forms/{number}").status_code == 403
    for act in ("draft", "publish", "archive", "undo"):
        assert bob.post(f"/forms/{number}/{act}", sent()).status_code == 403
    assert store.find_form(shop.conn, number).published is None


def test_an_archived_form_comes_back(alice: Client, shop: Shop) -> None:
    number = new_form(alice)
    alice.post(f"/forms/{number}/publish")
    alice.post(f"/forms/{number}/archive")
    assert store.find_form(shop.conn, number).status == "archived"
    alice.post(f"/forms/{number}/restore")
    assert store.find_form(shop.conn, number).status == "published"


def test_forms_by_the_api(robot: Client, shop: Shop) -> None:
    made = robot.post("/api/forms", {"name": "By API", "source": "web-shop"}, content_type="application/json")
    assert made.status_code == 201
    path = f"/api/forms/{made.json()['id']}"
    draft = made.json()["definition"] | {"title": "Hello", "least_s": 0}
    changed = robot.patch(path, {"definition": draft}, content_type="application/json").json()
    assert changed["definition"]["title"] == "Hello"
    assert robot.post(f"{path}/publish").json() == {"version": 1}
    assert robot.get(path).json()["is_published_so"] is True
    wrong = robot.patch(path, {"definition": {"fields": 7}}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "form_invalid")
    assert robot.get(f"{path}/submissions").json() == {"submissions": [], "next": None}
    assert [one["name"] for one in robot.get("/api/forms").json()] == ["By API"]
    assert robot.get("/api/forms/999").status_code == 404
    assert definition_from(text_of(store.find_form(shop.conn, made.json()["id"]).draft)).title == "Hello"
    actions = shop.conn.execute("select action from audit where target like 'form:%%' order by id").fetchall()
    assert [action for (action,) in actions] == ["form.created", "form.drafted", "form.published"]
