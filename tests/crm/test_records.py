"""Writing records: what is checked, what is kept of it, what follows, and how it is taken back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.crm.errors import EditConflict, RecordForbidden, RecordMissing, RecordRejected, StageRefused
from onefold.crm.objects import STANDARD
from onefold.crm.pipelines import load_pipelines
from onefold.crm.records import (
    change_records,
    create_records,
    delete_records,
    load_record,
    restore_records,
    undo,
)
from onefold.crm.store import changes_of
from onefold.crm.viewer import Viewer
from tests.crm.conftest import events_of, new
from tests.web.conftest import Shop

DEAL: Final = STANDARD["deal"]
TASK: Final = STANDARD["task"]
Team = dict[str, Viewer]


def stage(conn: Connection[Any], name: str) -> int:
    """Number of a stage."""
    return next(number for number, one in load_pipelines(conn).stages.items() if one.name == name)


def values_of(conn: Connection[Any], team: Team, number: int, kind: str = "deal") -> dict[str, Any]:
    return load_record(conn, STANDARD[kind], number, viewer=team["mia"]).values


def count(conn: Connection[Any], table: str) -> int:
    (number,) = conn.execute(SQL("select count(*)::int from {}").format(Identifier(table))).fetchone() or (0,)
    return int(number)


def test_a_deal_begins_where_its_pipeline_does_and_belongs_to_who_made_it(shop: Shop, team: Team) -> None:
    number = new(shop.conn, "deal", team["rob"], name="  Rental\n fleet ", amount="1.250,50", close_on="2026-12-24")
    values = values_of(shop.conn, team, number)
    assert (values["name"], values["amount"], values["currency"]) == ("Rental fleet", Decimal("1250.50"), "EUR")
    assert (values["home_amount"], values["weighted"]) == (Decimal("1250.50"), Decimal("250.10"))
    assert (values["stage"], values["state"]) == (stage(shop.conn, "Qualified"), "open")
    assert (values["owner"], values["close_on"]) == (team["rob"].user_id, date(2026, 12, 24))


def test_amounts_are_converted_where_a_rate_is_known(shop: Shop, team: Team) -> None:
    shop.conn.execute("insert into exchange_rate values ('USD', 0.5)")
    dollars = new(shop.conn, "deal", team["rob"], name="d", amount="100", currency="usd")
    yen = new(shop.conn, "deal", team["rob"], name="y", amount="100", currency="JPY")
    assert values_of(shop.conn, team, dollars)["home_amount"] == Decimal("50.00")
    assert values_of(shop.conn, team, yen)["home_amount"] is None


def test_a_stage_asks_for_what_it_needs_and_nothing_has_changed(shop: Shop, team: Team) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Tents")
    before, said = values_of(shop.conn, team, number), len(events_of(shop.conn))
    with pytest.raises(StageRefused) as refused:
        change_records(shop.conn, DEAL, {number: {"stage": stage(shop.conn, "Negotiation")}}, viewer=team["rob"])
    assert refused.value.fields == ("amount", "close_on")
    assert values_of(shop.conn, team, number) == before
    assert len(events_of(shop.conn)) == said
    given = {"stage": stage(shop.conn, "Negotiation"), "amount": "9", "close_on": "2026-12-01"}
    change_records(shop.conn, DEAL, {number: given}, viewer=team["rob"])
    assert values_of(shop.conn, team, number)["weighted"] == Decimal("7.20")


def test_a_checklist_has_to_be_ticked(shop: Shop, team: Team) -> None:
    meeting = stage(shop.conn, "Meeting")
    shop.conn.execute("update stage set checklist = '{Budget known,Decider met}' where id = %s", [meeting])
    number = new(shop.conn, "deal", team["rob"], name="Tents", checked=["Budget known"])
    with pytest.raises(StageRefused) as refused:
        change_records(shop.conn, DEAL, {number: {"stage": meeting}}, viewer=team["rob"])
    assert refused.value.items == ("Decider met",)
    ticked = {"stage": meeting, "checked": ["Budget known", "Decider met"]}
    change_records(shop.conn, DEAL, {number: ticked}, viewer=team["rob"])
    assert values_of(shop.conn, team, number)["stage"] == meeting


def test_the_time_in_each_stage_is_kept(shop: Shop, team: Team) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Tents", amount="5")
    for name in ("Meeting", "Won"):
        change_records(shop.conn, DEAL, {number: {"stage": stage(shop.conn, name)}}, viewer=team["rob"])
    rows = shop.conn.execute(
        "select s.name, d.left_at is null from deal_stay d join stage s on s.id = d.stage order by d.entered_at"
    ).fetchall()
    assert rows == [("Qualified", False), ("Meeting", False), ("Won", True)]
    won = values_of(shop.conn, team, number)
    assert won["state"] == "won"
    assert won["closed_at"] is not None
    change_records(shop.conn, DEAL, {number: {"stage": stage(shop.conn, "Meeting")}}, viewer=team["rob"])
    assert values_of(shop.conn, team, number)["closed_at"] is None


def test_what_has_a_past_is_written_as_of_then(shop: Shop, team: Team) -> None:
    shop.identify("7", email="ada@example.com")
    made, met, won = (datetime(2026, 1, day, 9, tzinfo=UTC) for day in (5, 9, 20))
    rows = [{"name": "Tents", "amount": "5", "person": "email:ada@example.com"}]
    (number,) = create_records(shop.conn, DEAL, rows, viewer=team["rob"], moments=[made]).ids
    for name, at in (("Meeting", met), ("Won", won)):
        change_records(shop.conn, DEAL, {number: {"stage": stage(shop.conn, name)}}, viewer=team["rob"], moments=[at])
    values = values_of(shop.conn, team, number)
    kept = [values[name] for name in ("created_at", "updated_at", "stage_at", "closed_at", "active_at")]
    assert kept == [made, won, won, won, won]
    stays = shop.conn.execute("select entered_at, left_at from deal_stay order by entered_at").fetchall()
    assert stays == [(made, met), (met, won), (won, None)]
    assert [one.at for one in changes_of(shop.conn, DEAL, number, limit=9)] == [won, met, made]
    told = [(one["event"], one["timestamp"]) for one in events_of(shop.conn)]
    assert told == [
        ("Deal Created", made.isoformat()),
        ("Deal Stage Changed", met.isoformat()),
        ("Deal Won", won.isoformat()),
    ]
    assert events_of(shop.conn)[-1]["properties"]["days_in_previous_stage"] == 11


def test_nothing_is_written_as_of_tomorrow(shop: Shop, team: Team) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(RecordRejected, match="can't lie ahead"):
        create_records(shop.conn, DEAL, [{"name": "Tents"}], viewer=team["rob"], moments=[tomorrow])
    assert count(shop.conn, "deal") == 0


def test_what_sales_does_stands_in_the_persons_log(shop: Shop, team: Team) -> None:
    shop.identify("7", email="ada@example.com", name="Ada")
    number = new(shop.conn, "deal", team["rob"], name="Tents", amount="5", person="email:ada@example.com")
    change_records(shop.conn, DEAL, {number: {"stage": stage(shop.conn, "Won")}}, viewer=team["rob"])
    created, won = events_of(shop.conn)
    assert (created["event"], won["event"]) == ("Deal Created", "Deal Won")
    assert won["context"]["externalIds"] == [{"type": "user_id", "id": "7"}]
    assert (won["properties"]["previous_stage"], won["properties"]["amount"]) == ("Qualified", 5.0)
    assert won["actingUser"] == "user:rob"
    new(
        shop.conn,
        "activity",
        team["rob"],
        kind="call",
        deal=number,
        outcome="connected",
        duration_s="61",
        body="secret",
    )
    call = events_of(shop.conn)[-1]
    assert (call["event"], call["properties"]["duration_s"]) == ("Call Logged", 61)
    assert call["context"]["externalIds"] == [{"type": "user_id", "id": "7"}]
    assert "secret" not in str(call)


def test_a_deal_that_is_made_as_won_was_created_as_well(shop: Shop, team: Team) -> None:
    shop.identify("7", email="ada@example.com")
    won = str(stage(shop.conn, "Won"))
    new(shop.conn, "deal", team["rob"], name="Tents", amount="5", stage=won, person="user_id:7")
    assert [event["event"] for event in events_of(shop.conn)] == ["Deal Created", "Deal Won"]
    assert len({event["messageId"] for event in events_of(shop.conn)}) == 2


def test_the_latest_of_several_activities_says_when_a_deal_was_active(shop: Shop, team: Team) -> None:
    deal = new(shop.conn, "deal", team["rob"], name="Tents")
    shop.conn.execute("update deal set active_at = '2020-01-01'")
    calls = [{"kind": "call", "deal": str(deal), "at": f"2026-01-{day:02}T09:00"} for day in (3, 9, 5)]
    create_records(shop.conn, STANDARD["activity"], calls, viewer=team["rob"])
    assert values_of(shop.conn, team, deal)["active_at"] == datetime(2026, 1, 9, 9, tzinfo=UTC)


def test_one_act_is_one_entry_of_the_audit_log(shop: Shop, team: Team) -> None:
    shop.identify("7", email="ada@example.com")
    before = count(shop.conn, "audit")
    rows = [{"name": f"Deal {n}", "person": "email:ada@example.com"} for n in range(20)]
    done = create_records(shop.conn, DEAL, rows, viewer=team["rob"])
    assert count(shop.conn, "audit") == before + 1
    assert [values_of(shop.conn, team, number)["name"] for number in done.ids] == [f"Deal {n}" for n in range(20)]


def test_a_fault_in_one_row_leaves_all_unwritten(shop: Shop, team: Team) -> None:
    rows = [{"name": "Good"}, {"name": "Bad", "amount": "lots"}, {"name": ""}]
    with pytest.raises(RecordRejected, match=r"Row 2: Amount: “lots” is no number\. 2 rows have faults") as fault:
        create_records(shop.conn, DEAL, rows, viewer=team["rob"])
    assert fault.value.faults == {"amount": "“lots” is no number."}
    assert count(shop.conn, "deal") == count(shop.conn, "record_change") == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Name: A value is needed"),
        ({"name": "a\0b"}, "can't be stored"),
        ({"name": "x" * 501}, "501 characters; 500 are allowed"),
        ({"name": "x", "amount": "1e400"}, "below 10¹⁵"),
        ({"name": "x", "amount": "NaN"}, "below 10¹⁵"),
        ({"name": "x", "amount": "1.234"}, "two decimals"),
        ({"name": "x", "currency": "euros"}, "three letters"),
        ({"name": "x", "close_on": "tomorrow"}, "2026-05-17"),
        ({"name": "x", "owner": "nobody"}, "no user “nobody”"),
        ({"name": "x", "person": "0123456789abcdef"}, "No person has the id"),
        ({"name": "x", "company": "acme"}, "space:key"),
        ({"name": "x", "stage": "999"}, "no record “999”"),
        ({"name": "x", "source": "the moon"}, "none of: website"),
        ({"name": "x", "state": "won"}, "kept by Onefold"),
        ({"name": "x", "colour": "red"}, "no such field"),
    ],
)
def test_what_a_deal_cannot_be_is_said(fields: dict[str, Any], message: str, shop: Shop, team: Team) -> None:
    with pytest.raises(RecordRejected, match=message):
        create_records(shop.conn, DEAL, [fields], viewer=team["rob"])
    assert count(shop.conn, "deal") == 0


def test_who_edits_what_another_changed_meanwhile_is_told(shop: Shop, team: Team) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Tents", amount="5")
    change_records(shop.conn, DEAL, {number: {"amount": "6"}}, viewer=team["mia"], seen={"amount": "5"})
    with pytest.raises(EditConflict, match="Amount"):
        change_records(shop.conn, DEAL, {number: {"amount": "7"}}, viewer=team["rob"], seen={"amount": "5.00"})
    change_records(shop.conn, DEAL, {number: {"name": "Two"}}, viewer=team["rob"], seen={"name": "Tents"})
    assert values_of(shop.conn, team, number)["amount"] == Decimal("6.00")


def test_rights_are_those_of_the_viewer(shop: Shop, team: Team) -> None:
    number = new(shop.conn, "deal", team["mia"], name="Tents")
    with pytest.raises(RecordForbidden, match="edit only your own"):
        change_records(shop.conn, DEAL, {number: {"name": "x"}}, viewer=team["rob"])
    with pytest.raises(RecordMissing):
        change_records(shop.conn, DEAL, {number: {"name": "x"}}, viewer=team["sue"])
    with pytest.raises(RecordMissing):
        load_record(shop.conn, DEAL, number, viewer=team["sue"])
    with pytest.raises(RecordForbidden):
        delete_records(shop.conn, DEAL, [number], viewer=team["vic"])
    with pytest.raises(RecordForbidden):
        create_records(shop.conn, DEAL, [{"name": "y"}], viewer=team["vic"])
    assert values_of(shop.conn, team, number)["name"] == "Tents"
    with pytest.raises(RecordRejected, match="you may not see it"):
        create_records(shop.conn, TASK, [{"name": "Call", "deal": number}], viewer=team["sue"])


def test_deleted_records_come_back(shop: Shop, team: Team) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Tents")
    act = delete_records(shop.conn, DEAL, [number], viewer=team["rob"]).act
    with pytest.raises(RecordMissing):
        load_record(shop.conn, DEAL, number, viewer=team["rob"])
    assert delete_records(shop.conn, DEAL, [number], viewer=team["rob"]).unchanged == 1
    undo(shop.conn, act, viewer=team["rob"])
    assert values_of(shop.conn, team, number)["name"] == "Tents"
    assert restore_records(shop.conn, DEAL, [number], viewer=team["rob"]).ids == []


def test_undo_takes_back_what_nobody_changed_since(shop: Shop, team: Team) -> None:
    first = new(shop.conn, "deal", team["rob"], name="One", amount="5")
    second = new(shop.conn, "deal", team["rob"], name="Two", amount="6", source="event")
    moved = {"stage": stage(shop.conn, "Lost"), "lost_reason": "price", "amount": "1"}
    act = change_records(shop.conn, DEAL, {first: moved, second: moved}, viewer=team["rob"]).act
    change_records(shop.conn, DEAL, {second: {"amount": "99"}}, viewer=team["mia"])
    undone = undo(shop.conn, act, viewer=team["rob"])
    assert (undone.records, undone.left) == (2, 0)
    one, two = (values_of(shop.conn, team, number) for number in (first, second))
    assert (one["state"], one["amount"], one["lost_reason"]) == ("open", Decimal("5.00"), "")
    assert (two["state"], two["amount"], two["source"]) == ("open", Decimal("99.00"), "event")
    undo(shop.conn, undone.act, viewer=team["rob"])
    assert values_of(shop.conn, team, first)["state"] == "lost"


def test_undo_needs_no_value_that_a_stage_asks_for(shop: Shop, team: Team) -> None:
    number = new(shop.conn, "deal", team["rob"], name="One")
    act = change_records(shop.conn, DEAL, {number: {"stage": stage(shop.conn, "Meeting")}}, viewer=team["rob"]).act
    shop.conn.execute("update stage set required = '{amount}' where name = 'Qualified'")
    assert undo(shop.conn, act, viewer=team["rob"]).records == 1


def test_history_tells_each_change(shop: Shop, team: Team) -> None:
    number = new(shop.conn, "deal", team["rob"], name="One", amount="5")
    change_records(shop.conn, DEAL, {number: {"amount": "6"}}, viewer=team["mia"])
    changed, created = changes_of(shop.conn, DEAL, number, limit=10)
    assert (changed.actor, changed.changes["amount"]) == ("user:mia", (Decimal("5"), Decimal("6")))
    assert created.action == "created"
    assert created.changes["name"] == (None, "One")
    change_records(shop.conn, DEAL, {number: {"amount": "6.00"}}, viewer=team["mia"])
    assert len(changes_of(shop.conn, DEAL, number, limit=10)) == 2, "nothing changed"


def test_a_deal_knows_its_next_task(shop: Shop, team: Team) -> None:
    deal = new(shop.conn, "deal", team["rob"], name="One")
    late = new(shop.conn, "task", team["rob"], name="Call", deal=deal, due_at="2026-12-02T09:00")
    soon = new(shop.conn, "task", team["rob"], name="Mail", deal=deal, due_at="2026-12-01T09:00")

    def due() -> Any:
        return values_of(shop.conn, team, deal)["next_task_at"]

    assert due() == datetime(2026, 12, 1, 9, tzinfo=UTC)
    change_records(shop.conn, TASK, {soon: {"done_at": "2026-11-30T08:00"}}, viewer=team["rob"])
    assert due() == datetime(2026, 12, 2, 9, tzinfo=UTC)
    delete_records(shop.conn, TASK, [late], viewer=team["rob"])
    assert due() is None
    restore_records(shop.conn, TASK, [late], viewer=team["rob"])
    change_records(shop.conn, TASK, {late: {"deal": None}}, viewer=team["rob"])
    assert due() is None


def test_tasks_and_calls_take_over_whom_their_deal_is_with(shop: Shop, team: Team) -> None:
    shop.send({"type": "group", "userId": "7", "groupId": "acme", "traits": {"name": "Acme"}})
    shop.identify("7", email="ada@example.com")
    deal = new(shop.conn, "deal", team["rob"], name="One", person="email:ada@example.com")
    assert values_of(shop.conn, team, deal)["company"] is not None
    task = new(shop.conn, "task", team["rob"], name="Call", deal=deal)
    inherited = values_of(shop.conn, team, task, "task")
    assert inherited["person"] == values_of(shop.conn, team, deal)["person"]
    assert inherited["company"] == values_of(shop.conn, team, deal)["company"]


def test_custom_fields_are_kept_with_the_record(shop: Shop, team: Team) -> None:
    shop.conn.execute(
        "insert into custom_field (object, name, title, kind, options, place) values"
        " ('deal', 'priority', 'Priority', 'choice', '[{\"value\": \"a\", \"title\": \"A\"}]', 1),"
        " ('deal', 'seats', 'Seats', 'number', '[]', 2), ('deal', 'start', 'Start', 'date', '[]', 3)"
    )
    from onefold.crm.schema import object_named

    kind = object_named(shop.conn, "deal")
    given = {"name": "x", "priority": "a", "seats": "12.5", "start": "2026-12-01"}
    (number,) = create_records(shop.conn, kind, [given], viewer=team["rob"]).ids
    values = load_record(shop.conn, kind, number, viewer=team["rob"]).values
    assert (values["priority"], values["seats"], values["start"]) == ("a", Decimal("12.5"), date(2026, 12, 1))
    act = change_records(shop.conn, kind, {number: {"seats": "", "priority": ""}}, viewer=team["rob"]).act
    assert load_record(shop.conn, kind, number, viewer=team["rob"]).values["seats"] is None
    undo(shop.conn, act, viewer=team["rob"])
    assert load_record(shop.conn, kind, number, viewer=team["rob"]).values["seats"] == Decimal("12.5")
    with pytest.raises(RecordRejected, match="none of: a"):
        change_records(shop.conn, kind, {number: {"priority": "b"}}, viewer=team["rob"])
