"""What is new since somebody's last visit: on the pages of deals, companies and people, each user's own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from onefold.crm.objects import STANDARD
from onefold.crm.records import change_records, create_records
from onefold.crm.viewer import Viewer
from onefold.notifications.api import last_visit
from onefold.profiles.api import to_text
from tests.crm.conftest import new
from tests.web.conftest import Shop, signed_in

Team = dict[str, Viewer]
SAID = "new since your last visit"


def user(name: str) -> Any:
    from onefold.accounts.models import User

    return User.objects.get(username=name)


def test_a_visit_ends_after_half_an_hour(shop: Shop) -> None:
    start = datetime(2026, 11, 1, 9, tzinfo=UTC)
    minutes = {0: None, 1: None, 20: None, 51: 20, 52: 20, 80: 20, 111: 80}
    for minute, before in minutes.items():
        found = last_visit(shop.conn, 7, "deal:1", start + timedelta(minutes=minute))
        assert found == (None if before is None else start + timedelta(minutes=before)), minute
    assert last_visit(shop.conn, 8, "deal:1", start) is None


def earlier(shop: Shop) -> None:
    """All visits were two hours ago."""
    shop.conn.execute("update record_seen set at = now() - interval '2 hours', before = null")


def test_the_page_of_a_deal_says_what_others_did_since(people: Shop, team: Team) -> None:
    deal = STANDARD["deal"]
    moments = [datetime.now(UTC) - timedelta(days=1)]
    (number,) = create_records(people.conn, deal, [{"name": "Camp"}], viewer=team["mia"], moments=moments).ids
    mias, robs = signed_in(user("mia")), signed_in(user("rob"))
    for browser in (mias, robs):
        assert SAID not in browser.get(f"/deals/{number}").content.decode()
    earlier(people)
    change_records(people.conn, deal, {number: {"next_step": "Call"}}, viewer=team["mia"])
    assert SAID not in mias.get(f"/deals/{number}").content.decode()  # her own doing is no news to her
    for _again in range(2):
        assert f"1 {SAID}" in robs.get(f"/deals/{number}").content.decode()


def test_the_pages_of_a_company_and_a_person_say_it_too(people: Shop, team: Team) -> None:
    row = people.conn.execute("select id from profile").fetchone()
    assert row is not None
    paths = (f"/people/{to_text(row[0])}", "/companies/:acme")
    old = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    new(people.conn, "activity", team["mia"], kind="note", body="before", company=":acme", at=old)
    people.send({"type": "track", "event": "Old", "userId": "1", "timestamp": old})
    browser = signed_in(user("rob"))
    for path in paths:
        assert SAID not in browser.get(path).content.decode()
    earlier(people)
    new(people.conn, "activity", team["mia"], kind="note", body="after", company=":acme")
    people.send({"type": "track", "event": "New", "userId": "1"})
    for path in paths:
        assert SAID in browser.get(path).content.decode()
