"""Fields and objects that administrators make: usable at once everywhere, refused where they can't be, never lost."""

from typing import Any

import pytest
from psycopg import Connection
from psycopg.errors import CheckViolation

from onefold.accounts.api import Role
from onefold.crm.access import asking_of
from onefold.crm.errors import SetupMissing, SetupRejected
from onefold.crm.field_setup import (
    FieldWanted,
    add_field,
    archive_field,
    change_field,
    order_fields,
    own_fields,
    restore_field,
)
from onefold.crm.listing import Question, ids_of
from onefold.crm.object_setup import (
    ICONS,
    ObjectWanted,
    add_object,
    archive_object,
    change_object,
    own_objects,
    restore_object,
)
from onefold.crm.objects import FieldKind, Option
from onefold.crm.pipelines import load_pipelines
from onefold.crm.records import change_records, create_records, load_record
from onefold.crm.schema import objects_in_force
from onefold.crm.stage_setup import StageWanted, change_stage
from onefold.crm.used_in import uses_of
from onefold.crm.viewer import Doing, Reach, Viewer
from onefold.filters.api import Condition, Flag, Node, Number, OneOf, Present, RelatedTo, in_all
from onefold.kernel.errors import Rejected
from tests.crm.conftest import new
from tests.crm.floor import NOW, Floor
from tests.web.conftest import Shop

ADMIN = "user:mia"
Team = dict[str, Viewer]
COLOURS = (Option("", "Red", "bad"), Option("", "Green <b>"))


def add(shop: Shop, object_name: str, title: str, kind: str = "text", **more: Any) -> str:
    return add_field(shop.conn, object_name, FieldWanted(title=title, kind=kind, **more), acting_user=ADMIN)


@pytest.fixture
def boat(people: Shop, team: Team) -> Shop:
    """Boats, made as an administrator makes them; Ada of Acme."""
    add_object(people.conn, ObjectWanted(title="Boat", plural="Boats", icon="key"), acting_user=ADMIN)
    return people


class TestObjects:
    def test_a_new_object_is_there_at_once_for_whom_roles_say(self, floor: Floor) -> None:
        name = add_object(floor.conn, ObjectWanted(title="Charter trip", plural="Charter trips"), acting_user=ADMIN)
        assert name == "charter_trip"
        me = floor.enter(Role.SALES)
        asking = asking_of(floor.conn, me)
        assert str(asking.objects[name].plural) == "Charter trips"
        assert [asking.viewer.reach(name, doing) for doing in Doing] == [Reach.TEAM, Reach.OWN, Reach.OWN]

    @pytest.mark.parametrize(
        ("title", "plural", "what"),
        [
            ("", "Boats", "title"),
            ("Boat", "", "plural"),
            ("x" * 10_000, "Boats", "title"),
            ("Deal", "Boats", "title"),
            ("Boat", "deals", "plural"),
            ("Company", "Firms", "title"),
            ("E-mail", "Boats", None),
            ("Of", "Ofs", "title"),
        ],
    )
    def test_what_onefold_has_itself_is_refused(self, title: str, plural: str, what: str | None, shop: Shop) -> None:
        wanted = ObjectWanted(title=title, plural=plural)
        if what is None:
            assert add_object(shop.conn, wanted, acting_user=ADMIN) == "e_mail"
            return
        with pytest.raises(SetupRejected) as fault:
            add_object(shop.conn, wanted, acting_user=ADMIN)
        assert set(fault.value.faults) == {what}

    def test_titles_of_any_script_have_names(self, shop: Shop) -> None:
        names = [
            add_object(shop.conn, ObjectWanted(title=title, plural=f"{title}s"), acting_user=ADMIN)
            for title in ("船", "Größe ⛵", "2nd boat", "עברית")
        ]
        assert names == ["own_object", "groe", "own_object_2nd_boat", "own_object_2"]

    def test_it_is_changed_archived_and_restored_with_its_records(self, boat: Shop, team: Team) -> None:
        mia = team["mia"]
        kind = objects_in_force(boat.conn)["boat"]
        (number,) = create_records(boat.conn, kind, [{"name": "Astrid"}], viewer=mia).ids
        change_object(boat.conn, "boat", ObjectWanted(title="Yacht", plural="Yachts", icon="star"), acting_user=ADMIN)
        assert str(objects_in_force(boat.conn)["boat"].plural) == "Yachts"
        archive_object(boat.conn, "boat", acting_user=ADMIN)
        archive_object(boat.conn, "boat", acting_user=ADMIN)
        assert "boat" not in objects_in_force(boat.conn)
        with pytest.raises(SetupMissing):
            add(boat, "boat", "Length")
        restore_object(boat.conn, "boat", acting_user=ADMIN)
        assert (
            load_record(boat.conn, objects_in_force(boat.conn)["boat"], number, viewer=mia).values["name"] == "Astrid"
        )
        assert [one.records for one in own_objects(boat.conn)] == [1]
        done = [
            row[0] for row in boat.conn.execute("select action from audit where target = 'object:boat' order by id")
        ]
        assert done == ["object.added", "object.changed", "object.archived", "object.restored"]

    def test_one_that_fields_lead_to_stays(self, boat: Shop) -> None:
        add(boat, "deal", "Boat", "record", target="boat")
        with pytest.raises(SetupRejected, match="Fields lead to “Boats”: Deals: Boat"):
            archive_object(boat.conn, "boat", acting_user=ADMIN)
        archive_field(boat.conn, "deal", "boat_2", acting_user=ADMIN)
        archive_object(boat.conn, "boat", acting_user=ADMIN)
        with pytest.raises(SetupRejected, match="What it leads to is archived"):
            restore_field(boat.conn, "deal", "boat_2", acting_user=ADMIN)

    def test_icons_are_there(self) -> None:
        from pathlib import Path

        there = Path("frontend/icons.txt").read_text("utf-8").split()
        assert set(ICONS) <= set(there)
        assert len(set(ICONS)) == len(ICONS)


