"""Fields that are hidden or only seen: no way to records tells, sorts by, finds by or sums what a role doesn't see."""

from decimal import Decimal
from typing import Any, Final

import pytest
from psycopg.sql import SQL, Literal

from onefold.accounts.api import Role
from onefold.crm.access import viewer_of
from onefold.crm.board import load_board, load_strip
from onefold.crm.catalogue import Asking, CompanyCatalogue, relations_of_people
from onefold.crm.errors import PolicyRejected, RecordForbidden, RecordRejected
from onefold.crm.history import entries_of
from onefold.crm.labels import labels_of
from onefold.crm.listing import Question, SortRejected, record_page, totals_of
from onefold.crm.lookups import records_like
from onefold.crm.objects import STANDARD, FieldDef, FieldKind, ObjectType
from onefold.crm.pipelines import load_pipelines
from onefold.crm.policy import set_fields, set_reaches
from onefold.crm.records import change_records, create_records, load_record, undo
from onefold.crm.rights import kind_for, rights_of, settable
from onefold.crm.shown import lines_of
from onefold.crm.viewer import Doing, FieldRight, Reach, Viewer
from onefold.filters.api import FieldUnknown, Present, RelatedTo, compile_tree, in_all
from tests.crm.floor import NOW, Floor, relation
from tests.web.conftest import Shop, signed_in

Pair = tuple[str, str]
HIDEABLE: Final = [
    (kind.name, field.name)
    for kind in STANDARD.values()
    for field in settable(kind)
    if FieldRight.HIDDEN in rights_of(kind, field)
]
"""Every field of every object that can be hidden."""
TOLD: Final = {"amount": ("home_amount", "weighted", "currency", "items"), "price": ("currency",)}
"""What goes with a field."""
WRITTEN: Final = {
    FieldKind.TEXT: "zqsecret",
    FieldKind.LONG_TEXT: "zqsecret",
    FieldKind.LINK: "https://zqsecret.example/",
    FieldKind.NUMBER: "73519",
    FieldKind.MONEY: "73519.46",
    FieldKind.DAY: "2031-07-19",
    FieldKind.MOMENT: "2031-07-19T07:51:00+00:00",
}
READ: Final = {FieldKind.MONEY: b"73,519", FieldKind.DAY: b"Jul 2031", FieldKind.NUMBER: b"1225:19"}
"""How some of it is read."""
LEFT: Final = {"name", "owner", "kind", "at", "stage", "pipeline", "checked", "done_at"}
"""What can't be hidden."""


def value_of(field: FieldDef, deal: str) -> Any:
    """Something to write into it, that can be recognised where it can be."""
    known: dict[FieldKind, Any] = {
        FieldKind.PERSON: "user_id:1",
        FieldKind.COMPANY: ":acme",
        FieldKind.RECORD: deal,
        FieldKind.CHOICE: field.options[-1].value if field.options else "",
    }
    if field.kind is FieldKind.PEOPLE:
        return [{"person": "user_id:1", "role": "user"}]
    text = known.get(field.kind) or WRITTEN[field.kind]
    return text + field.name if "zqsecret" in text else text


def limit(floor: Floor, object_name: str, /, **rights: FieldRight) -> Asking:
    """Salespeople do no more than this with fields; Sam asks."""
    set_fields(floor.conn, "sales", floor.kind(object_name), rights, acting_user="test")
    return floor.asking()


def made(floor: Floor, name: str) -> int:
    """A record of Sam's with something in every field."""
    root, deal = viewer_of(floor.conn, floor.root), str(floor.ids["deal"]["own"])
    kind = floor.kind(name)
    given = {one.name: value_of(one, deal) for one in settable(kind) if one.name not in LEFT}
    return create_records(floor.conn, kind, [given | {"name": "Plain", "owner": "sam"}], viewer=root).ids[0]


@pytest.fixture
def sam(floor: Floor) -> Floor:
    """Sam sells, and may edit products; there are deals."""
    floor.enter(Role.SALES)
    set_reaches(floor.conn, "sales", {("product", Doing.EDIT): Reach.ALL}, acting_user="test")
    floor.fill("deal")
    return floor


