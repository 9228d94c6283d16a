"""What a deal is made up of, and who else it is about: added up, kept in history, taken back, told by the API."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from psycopg import Connection

from onefold.accounts.api import Role
from onefold.crm.access import asking_of
from onefold.crm.errors import RecordRejected
from onefold.crm.items import sum_of, total_of
from onefold.crm.listing import Question, ids_of
from onefold.crm.objects import STANDARD
from onefold.crm.policy import set_fields
from onefold.crm.records import change_records, create_records, load_record, undo
from onefold.crm.store import changes_of
from onefold.crm.viewer import FieldRight, Viewer
from onefold.filters.api import Contains, RelatedTo, in_all
from onefold.profiles.api import to_text
from tests.crm.api import Api
from tests.crm.conftest import events_of, new
from tests.web.conftest import Shop, signed_in

DEAL: Final = STANDARD["deal"]
Team = dict[str, Viewer]


def items_of(conn: Connection[Any], team: Team, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = load_record(conn, DEAL, number, viewer=team["mia"]).values["items"]
    return found


def amount_of(conn: Connection[Any], team: Team, number: int) -> Decimal:
    found: Decimal = load_record(conn, DEAL, number, viewer=team["mia"]).values["amount"]
    return found


def change(conn: Connection[Any], team: Team, number: int, **fields: Any) -> Any:
    return change_records(conn, DEAL, {number: fields}, viewer=team["rob"])


def test_lines_are_rounded_each_by_itself() -> None:
    line = {"quantity": Decimal("3"), "price": Decimal("0.05"), "discount": Decimal("50")}
    assert sum_of(line) == Decimal("0.08")
    assert total_of([line, line]) == Decimal("0.16")


def test_the_amount_follows_the_products(shop: Shop, team: Team) -> None:
    tent = new(shop.conn, "product", team["mia"], name="Tent", price="100.50", currency="EUR")
    number = new(shop.conn, "deal", team["rob"], name="Camp", items=[
        {"product": str(tent), "quantity": "2"}, {"name": "Delivery", "price": "20", "discount": "25"},
    ])  # fmt: skip
    first, second = items_of(shop.conn, team, number)
    assert (first["name"], first["price"], first["quantity"]) == ("Tent", Decimal("100.50"), 2)
    assert (second["product"], second["discount"]) == (None, 25)
    values = load_record(shop.conn, DEAL, number, viewer=team["mia"]).values
    assert (values["amount"], values["home_amount"], values["weighted"]) == (216, 216, Decimal("43.20"))
    change(shop.conn, team, number, items=[{"id": second["id"], "price": 10}, {"id": first["id"]}])
    assert [one["name"] for one in items_of(shop.conn, team, number)] == ["Delivery", "Tent"]
    assert amount_of(shop.conn, team, number) == Decimal("208.50")
    assert "Deal Amount Changed" in {one["event"] for one in events_of(shop.conn)} or values["person"] is None


def test_an_amount_typed_by_hand_is_refused_while_there_are_products(shop: Shop, team: Team) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Camp", items=[{"name": "Tent", "price": "10"}])
    with pytest.raises(RecordRejected, match="sum of the deal's products"):
        change(shop.conn, team, number, amount="99")
    assert amount_of(shop.conn, team, number) == 10
    change(shop.conn, team, number, items=[])
    assert amount_of(shop.conn, team, number) == 10  # what it was worth when the last went
    change(shop.conn, team, number, amount="99")
    assert amount_of(shop.conn, team, number) == 99


def test_a_price_in_another_currency_is_converted_and_says_from_what(shop: Shop, team: Team) -> None:
    shop.conn.execute("insert into exchange_rate values ('USD', 0.5), ('GBP', 1.25)")
    boat = new(shop.conn, "product", team["mia"], name="Boat", price="100", currency="USD")
    yen = new(shop.conn, "product", team["mia"], name="Net", price="100", currency="JPY")
    number = new(shop.conn, "deal", team["rob"], name="d", currency="GBP", items=[{"product": boat}])
    (item,) = items_of(shop.conn, team, number)
    assert (item["price"], item["list_price"], item["list_currency"]) == (40, 100, "USD")
    with pytest.raises(RecordRejected, match="no exchange rate for JPY"):
        change(shop.conn, team, number, items=[{"id": item["id"]}, {"product": yen}])
    change(shop.conn, team, number, items=[{"id": item["id"], "price": "41"}, {"product": yen, "price": "7"}])
    assert [one["list_currency"] for one in items_of(shop.conn, team, number)] == ["", ""]
    assert amount_of(shop.conn, team, number) == 48


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"price": "1"}, "product or a name"),
        ({"name": "x"}, "needs a price"),
        ({"name": "x", "price": "1", "quantity": "0"}, "above 0"),
        ({"name": "x", "price": "1", "quantity": "0.0001"}, "decimals"),
        ({"name": "x", "price": "1", "discount": "101"}, "between 0 and 100"),
        ({"name": "x", "price": "much"}, "is no number"),
        ({"name": "x", "price": "1", "colour": "red"}, "no “colour”"),
        ({"id": 4711, "name": "x", "price": "1"}, "no item 4711"),
        ({"product": "4711"}, "no record “4711”"),
        ("tent", "list of objects"),
    ],
)
def test_what_is_wrong_with_an_item_is_said_and_nothing_is_written(
    shop: Shop, team: Team, item: Any, said: str
) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Camp", amount="5")
    with pytest.raises(RecordRejected, match=said) as fault:
        change(shop.conn, team, number, items=[item])
    assert "items" in fault.value.faults
    assert items_of(shop.conn, team, number) == []
    assert amount_of(shop.conn, team, number) == 5


def test_a_deal_has_so_many_products_at_most(shop: Shop, team: Team) -> None:
    many = [{"name": str(n), "price": "1"} for n in range(201)]
    with pytest.raises(RecordRejected, match="Up to 200"):
        new(shop.conn, "deal", team["rob"], name="Camp", items=many)
    number = new(shop.conn, "deal", team["rob"], name="Camp", items=many[:200])
    assert amount_of(shop.conn, team, number) == 200


def test_many_deals_get_their_products_at_once(shop: Shop, team: Team) -> None:
    rows = [{"name": str(n), "items": [{"name": "x", "price": n}, {"name": "y", "price": 1}]} for n in range(300)]
    ids = create_records(shop.conn, DEAL, rows, viewer=team["rob"]).ids
    assert [amount_of(shop.conn, team, ids[n]) for n in (0, 7, 299)] == [1, 8, 300]


def test_products_are_in_the_history_and_come_back(shop: Shop, team: Team) -> None:
    number = new(shop.conn, "deal", team["rob"], name="Camp", items=[{"name": "Tent", "price": "10"}])
    before = items_of(shop.conn, team, number)
    act = change(shop.conn, team, number, items=[]).act
    change(shop.conn, team, number, next_step="Call")
    assert changes_of(shop.conn, DEAL, number, limit=9)[1].changes["items"][0][0]["name"] == "Tent"
    assert undo(shop.conn, act, viewer=team["rob"]).records == 1
    assert items_of(shop.conn, team, number) == before
    assert amount_of(shop.conn, team, number) == 10
    later = change(shop.conn, team, number, items=[{"id": before[0]["id"], "quantity": 3}]).act
    change(shop.conn, team, number, items=[{"id": before[0]["id"], "quantity": 4}])
    undo(shop.conn, later, viewer=team["rob"])
    assert amount_of(shop.conn, team, number) == 40  # somebody changed them since


def test_a_product_that_was_deleted_stays_what_the_deal_has(shop: Shop, team: Team, api: Api) -> None:
    tent = new(shop.conn, "product", team["mia"], name="Tent", price="10")
    number = new(shop.conn, "deal", team["rob"], name="Camp", items=[{"product": tent}])
    shop.conn.execute("update product set deleted_at = now()")
    told = api.get(f"records/deal/{number}")["items"]
    told[0]["quantity"] = 2
    api("PATCH", f"records/deal/{number}", {"items": told})
    assert amount_of(shop.conn, team, number) == 20
    api("PATCH", f"records/deal/{number}", {"items": [*told, {"product": tent}]}, expect=400)


def test_the_api_tells_items_and_people_and_takes_them_back(people: Shop, team: Team, api: Api) -> None:
    people.identify("2", email="bob@example.com", name="Bob")
    body = {
        "name": "Camp", "person": "user_id:1", "items": [{"name": "Tent", "price": 10.5, "quantity": 2}],
        "people": [{"person": "user_id:2", "role": "champion"}],
    }  # fmt: skip
    (told,) = api("POST", "records/deal", body, expect=201)["records"]
    assert (told["amount"], told["items"][0]["sum"], told["people"][0]["role"]) == (21, 21, "champion")
    written = api("PATCH", f"records/deal/{told['id']}", {"items": told["items"], "people": told["people"]})
    assert written["act"] is None
    history = api.get(f"records/deal/{told['id']}/history")
    assert history[0]["changes"]["people"][1] == told["people"]


def test_whoever_may_not_see_amounts_sees_no_products(people: Shop, team: Team, make_api: Any) -> None:
    number = new(people.conn, "deal", team["mia"], name="Camp", items=[{"name": "Tent", "price": "10"}])
    set_fields(people.conn, "viewer", DEAL, {"amount": FieldRight.HIDDEN}, acting_user="test")
    told = make_api("val", Role.VIEWER).get(f"records/deal/{number}")
    assert (told["items"], told["amount"], told["name"]) == ([], None, "Camp")


def test_people_have_roles_each_once_and_follow_merges(people: Shop, team: Team) -> None:
    people.identify("2", email="bob@example.com", name="Bob")
    people.identify("3", email="bobby@example.com", name="Bobby")
    rows: list[dict[str, Any]] = [{"person": "user_id:2", "role": "user"}, {"person": "email:bob@example.com"}]
    number = new(people.conn, "deal", team["rob"], name="Camp", person="user_id:1", people=rows)
    values = load_record(people.conn, DEAL, number, viewer=team["mia"]).values
    assert [one["role"] for one in values["people"]] == [""]
    with pytest.raises(RecordRejected, match="none of"):
        change(people.conn, team, number, people=[{"person": "user_id:2", "role": "boss"}])
    with pytest.raises(RecordRejected, match="A value is needed"):
        change(people.conn, team, number, people=[{"role": "user"}])
    change(people.conn, team, number, people=[{"person": "user_id:2"}, {"person": "user_id:3", "role": "billing"}])
    question = Question(
        asking=_asking(people, team), kind=DEAL,
        tree=in_all(RelatedTo("people", Contains("name", "contains", "Bobby"))), now=datetime.now(UTC),
    )  # fmt: skip
    assert ids_of(people.conn, question, most=9) == [number]


def _asking(shop: Shop, team: Team) -> Any:
    return asking_of(shop.conn, user_of(team))


def user_of(team: Team) -> Any:
    from onefold.accounts.models import User

    return User.objects.get(username=team["mia"].username)


def test_the_card_adds_changes_moves_and_removes(people: Shop, team: Team) -> None:
    browser = signed_in(user_of(team))
    number = new(people.conn, "deal", team["mia"], name="Camp", person="user_id:1")
    browser.post(f"/deals/{number}/items", {"name": "Tent", "price": "10", "quantity": "3"})
    browser.post(f"/deals/{number}/items", {"name": "Rope", "price": "5"})
    tent, rope = (one["id"] for one in items_of(people.conn, team, number))
    browser.post(f"/deals/{number}/items/{rope}/move")
    assert [one["id"] for one in items_of(people.conn, team, number)] == [rope, tent]
    answer = browser.post(f"/deals/{number}/items/{tent}", {"discount": "10"})
    assert "€32" in answer.content.decode()
    refused = browser.post(f"/deals/{number}/items/{tent}", {"discount": "1000"}).content.decode()
    assert "between 0 and 100" in refused
    browser.post(f"/deals/{number}/items/{tent}/remove")
    assert amount_of(people.conn, team, number) == 5
    assert "Tent" in browser.get(f"/deals/{number}").content.decode()  # its history


def test_the_cards_of_people_add_change_put_first_and_remove(people: Shop, team: Team) -> None:
    people.identify("2", email="bob@example.com", name="Bob")
    browser = signed_in(user_of(team))
    number = new(people.conn, "deal", team["mia"], name="Camp", person="user_id:1")
    bob = _person(people, "Bob")
    browser.post(f"/deals/{number}/people", {"person": bob, "role": "user"})
    answer = browser.post(f"/deals/{number}/people/{bob}", {"role": "champion"}).content.decode()
    assert "Bob" in answer
    assert "Camp" in browser.get(f"/records/of/person/{bob}").content.decode()
    browser.post(f"/deals/{number}/people/{bob}/first")
    values = load_record(people.conn, DEAL, number, viewer=team["mia"]).values
    assert sorted(one["role"] for one in values["people"]) == ["", "champion"]
    ada = _person(people, "Ada")
    answer = browser.post(f"/deals/{number}/people/{ada}/remove").content.decode()
    assert "Ada" not in answer
    assert "Bob" in answer


def _person(shop: Shop, name: str) -> str:
    row = shop.conn.execute("select id from profile where name = %s", [name]).fetchone()
    assert row is not None
    return to_text(row[0])