class TestFields:
    @pytest.mark.parametrize("title", ["ID", "Created by", "Seen", "Records", "Currency", "Back", "People"])
    def test_names_that_calls_and_forms_use_are_refused(self, title: str, boat: Shop) -> None:
        with pytest.raises(SetupRejected, match="a name that Onefold needs itself") as fault:
            add(boat, "boat", title)
        assert set(fault.value.faults) == {"title"}

    @pytest.mark.parametrize("name", ["id", "created_by", "seen", "records", "currency", "Größe", "a b", "", "x" * 61])
    def test_the_database_refuses_them_as_well(self, name: str, shop: Shop) -> None:
        with pytest.raises(CheckViolation), shop.conn.transaction():
            shop.conn.execute(
                "insert into custom_field (object, name, title, kind, place) values ('deal', %s, 'x', 'text', 1)",
                [name],
            )

    def test_own_columns_and_titles_are_told_apart(self, boat: Shop) -> None:
        for object_name, title in (("deal", "Close date"), ("deal", "AMOUNT"), ("boat", "person"), ("boat", "Owner")):
            with pytest.raises(SetupRejected, match="of this title already"):
                add(boat, object_name, title)
        with pytest.raises(SetupRejected, match="Onefold needs itself"):
            add(boat, "deal", "Next-step")
        assert add(boat, "boat", "Hull / colour") == "hull_colour"
        assert add(boat, "boat", "Hull: colour") == "hull_colour_2"
        assert add(boat, "boat", "日本") == "own_field"
        with pytest.raises(SetupRejected, match="of this title already"):
            add(boat, "boat", "hull / COLOUR")
        for title in ("", "x" * 10_000, " \0 "):
            with pytest.raises(SetupRejected):
                add(boat, "boat", title)

    @pytest.mark.parametrize(
        ("more", "what"),
        [
            ({"kind": "blob"}, "kind"),
            ({"kind": "record"}, "target"),
            ({"kind": "record", "target": "yacht"}, "target"),
            ({"kind": "text", "target": "deal"}, "target"),
            ({"kind": "money", "currency": "euros"}, "currency"),
            ({"kind": "choice"}, "options"),
            ({"kind": "choice", "options": (Option("", "A"), Option("", "a"))}, "options"),
            ({"kind": "choice", "options": (Option("", "A", "pink"),)}, "options"),
            ({"kind": "choice", "options": (Option("", "x" * 10_000),)}, "options"),
            ({"kind": "text", "options": COLOURS}, "options"),
            ({"name": "currency"}, "name"),
            ({"name": "A b"}, "name"),
        ],
    )
    def test_what_cannot_be_is_said(self, more: dict[str, Any], what: str, boat: Shop) -> None:
        with pytest.raises(SetupRejected) as fault:
            add(boat, "boat", "Length", **more)
        assert set(fault.value.faults) == {what}
        assert own_fields(boat.conn, "boat") == []

    def test_options_keep_their_values(self, boat: Shop, team: Team) -> None:
        name = add(boat, "boat", "Colour", "choice", options=COLOURS)
        kind = objects_in_force(boat.conn)["boat"]
        assert [one.value for one in kind.by_name[name].options] == ["red", "green_b"]
        (number,) = create_records(boat.conn, kind, [{"name": "A", name: "red"}], viewer=team["mia"]).ids
        again = (Option("", "Blue", "accent"), Option("red", "Crimson", "bad"))
        wanted = FieldWanted(title="Colour", kind="choice", options=again, is_required=True)
        change_field(boat.conn, "boat", name, wanted, acting_user=ADMIN)
        kind = objects_in_force(boat.conn)["boat"]
        assert kind.by_name[name].options == (Option("blue", "Blue", "accent"), Option("red", "Crimson", "bad"))
        assert load_record(boat.conn, kind, number, viewer=team["mia"]).values[name] == "red"
        with pytest.raises(Rejected, match="A value is needed"):
            create_records(boat.conn, kind, [{"name": "B"}], viewer=team["mia"])
        for kept in (
            FieldWanted(title="Colour", kind="text"),
            FieldWanted(title="Colour", kind="choices", options=again),
        ):
            with pytest.raises(SetupRejected, match="archive it, and add another one"):
                change_field(boat.conn, "boat", name, kept, acting_user=ADMIN)

    def test_money_has_the_currency_that_one_says(self, boat: Shop) -> None:
        home, other = add(boat, "boat", "Price", "money"), add(boat, "boat", "Fee", "money", currency="sek")
        known = objects_in_force(boat.conn)["boat"].by_name
        assert (known[home].currency, known[other].currency) == ("EUR", "SEK")

    def test_they_are_ordered(self, boat: Shop) -> None:
        names = [add(boat, "boat", title) for title in ("A", "B", "C")]
        order_fields(boat.conn, "boat", names[::-1], acting_user=ADMIN)
        assert [one.name for one in own_fields(boat.conn, "boat")] == names[::-1]
        assert [one.name for one in objects_in_force(boat.conn)["boat"].fields if not one.column] == names[::-1]
        with pytest.raises(SetupRejected, match="each of them once"):
            order_fields(boat.conn, "boat", names[1:], acting_user=ADMIN)

    def test_an_archived_field_keeps_its_values(self, boat: Shop, team: Team) -> None:
        name = add(boat, "deal", "Colour")
        number = new_deal(boat, team["mia"], {name: "red"})
        archive_field(boat.conn, "deal", name, acting_user=ADMIN)
        kind = objects_in_force(boat.conn)["deal"]
        assert name not in kind.by_name
        change_records(boat.conn, kind, {number: {"next_step": "Call"}}, viewer=team["mia"])
        other = add(boat, "deal", "Size")
        change_records(boat.conn, objects_in_force(boat.conn)["deal"], {number: {other: "8"}}, viewer=team["mia"])
        with pytest.raises(SetupRejected, match="A field of this title is archived: restore it"):
            add(boat, "deal", "Colour")
        restore_field(boat.conn, "deal", name, acting_user=ADMIN)
        values = load_record(boat.conn, objects_in_force(boat.conn)["deal"], number, viewer=team["mia"]).values
        assert (values[name], values[other]) == ("red", "8")

    def test_a_text_field_may_hold_what_is_no_currency(self, shop: Shop, team: Team) -> None:
        from onefold.crm.objects import FieldDef
        from onefold.crm.values import read

        assert read(FieldDef(name="currency", title="x", kind=FieldKind.TEXT), "bitcoin") == "bitcoin"

    def test_where_a_field_is_used_is_known(self, boat: Shop, team: Team) -> None:
        length = add(boat, "boat", "Length", "number")
        boats = add(boat, "deal", "Boats", "record", target="boat")
        tree = '{"type": "all", "of": [{"type": "number", "field": "%s", "op": "gt", "value": 8}]}'
        views = (
            ("boat", "alice", "Long ones", f"filter={tree % length}", "all"),
            ("boat", "bob", "Mine", f"col={length}~90&col=owner", "owner"),
            ("deal", "alice", "With long boats", f"filter={tree % f'{boats}/{length}'}", "all"),
            ("deal", "alice", "Others", f"filter={tree % 'amount'}&sort=-created_at", "all"),
        )
        for place, view in enumerate(views):
            boat.conn.execute(
                "insert into saved_view (object, owner, name, address, seen_by, place) values (%s,%s,%s,%s,%s,%s)",
                [*view, place],
            )
        uses = uses_of(boat.conn, "boat", length)
        assert (uses.views, uses.private, uses.stages) == (["Long ones", "With long boats"], 1, [])
        stage = load_pipelines(boat.conn).usual.stages[1]
        wanted = StageWanted(name="Meeting", probability=40, required=(boats,))
        change_stage(boat.conn, stage.id, wanted, acting_user=ADMIN)
        uses = uses_of(boat.conn, "deal", boats)
        assert (uses.views, uses.stages) == (["With long boats"], ["Sales: Meeting"])
        archive_field(boat.conn, "deal", boats, acting_user=ADMIN)
        change_stage(boat.conn, stage.id, StageWanted(name="Meeting", probability=41), acting_user=ADMIN)
        assert load_pipelines(boat.conn).stages[stage.id].required == (boats,), "it counts again once it is restored"
        assert not uses_of(boat.conn, "boat", "no_such")


