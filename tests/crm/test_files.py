"""Files: kept to the last byte, within bounds, for whom the record is; served so that nothing in them runs."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from django.test import Client

from onefold.accounts.api import PersonalData, Role
from onefold.crm import files
from onefold.crm.errors import FileRejected
from onefold.crm.files import PIECE_BYTES, SHOWN, clean_name, forget_files
from onefold.crm.viewer import Viewer
from onefold.profiles.api import to_text
from tests.crm.api import Api
from tests.crm.conftest import events_of, new
from tests.crm.floor import Floor
from tests.web.conftest import Shop, signed_in

PNG: Final = b"\x89PNG\r\n\x1a\n" + b"x" * 50
Team = dict[str, Viewer]


def send(browser: Client, path: str, body: bytes = b"hello", name: str = "a.txt", kind: str = "text/plain") -> Any:
    return browser.generic("POST", path, body, kind, headers={"X-File-Name": name})


def got(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.fixture
def browser(browser_of: Any) -> Client:
    found: Client = browser_of("eve")
    return found


@pytest.fixture
def deal(people: Shop, team: Team) -> int:
    return new(people.conn, "deal", team["rob"], name="Camp", person="user_id:1")


def number_of(shop: Shop) -> int:
    row = shop.conn.execute("select max(id) from attachment").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("size", [1, PIECE_BYTES, 2 * PIECE_BYTES + 7])
def test_a_file_comes_back_as_it_was(people: Shop, deal: int, browser: Client, size: int) -> None:
    body = bytes(n % 251 for n in range(size))
    assert send(browser, f"/files/deal/{deal}", body, "Offer%20%C3%A4.pdf", "application/pdf").status_code == 200
    answer = browser.get(f"/files/{number_of(people)}")
    assert got(answer) == body
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''Offer%20%C3%A4.pdf"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "Offer ä.pdf" in browser.get(f"/deals/{deal}").content.decode()  # its line of time
    assert [one["properties"]["ending"] for one in events_of(people.conn) if one["event"] == "File Added"] == [".pdf"]


def test_only_pictures_are_shown_and_only_by_what_they_are(people: Shop, deal: int, browser: Client) -> None:
    html = b"<script>alert(1)</script>"
    for body, kind, is_shown in ((PNG, "text/html", True), (html, "image/png", False), (html, "image/svg+xml", False)):
        send(browser, f"/files/deal/{deal}", body, "x.png", kind)
        answer = browser.get(f"/files/{number_of(people)}/look")
        assert answer.status_code == (200 if is_shown else 404)
        assert not is_shown or answer["Content-Type"] in SHOWN


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\docs\\offer.pdf", "offer.pdf"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("\0a\n", "a"),
    ],
)
def test_names_are_made_harmless(name: str, kept: str) -> None:
    assert clean_name(name) == kept


@pytest.mark.parametrize("name", ["", " ", "..", "/", "\0"])
def test_a_file_needs_a_name(name: str) -> None:
    with pytest.raises(FileRejected):
        clean_name(name)


def test_bounds_are_told_and_nothing_is_kept(
    people: Shop, deal: int, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onefold.crm import file_views

    monkeypatch.setattr(file_views, "MOST_BYTES", 10)
    answer = send(browser, f"/files/deal/{deal}", b"x" * 11)
    assert (answer.status_code, "25 MB" in answer.content.decode()) == (413, True)
    assert send(browser, f"/files/deal/{deal}", b"").status_code == 400
    assert send(browser, f"/files/deal/{deal}", name="").status_code == 400
    monkeypatch.setattr(files, "MOST_FILES", 1)
    assert send(browser, f"/files/deal/{deal}").status_code == 200
    assert "Up to 1 files" in send(browser, f"/files/deal/{deal}").content.decode()
    monkeypatch.setattr(files, "MOST_FILES", 9)
    monkeypatch.setattr(files, "MOST_TOTAL", 9)
    assert send(browser, f"/files/deal/{deal}").status_code == 400
    assert people.conn.execute("select count(*) from attachment_piece").fetchone() == (1,)


def test_a_deleted_file_comes_back_until_it_is_forgotten(people: Shop, deal: int, browser: Client) -> None:
    send(browser, f"/files/deal/{deal}")
    number = number_of(people)
    assert "/files/" in browser.post(f"/files/{number}/delete", headers={"HX-Request": "true"})["HX-Trigger"]
    assert browser.get(f"/files/{number}").status_code == 404
    assert "a.txt" not in browser.get(f"/files/deal/{deal}").content.decode()
    browser.post(f"/files/{number}/restore")
    assert got(browser.get(f"/files/{number}")) == b"hello"
    browser.post(f"/files/{number}/delete")
    now = datetime.now(UTC)
    assert forget_files(people.conn, now) == 0
    assert forget_files(people.conn, now + timedelta(days=31)) == 1
    assert forget_files(people.conn, now + timedelta(days=31)) == 0
    assert people.conn.execute("select count(*) from attachment_piece").fetchone() == (0,)


def test_files_of_somebody_follow_a_merge(people: Shop, browser: Client) -> None:
    people.send({"type": "identify", "anonymousId": "b-9", "traits": {"phone": "+4930123456"}})
    rows = people.conn.execute("select id, name from profile").fetchall()
    ids = {name or "Bob": to_text(number) for number, name in rows}
    for name, one in ids.items():
        assert send(browser, f"/files/person/{one}", name=f"{name}.txt").status_code == 200
    people.send({"type": "identify", "anonymousId": "b-9", "userId": "1"})
    shown = {browser.get(f"/files/person/{one}").content.decode().count(".txt</a>") for one in ids.values()}
    assert people.conn.execute("select count(*) from profile").fetchone() == (1,)
    assert 2 in shown
    assert send(browser, "/files/company/:acme", name="c.txt").status_code == 200
    assert "c.txt" in browser.get("/files/company/:acme").content.decode()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SALES, Role.MANAGER, Role.EDITOR])
def test_whoever_may_see_a_record_sees_its_files_and_who_may_edit_it_changes_them(floor: Floor, role: Role) -> None:
    me = floor.enter(role)
    root, mine = signed_in(floor.root), signed_in(me)
    kind = floor.kind("deal")
    for number in floor.fill("deal").values():
        send(root, f"/files/deal/{number}")
        row = floor.conn.execute("select max(id) from attachment").fetchone()
        assert row is not None
        may_see = mine.get(f"{kind.path}/{number}").status_code == 200
        may_edit = f"/records/deal/{number}/fields/" in mine.get(f"{kind.path}/{number}").content.decode()
        assert (mine.get(f"/files/deal/{number}").status_code == 200) is may_see
        may_open = may_see and role is not Role.VIEWER  # who sees addresses masked
        assert (mine.get(f"/files/{row[0]}").status_code == 200) is may_open
        assert (send(mine, f"/files/deal/{number}").status_code == 200) is may_edit
        assert (mine.post(f"/files/{row[0]}/delete").status_code == 302) is may_edit


def test_who_may_not_see_personal_data_sees_names_only(
    people: Shop, deal: int, browser: Client, make_user: Any
) -> None:
    send(browser, f"/files/deal/{deal}")
    masked = make_user("max", Role.EDITOR)
    masked.personal_data = PersonalData.MASKED
    masked.save()
    theirs = signed_in(masked)
    assert "a.txt" in theirs.get(f"/files/deal/{deal}").content.decode()
    assert theirs.get(f"/files/{number_of(people)}").status_code == 403


def test_the_api_keeps_and_gives_files(people: Shop, deal: int, api: Api) -> None:
    answer = api.client.generic("POST", f"/api/files/deal/{deal}?name=a.bin", PNG, "application/x-thing")
    assert answer.status_code == 201
    told = api.get(f"files/deal/{deal}")
    assert [(one["name"], one["media_type"], one["size_bytes"]) for one in told] == [("a.bin", "image/png", len(PNG))]
    assert got(api.client.get(f"/api/files/{told[0]['id']}")) == PNG
    api("DELETE", f"files/{told[0]['id']}")
    assert api.get(f"files/deal/{deal}") == []
    api("POST", f"files/{told[0]['id']}/restore")
    api("GET", "files/deal/999", expect=404)