@pytest.mark.parametrize("pair", HIDEABLE, ids=".".join)
def test_no_way_tells_a_hidden_field(pair: Pair, sam: Floor) -> None:
    name, field = pair
    number = made(sam, name)
    root = viewer_of(sam.conn, sam.root)
    before = load_record(sam.conn, sam.kind(name), number, viewer=root).values
    assert before[field] not in (None, "", [])
    asking = limit(sam, name, **{field: FieldRight.HIDDEN})
    kind, gone = asking.objects[name], {field, *TOLD.get(field, ())}
    row = load_record(sam.conn, STANDARD[name], number, viewer=asking.viewer)
    assert all(row.values[one] in (None, "", []) for one in gone), "whichever description is asked with"
    assert not gone & {one.name for one in kind.fields}
    assert not gone & set(kind.columns)
    labels = labels_of(sam.conn, asking, kind, [row.values])
    assert not gone & {line.field.name for line in lines_of(kind, row.values, labels)}
    for one in gone:
        assert_not_asked(sam, asking, kind, one)
    assert_not_on_pages(sam, kind, number, field)
    entries = entries_of(sam.conn, asking, SQL("false"), (kind, number))
    titles = {str(STANDARD[name].by_name[one].title) for one in gone}
    assert not titles & {change.title for entry in entries for change in entry.changes}
    with pytest.raises(RecordRejected, match="no such field"):
        change_records(sam.conn, kind, {number: {field: ""}}, viewer=asking.viewer)
    change_records(sam.conn, kind, {number: {"name": "Other"}}, viewer=asking.viewer)
    after = load_record(sam.conn, sam.kind(name), number, viewer=root).values
    assert {one: after[one] for one in gone} == {one: before[one] for one in gone}, "what isn't seen isn't lost"


def assert_not_asked(floor: Floor, asking: Asking, kind: ObjectType, field: str) -> None:
    """Nor filtered by, straight or through what leads to it; nor sorted by, nor summed."""
    deal, relations = asking.objects["deal"], relations_of_people(asking)

    class People:
        def field(self, name: str) -> Any:
            if name not in relations:
                raise FieldUnknown(name)
            return relations[name]

    through = RelatedTo(relation(kind), Present(field))
    for description in (kind, STANDARD[kind.name]):
        question = Question(asking=asking, kind=description, tree=in_all(Present(field)), now=NOW)
        with pytest.raises(FieldUnknown):
            record_page(floor.conn, question)
        with pytest.raises(SortRejected):
            record_page(floor.conn, Question(asking=asking, kind=description, sort=f"-{field}", now=NOW))
        assert field not in totals_of(floor.conn, Question(asking=asking, kind=description, now=NOW)).sums
    for catalogue in (People(), CompanyCatalogue(asking, "co")):
        with pytest.raises(FieldUnknown):
            compile_tree(through, catalogue, NOW)
    if kind.name != "deal":
        with pytest.raises(FieldUnknown):
            record_page(floor.conn, Question(asking=asking, kind=deal, tree=in_all(through), now=NOW))


def assert_not_on_pages(floor: Floor, kind: ObjectType, number: int, field: str) -> None:
    """Nor read on the record's page, its board, beside its deal, in forms; what else is written there is."""
    browser = signed_in(floor.users["own"])
    addresses = [f"{kind.path}/{number}", f"/records/{kind.name}/new", f"/records/of/deal/{floor.ids['deal']['own']}"]
    one = STANDARD[kind.name].by_name[field]
    for address in [*addresses, "/deals/board", "/records/of/company/:acme", f"/deals/{floor.ids['deal']['own']}"]:
        html = browser.get(address).content
        assert f"/records/{kind.name}/{number}/fields/{field}/".encode() not in html
        assert f'name="{field}"'.encode() not in html
        assert b"zqsecret" + field.encode() not in html
        assert b"example/" + field.encode() not in html
        if one.kind in READ:
            assert READ[one.kind] not in html
    for part in ("", "/edit"):
        assert browser.get(f"/records/{kind.name}/{number}/fields/{field}{part}").status_code == 404
    assert browser.post(f"/records/{kind.name}/{number}/fields/{field}", {"value": ""}).status_code == 404
    if one.kind in (FieldKind.PERSON, FieldKind.COMPANY, FieldKind.RECORD):
        assert browser.get(f"/records/{kind.name}/look-up/{field}?q=a").status_code == 404


