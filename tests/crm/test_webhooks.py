"""What is written is told to webhooks in the same transaction, as far as their user may see it."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import Connection

from onefold.accounts.api import Role
from onefold.crm.objects import STANDARD
from onefold.crm.policy import set_fields
from onefold.crm.records import change_records, create_records, delete_records, restore_records
from onefold.crm.viewer import FieldRight, Viewer
from onefold.webhooks.actions import NewEndpoint, add_endpoint
from tests.crm.conftest import new
from tests.web.conftest import Shop

if TYPE_CHECKING:
    from onefold.accounts.models import User

DEAL = STANDARD["deal"]
MakeUser = Callable[..., "User"]


def listen(conn: Connection[Any], *events: str, acts_as: str = "ann") -> int:
    given = NewEndpoint(name="Program", url="https://example.com/", events=events)
    return add_endpoint(conn, given, acts_as=acts_as, acting_user="user:ann")[0]


def told(conn: Connection[Any], endpoint: int) -> list[dict[str, Any]]:
    """The bodies of the messages, in order."""
    rows = conn.execute("select body from webhook_delivery where endpoint = %s order by id", [endpoint]).fetchall()
    return [json.loads(body) for (body,) in rows]


@pytest.fixture
def conn(people: Shop, make_user: MakeUser) -> Connection[Any]:
    make_user("ann", Role.ADMIN)
    return people.conn


def test_a_deal_s_way_is_told_event_by_event(conn: Connection[Any], team: dict[str, Viewer]) -> None:
    every, some = listen(conn, "*"), listen(conn, "deal.won", "deal.stage_changed")
    mia = team["mia"]
    (won,) = conn.execute("select id from stage where state = 'won'").fetchone() or (0,)
    number = new(conn, "deal", mia, name="Big", amount="5.50", currency="EUR", company=":acme", owner="rob")
    change_records(conn, DEAL, {number: {"stage": str(won)}}, viewer=mia)
    delete_records(conn, DEAL, [number], viewer=mia)
    restore_records(conn, DEAL, [number], viewer=mia)
    assert [one["type"] for one in told(conn, every)] == [
        "deal.created", "deal.changed", "deal.stage_changed", "deal.won", "deal.deleted", "deal.restored",
    ]  # fmt: skip
    assert [one["type"] for one in told(conn, some)] == ["deal.stage_changed", "deal.won"]
    data = told(conn, every)[0]["data"]
    assert (data["object"], data["actor"], data["record"]["id"]) == ("deal", "user:mia", number)
    assert (data["record"]["owner"], data["record"]["company"], data["record"]["amount"]) == ("rob", ":acme", 5.5)
    assert told(conn, some)[1]["data"]["changes"]["state"] == ["open", "won"]


def test_a_task_that_is_done_is_told(conn: Connection[Any], team: dict[str, Viewer]) -> None:
    endpoint = listen(conn, "task.completed")
    number = new(conn, "task", team["mia"], name="Call", kind="call")
    change_records(conn, STANDARD["task"], {number: {"done_at": "2026-11-23T10:00"}}, viewer=team["mia"])
    assert [one["type"] for one in told(conn, endpoint)] == ["task.completed"]


def test_what_was_not_written_is_not_told(conn: Connection[Any], team: dict[str, Viewer]) -> None:
    endpoint = listen(conn, "*")
    with conn.transaction(force_rollback=True):
        new(conn, "deal", team["mia"], name="Big")
    assert told(conn, endpoint) == []
    number = new(conn, "deal", team["mia"], name="Big")
    change_records(conn, DEAL, {number: {"name": "Big"}}, viewer=team["mia"])
    assert len(told(conn, endpoint)) == 1, "nothing changed the second time"


def test_many_are_told_one_by_one_in_their_order(conn: Connection[Any], team: dict[str, Viewer]) -> None:
    endpoint = listen(conn, "deal.created")
    done = create_records(conn, DEAL, [{"name": f"Deal {n}"} for n in range(120)], viewer=team["mia"])
    assert [one["data"]["record"]["id"] for one in told(conn, endpoint)] == done.ids


def test_hidden_fields_other_people_s_records_and_phones_are_not_told(
    conn: Connection[Any], team: dict[str, Viewer], make_user: MakeUser
) -> None:
    make_user("sam", Role.SALES)
    conn.execute("update accounts_user set personal_data = 'masked' where username = 'sam'")
    set_fields(conn, Role.SALES, DEAL, {"next_step": FieldRight.HIDDEN}, acting_user="user:ann")
    endpoint = listen(conn, "*", acts_as="sam")
    mia = team["mia"]
    new(conn, "deal", mia, name="Not theirs", owner="rob")
    mine = new(conn, "deal", mia, name="Theirs", owner="sam", next_step="secret plan")
    change_records(conn, DEAL, {mine: {"next_step": "other plan"}}, viewer=mia)
    new(conn, "activity", mia, name="Call ada@example.com", kind="call", number="+49 170 1234567", owner="sam")
    bodies = told(conn, endpoint)
    assert [one["type"] for one in bodies] == ["deal.created", "activity.created"]
    assert "plan" not in json.dumps(bodies)
    assert "1234567" not in json.dumps(bodies)
    assert "ada@example.com" not in json.dumps(bodies)


def test_who_was_locked_out_is_told_nothing(conn: Connection[Any], team: dict[str, Viewer]) -> None:
    endpoint = listen(conn, "*")
    conn.execute("update accounts_user set is_active = false where username = 'ann'")
    new(conn, "deal", team["mia"], name="Big")
    assert told(conn, endpoint) == []
