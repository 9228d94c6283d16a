"""What users hear of: who names them, what they are given, what they wanted to be reminded of; each once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from onefold.accounts.api import Role
from onefold.crm.access import viewer_of
from onefold.crm.objects import STANDARD
from onefold.crm.policy import set_reaches
from onefold.crm.records import change_records, create_records, delete_records
from onefold.crm.telling import marked, mentioned_in, remind
from onefold.crm.viewer import Doing, Reach, Viewer
from onefold.notifications.api import notifications_of
from tests.crm.conftest import new
from tests.crm.floor import MakeUser
from tests.web.conftest import Shop, signed_in

Team = dict[str, Viewer]


def heard(conn: Connection[Any], viewer: Viewer) -> list[str]:
    """What a user was told that still counts, the oldest first."""
    found = [one.title % one.params for one in notifications_of(conn, viewer.user_id or 0) if one.ended_at is None]
    return found[::-1]


def change(conn: Connection[Any], kind: str, number: int, viewer: Viewer, **fields: Any) -> None:
    change_records(conn, STANDARD[kind], {number: fields}, viewer=viewer)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@rob, look", ["rob"]),
        ("ask @sue.", ["sue.", "sue"]),
        ("mail rob@example.com or @@rob", []),
        ("@a.b-c+d and @rob @rob", ["a.b-c+d", "rob"]),
        ("@", []),
    ],
)
def test_who_is_named_in_a_text(text: str, names: list[str]) -> None:
    assert mentioned_in(text) == names


def test_names_are_marked_as_they_are_today_and_the_rest_is_harmless() -> None:
    said = marked("<b>@rob</b>, @rob.x @bob", {"rob": "robert"})
    assert said == '&lt;b&gt;<span class="mention">@robert</span>&lt;/b&gt;, @rob.x @bob'


def test_who_is_mentioned_hears_of_it_once_and_a_new_name_changes_nothing(people: Shop, team: Team) -> None:
    from onefold.accounts.models import User

    User.objects.filter(username__in=["rob", "sue", "vic"]).update(role=Role.EDITOR)
    body = "Call @rob. And @nobody, @mia"
    number = new(people.conn, "activity", team["mia"], kind="note", body=body, person="user_id:1")
    assert heard(people.conn, team["rob"]) == ["mia mentioned you in a note"]
    assert heard(people.conn, team["mia"]) == []
    change(people.conn, "activity", number, team["mia"], body="Call @rob and @sue!")
    assert (len(heard(people.conn, team["rob"])), len(heard(people.conn, team["sue"]))) == (1, 1)
    deal = new(people.conn, "deal", team["mia"], name="Camp")
    change(people.conn, "activity", number, team["mia"], deal=str(deal))
    User.objects.filter(username="rob").update(username="robert")
    page = signed_in(User.objects.get(username="mia")).get(f"/deals/{deal}").content.decode()
    assert '<span class="mention">@robert</span>' in page
    change(people.conn, "activity", number, team["mia"], body="Nobody")
    assert people.conn.execute("select count(*) from mention").fetchone() == (0,)


def test_who_may_not_see_the_note_hears_nothing(people: Shop, team: Team, make_user: MakeUser) -> None:
    zoe = make_user("zoe", Role.SALES)
    new(people.conn, "activity", team["mia"], kind="note", body="@zoe is slow", owner="mia")
    assert heard(people.conn, viewer_of(people.conn, zoe)) == []
    make_user("out", Role.EDITOR)
    from onefold.accounts.models import User

    User.objects.filter(username="out").update(is_active=False)
    new(people.conn, "activity", team["mia"], kind="note", body="@out", owner="mia")
    assert people.conn.execute("select count(*) from notification where key like 'mention:%'").fetchone() == (0,)


def test_who_is_given_a_deal_or_a_task_by_another_hears_of_it(people: Shop, team: Team) -> None:
    from onefold.accounts.models import User

    User.objects.filter(username__in=["rob", "sue"]).update(role=Role.EDITOR)
    new(people.conn, "deal", team["rob"], name="Own")
    assert heard(people.conn, team["rob"]) == []
    new(people.conn, "task", team["mia"], name="Call", owner="rob")
    rows = [{"name": str(n), "owner": "rob"} for n in range(30)]
    create_records(people.conn, STANDARD["deal"], rows, viewer=team["mia"])
    assert heard(people.conn, team["rob"]) == ["mia gave you the task “Call”", "mia gave you 30 deals"]
    past = [datetime.now(UTC) - timedelta(days=9)]
    create_records(people.conn, STANDARD["deal"], rows[:1], viewer=team["mia"], moments=past)
    assert len(heard(people.conn, team["rob"])) == 2
    set_reaches(people.conn, Role.EDITOR, {("task", Doing.SEE): Reach.NONE}, acting_user="test")
    new(people.conn, "task", team["mia"], name="Hidden", owner="sue")
    assert heard(people.conn, team["sue"]) == []


def test_a_reminder_comes_once_and_again_when_it_is_put_off(shop: Shop, team: Team) -> None:
    now = datetime.now(UTC)
    soon, later = (now + timedelta(minutes=n) for n in (5, 60))
    number = new(shop.conn, "task", team["rob"], name="Call Ada", remind_at=soon.isoformat())
    new(shop.conn, "task", team["rob"], name="Done", remind_at=soon.isoformat(), done_at=now.isoformat())
    assert remind(shop.conn, now) == 0
    assert (remind(shop.conn, soon), remind(shop.conn, soon)) == (1, 0)
    assert heard(shop.conn, team["rob"]) == ["Reminder: Call Ada"]
    change(shop.conn, "task", number, team["rob"], remind_at=later.isoformat())
    assert heard(shop.conn, team["rob"]) == []
    assert (remind(shop.conn, soon), remind(shop.conn, later)) == (0, 1)
    change(shop.conn, "task", number, team["rob"], done_at=now.isoformat())
    assert heard(shop.conn, team["rob"]) == []


def test_a_deleted_task_reminds_nobody(shop: Shop, team: Team) -> None:
    now = datetime.now(UTC)
    number = new(shop.conn, "task", team["rob"], name="Call", remind_at=now.isoformat())
    remind(shop.conn, now)
    delete_records(shop.conn, STANDARD["task"], [number], viewer=team["rob"])
    assert heard(shop.conn, team["rob"]) == []


def test_whoever_types_a_name_finds_users(shop: Shop, team: Team) -> None:
    from onefold.accounts.models import User

    browser = signed_in(User.objects.get(username="mia"))
    assert "sue" in browser.get("/mentions/look-up?q=S").content.decode()
    assert "sue" not in browser.get("/mentions/look-up?q=%25ue").content.decode()