def test_searches_do_not_look_into_what_is_hidden(sam: Floor) -> None:
    made(sam, "activity")
    made(sam, "product")
    for name, field in (("activity", "body"), ("product", "code")):
        asking = sam.asking()
        found = [bool(records_like(sam.conn, asking, asking.objects[name], text)) for text in ("zqsecret", "plain")]
        assert found == [True, True]
        asking = limit(sam, name, **{field: FieldRight.HIDDEN})
        found = [bool(records_like(sam.conn, asking, asking.objects[name], text)) for text in ("zqsecret", "plain")]
        assert found == [False, True]
        question = Question(asking=asking, kind=STANDARD[name], query="zqsecret", now=NOW)
        assert record_page(sam.conn, question).rows == []


def test_the_board_sums_nothing_that_is_hidden(sam: Floor) -> None:
    made(sam, "deal")
    asking = limit(sam, "deal", amount=FieldRight.HIDDEN)
    question = Question(asking=asking, kind=asking.objects["deal"], now=NOW)
    pipeline = load_pipelines(sam.conn).usual
    strip, board = load_strip(sam.conn, question, pipeline, NOW), load_board(sam.conn, question, pipeline)
    assert (strip.worth, strip.weighted, strip.closing, strip.count) == (None, None, None, 3)
    assert {(lane.worth, lane.weighted) for lane in board.lanes} == {(None, None)}
    asking = limit(sam, "deal", amount=FieldRight.EDIT, close_on=FieldRight.HIDDEN)
    question = Question(asking=asking, kind=asking.objects["deal"], now=NOW)
    strip = load_strip(sam.conn, question, pipeline, NOW)
    assert strip.closing is None
    assert strip.worth is not None


def test_a_field_that_is_only_seen_is_named_when_it_is_written(sam: Floor) -> None:
    number = made(sam, "deal")
    asking = limit(sam, "deal", amount=FieldRight.READ, stage=FieldRight.READ)
    kind, browser = asking.objects["deal"], signed_in(sam.users["own"])
    for field, value in (("amount", "1"), ("currency", "USD"), ("stage", "2")):
        with pytest.raises(RecordForbidden, match=rf"\(deal\.{field}\)"):
            change_records(sam.conn, kind, {number: {field: value}}, viewer=asking.viewer)
        with pytest.raises(RecordForbidden):
            create_records(sam.conn, kind, [{"name": "x", field: value}], viewer=asking.viewer)
        assert browser.post(f"/records/deal/{number}/fields/{field}", {"value": value}).status_code == 403
        assert b"<input" not in browser.get(f"/records/deal/{number}/fields/{field}/edit").content
    html = browser.get(f"/deals/{number}").content.decode()
    assert "73,519.46" in html
    assert "/fields/amount/edit" not in html
    assert browser.post("/deals/move", {"deal": number, "stage": "2"}).status_code == 403


def test_rules_write_what_who_asks_does_not_see(sam: Floor) -> None:
    asking = limit(sam, "deal", amount=FieldRight.HIDDEN, company=FieldRight.HIDDEN, person=FieldRight.HIDDEN)
    root = viewer_of(sam.conn, sam.root)
    number = made(sam, "deal")
    stage = load_pipelines(sam.conn).usual.stages[1].id
    change_records(sam.conn, asking.objects["deal"], {number: {"stage": stage}}, viewer=asking.viewer)
    values = load_record(sam.conn, sam.kind("deal"), number, viewer=root).values
    assert (values["home_amount"], values["weighted"]) == (Decimal("73519.46"), Decimal("29407.78"))
    (task,) = create_records(sam.conn, STANDARD["task"], [{"name": "Call", "deal": number}], viewer=asking.viewer).ids
    taken = load_record(sam.conn, sam.kind("task"), task, viewer=root).values
    assert (taken["company"], taken["person"]) == (values["company"], values["person"])


def test_undo_takes_back_what_rules_wrote_but_not_what_others_wrote_out_of_reach(sam: Floor) -> None:
    number, root = made(sam, "deal"), viewer_of(sam.conn, sam.root)
    asking = limit(sam, "deal", lost_reason=FieldRight.HIDDEN)
    theirs = change_records(sam.conn, sam.kind("deal"), {number: {"lost_reason": "price"}}, viewer=root).act
    with pytest.raises(RecordForbidden):
        undo(sam.conn, theirs, viewer=asking.viewer)
    own = change_records(sam.conn, asking.objects["deal"], {number: {"name": "Other"}}, viewer=asking.viewer).act
    assert undo(sam.conn, own, viewer=asking.viewer).records == 1
    assert load_record(sam.conn, sam.kind("deal"), number, viewer=root).values["lost_reason"] == "price"