def new_deal(shop: Shop, viewer: Viewer, more: dict[str, Any]) -> int:
    kind = objects_in_force(shop.conn)["deal"]
    return create_records(shop.conn, kind, [{"name": "Tents", **more}], viewer=viewer).ids[0]


def found(conn: Connection[Any], floor: Floor, kind: str, tree: Node) -> list[int]:
    asking = asking_of(conn, floor.root)
    question = Question(asking=asking, kind=asking.objects[kind], tree=in_all(tree), now=NOW)
    return ids_of(conn, question, most=10)


class TestFilters:
    def test_lists_are_filtered_by_what_own_fields_lead_to(self, floor: Floor) -> None:
        conn, shop = floor.conn, floor
        floor.enter(Role.SALES)
        floor.fill("deal")

        def make(title: str, kind: str, target: str = "") -> str:
            wanted = FieldWanted(title=title, kind=kind, target=target)
            return add_field(conn, "boat", wanted, acting_user=ADMIN)

        asked_for = (
            ("Skipper", "user"),
            ("Guest", "person"),
            ("Yard", "company"),
            ("Afloat", "flag"),
            ("Length", "number"),
        )
        skipper, guest, yard, afloat, length = (make(*one) for one in asked_for)
        sold = make("Sold by", "record", "deal")
        deal = floor.ids["deal"]["own"]
        values = {skipper: "sam", guest: "user_id:1", yard: ":acme", sold: deal, afloat: False, length: 9.5}
        from onefold.crm.access import viewer_of

        kind = objects_in_force(conn)["boat"]
        full, _empty = create_records(
            conn, kind, [{"name": "Full", **values}, {"name": "Empty"}], viewer=viewer_of(conn, shop.root)
        ).ids
        asked: list[Condition | RelatedTo] = [
            OneOf(skipper, "is", ("sam",)),
            Present(guest, value=True),
            RelatedTo(guest, OneOf("email", "is", ("ada@example.com",))),
            OneOf(yard, "is", (":acme",)),
            RelatedTo(yard, OneOf("name", "is", ("Acme",))),
            OneOf(sold, "is", (str(deal),)),
            RelatedTo(sold, OneOf("name", "is", ("deal of own",))),
            Flag(afloat, value=False),
            Number(length, "gt", 9),
        ]
        for one in asked:
            assert found(conn, floor, "boat", one) == [full], one
        assert found(conn, floor, "boat", Present(sold, value=False)) == [_empty]
        assert new(conn, "task", viewer_of(conn, shop.root), name="x")


def test_a_list_that_asks_for_an_archived_field_says_so(boat: Shop, browser_of: Any) -> None:
    name = add(boat, "boat", "Length", "number")
    alice = browser_of("alice", Role.ADMIN)
    tree = '{"v": 1, "where": {"type": "all", "of": [{"type": "number", "field": "length", "op": "gt", "value": 8}]}}'
    assert alice.get("/records/boat", {"filter": tree}).status_code == 200
    archive_field(boat.conn, "boat", name, acting_user=ADMIN)
    answer = alice.get("/records/boat", {"filter": tree})
    assert answer.status_code == 400
    assert "no field &#x27;length&#x27;" in answer.content.decode()
    shown = alice.get("/records/boat", {"col": ["name", "length"]})
    assert shown.status_code == 200, "a column is left out"