def test_a_change_of_nothing_but_hidden_fields_is_in_no_history_of_theirs(sam: Floor) -> None:
    number, root = made(sam, "deal"), viewer_of(sam.conn, sam.root)
    asking = limit(sam, "deal", amount=FieldRight.HIDDEN)
    change_records(sam.conn, sam.kind("deal"), {number: {"amount": "12"}}, viewer=root)
    entries = entries_of(sam.conn, asking, SQL("false"), (asking.objects["deal"], number))
    assert [one.kind for one in entries] == ["created"]


def test_a_task_whose_deal_is_hidden_stands_in_no_timeline_of_a_deal(sam: Floor) -> None:
    made(sam, "task")
    deal = sam.ids["deal"]["own"]
    about = SQL("r.deal = {}").format(Literal(deal))
    asking = sam.asking()
    assert entries_of(sam.conn, asking, about, (asking.objects["deal"], deal), only="tasks")
    asking = limit(sam, "task", deal=FieldRight.HIDDEN)
    assert not entries_of(sam.conn, asking, about, (asking.objects["deal"], deal), only="tasks")


def test_custom_fields_are_hidden_and_kept(shop: Shop, sam: Floor) -> None:
    shop.conn.execute(
        "insert into custom_field (object, name, title, kind, place, is_required)"
        " values ('boat', 'crew', 'Crew', 'number', 1, true), ('boat', 'port', 'Port', 'text', 2, false)"
    )
    from onefold.crm.schema import forget_objects

    forget_objects()
    root, kind = viewer_of(sam.conn, sam.root), sam.kind("boat")
    given = {"name": "Ada", "crew": "4", "port": "Split", "owner": "sam"}
    (number,) = create_records(sam.conn, kind, [given], viewer=root).ids
    asking = limit(sam, "boat", crew=FieldRight.HIDDEN)
    assert load_record(sam.conn, kind, number, viewer=asking.viewer).values["crew"] is None
    change_records(sam.conn, asking.objects["boat"], {number: {"port": "Hvar"}}, viewer=asking.viewer)
    values = load_record(sam.conn, kind, number, viewer=root).values
    assert (values["crew"], values["port"]) == (Decimal(4), "Hvar")
    made_by_sam = create_records(sam.conn, asking.objects["boat"], [{"name": "Bob"}], viewer=asking.viewer)
    assert made_by_sam.ids, "nobody is asked for what they can't give"


def test_what_cannot_be_said_of_fields_is_refused(sam: Floor) -> None:
    for name, right in (("name", FieldRight.HIDDEN), ("home_amount", FieldRight.READ), ("colour", FieldRight.READ)):
        with pytest.raises(PolicyRejected):
            limit(sam, "deal", **{name: right})
    with pytest.raises(PolicyRejected):
        set_fields(sam.conn, "admin", sam.kind("deal"), {"amount": FieldRight.READ}, acting_user="test")
    assert sam.conn.execute("select count(*) from field_policy").fetchone() == (0,)


def test_fields_of_a_role_are_set_on_a_page(sam: Floor) -> None:
    alice, page = signed_in(sam.root), "/settings/crm/permissions/deal"
    assert alice.post(page, {"role": "sales", "amount": "hidden", "owner": "read"}).status_code == 302
    assert "2 limited" in alice.get("/settings/crm/permissions?role=sales").content.decode()
    rows = sam.conn.execute("select field, may from field_policy order by field").fetchall()
    assert rows == [("amount", "hidden"), ("owner", "read")]
    assert alice.post(page, {"role": "sales", "name": "hidden"}).status_code == 422
    alice.post(page, {"role": "sales", "amount": "edit", "owner": "edit"})
    assert sam.conn.execute("select count(*) from field_policy").fetchone() == (0,)
    audited = sam.conn.execute("select count(*) from audit where action = 'crm.fields_changed'").fetchone()
    assert audited == (2,)


def test_an_object_is_known_the_same_however_often_it_is_asked() -> None:
    viewer = Viewer(name="user:x", user_id=1, fields={("deal", "amount"): FieldRight.HIDDEN})
    once = kind_for(viewer, STANDARD["deal"])
    assert kind_for(viewer, once) == once
    assert {one.name for one in once.hidden} == {"amount", "home_amount", "weighted", "currency", "items"}
