"""Who may do what to whose records: every object, role and owner, by every way to them, against a table of its own."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.test import Client
from psycopg import Connection
from psycopg.sql import SQL, Literal

from onefold.accounts.api import ApiKeyHolder, NotAllowed, PersonalData, Role
from onefold.crm.access import viewer_of
from onefold.crm.board import load_board, load_lane, load_strip
from onefold.crm.calendar import load_month
from onefold.crm.catalogue import Asking, CompanyCatalogue, relations_of_people
from onefold.crm.errors import PolicyRejected, RecordForbidden, RecordMissing
from onefold.crm.history import entries_of
from onefold.crm.listing import Question, ids_of, record_page, totals_of
from onefold.crm.lookups import records_like
from onefold.crm.objects import ObjectType
from onefold.crm.pipelines import load_pipelines
from onefold.crm.policy import ROLES, set_reaches
from onefold.crm.records import change_records, create_records, delete_records, load_record, undo
from onefold.crm.references import look_up
from onefold.crm.schema import objects_in_force
from onefold.crm.viewer import Doing, Reach
from onefold.filters.api import Node, OneOf, RelatedTo, compile_tree, in_all
from onefold.kernel.errors import Rejected
from tests.crm.floor import NOW, OWNERS, Floor, relation
from tests.web.conftest import signed_in

if TYPE_CHECKING:
    pass

OBJECTS: Final = ("deal", "task", "activity", "product", "boat")
THEIRS: Final = {
    "none": set[str](),
    "own": {"own"},
    "team": {"own", "mate"},
    "all": {"own", "mate", "stranger", "nobody"},
}
"""Whose records a reach has, in words of OWNERS."""
USUAL: Final = {
    "viewer": ("all", "none", "none"),
    "sales": ("team", "own", "own"),
    "manager": ("all", "team", "team"),
    "editor": ("all", "all", "all"),
    "admin": ("all", "all", "all"),
}
"""To see, edit and delete, unless somebody says otherwise."""
OF_PRODUCTS: Final = USUAL | {"sales": ("all", "none", "none"), "manager": ("all", "all", "all")}


def ways_to_see(conn: Connection[Any], asking: Asking, name: str, ids: dict[str, int]) -> Iterator[tuple[str, Any]]:
    """Every way in which records are found, and whose it finds."""
    whose = {number: owner for owner, number in ids.items()}
    kind = asking.objects[name]
    question = Question(asking=asking, kind=kind, now=NOW)

    def named(numbers: Any) -> list[str]:
        return sorted(whose[number] for number in numbers if number in whose)

    page = record_page(conn, question)
    yield "list", named(row.id for row in page.rows)
    by_name = Question(asking=asking, kind=kind, sort="name", now=NOW)
    yield "sorted list", named(row.id for row in record_page(conn, by_name).rows)
    yield "ids", named(ids_of(conn, question, most=100))
    yield "search", named(ids_of(conn, Question(asking=asking, kind=kind, query=f"{name} of", now=NOW), most=100))
    yield "look-up", named(int(one.value) for one in records_like(conn, asking, kind, f"{name} of"))
    names = OneOf("name", "is", tuple(f"{name} of {one}" for one in OWNERS))
    mine = Question(asking=asking, kind=kind, tree=in_all(names), now=NOW)
    assert page.count == totals_of(conn, question).count
    yield "count", totals_of(conn, mine).count
    if "person" in kind.by_name:
        yield "people with", [one for one in OWNERS if _has_person(conn, asking, kind, f"{name} of {one}")]
        yield "companies with", [one for one in OWNERS if _has_company(conn, asking, kind, f"{name} of {one}")]
    if "deal" in kind.by_name:
        yield "deals with", [one for one in OWNERS if _has_deal(conn, asking, kind, f"{name} of {one}")]


def _has_person(conn: Connection[Any], asking: Asking, kind: ObjectType, text: str) -> bool:
    relations = relations_of_people(asking)

    class People:
        def field(self, name: str) -> Any:
            return relations[name]

    compiled = compile_tree(RelatedTo(relation(kind), OneOf("name", "is", (text,))), People(), NOW)
    rows = conn.execute(SQL("select 1 from profile p where {}").format(compiled.sql), compiled.parameters)
    return rows.fetchone() is not None


def _has_company(conn: Connection[Any], asking: Asking, kind: ObjectType, text: str) -> bool:
    compiled = compile_tree(
        RelatedTo(relation(kind), OneOf("name", "is", (text,))), CompanyCatalogue(asking, "co"), NOW
    )
    rows = conn.execute(SQL("select 1 from company co where {}").format(compiled.sql), compiled.parameters)
    return rows.fetchone() is not None


def _has_deal(conn: Connection[Any], asking: Asking, kind: ObjectType, text: str) -> bool:
    tree: Node = RelatedTo(relation(kind), OneOf("name", "is", (text,)))
    question = Question(asking=asking, kind=asking.objects["deal"], tree=in_all(tree), now=NOW)
    return bool(ids_of(conn, question, most=10))


def ways_to_one(floor: Floor, asking: Asking, name: str, number: int) -> tuple[bool, bool, bool]:
    """Whether one record can be seen, edited, deleted; nothing stays changed."""
    conn, kind, viewer = floor.conn, asking.objects[name], asking.viewer

    def goes(act: Callable[[], object]) -> bool:
        with conn.transaction(force_rollback=True):
            try:
                act()
            except (RecordMissing, RecordForbidden):
                return False
            return True

    seen = goes(lambda: load_record(conn, kind, number, viewer=viewer))
    field = objects_in_force(conn)["task"].by_name["deal"] if name == "deal" else None
    if field is not None:
        found = look_up(conn, viewer, asking.objects, [(field, str(number))]).found
        assert bool(found) is seen, "who may not see a deal can't refer to it"
    edited = goes(lambda: change_records(conn, kind, {number: {"name": "other"}}, viewer=viewer))
    deleted = goes(lambda: delete_records(conn, kind, [number], viewer=viewer))
    return seen, edited, deleted


def check(floor: Floor, name: str, see: set[str], edit: set[str], delete: set[str]) -> None:
    """All the ways agree."""
    asking, ids = floor.asking(), floor.ids[name]
    for way, found in ways_to_see(floor.conn, asking, name, ids):
        expected: Any = len(see) if way == "count" else sorted(see)
        assert (sorted(found) if isinstance(found, list) else found) == expected, way
    for whose, number in ids.items():
        allowed = (whose in see, whose in edit & see, whose in delete & see)
        assert ways_to_one(floor, asking, name, number) == allowed, whose


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", OBJECTS)
def test_every_way_to_records_agrees_with_what_is_usual(name: str, role: Role, floor: Floor) -> None:
    floor.enter(role)
    if name in ("task", "activity", "boat"):
        floor.fill("deal")
    floor.fill(name)
    see, edit, delete = (OF_PRODUCTS if name == "product" else USUAL)[role]
    check(floor, name, THEIRS[see], THEIRS[edit], THEIRS[delete])


@pytest.mark.parametrize("name", ["deal", "boat"])
@pytest.mark.parametrize("see", list(Reach))
def test_every_way_to_records_agrees_with_what_was_set(see: Reach, name: str, floor: Floor) -> None:
    floor.enter(Role.SALES)
    if name != "deal":
        floor.fill("deal")
    floor.fill(name)
    for edit, delete in product(Reach, Reach):
        wanted = {(name, Doing.SEE): see, (name, Doing.EDIT): edit, (name, Doing.DELETE): delete}
        set_reaches(floor.conn, Role.SALES, wanted, acting_user="user:root")
        check(floor, name, THEIRS[see], THEIRS[edit], THEIRS[delete])


@pytest.mark.parametrize("role", list(Role))
def test_the_calendar_has_the_tasks_that_the_list_has(role: Role, floor: Floor) -> None:
    floor.enter(role)
    ids = floor.fill("task")
    expected = {ids[one] for one in THEIRS[USUAL[role][0]]}
    floor.conn.execute("update task set due_at = %s", [NOW])
    asking = floor.asking()
    month = load_month(
        floor.conn, Question(asking=asking, kind=asking.objects["task"], now=NOW), NOW.date().replace(day=1)
    )
    assert {row.id for week in month.weeks for day in week for row in day.rows} == expected
    assert month.count == len(expected)


@pytest.mark.parametrize("role", list(Role))
def test_the_board_has_the_deals_that_the_list_has(role: Role, floor: Floor) -> None:
    floor.enter(role)
    ids = floor.fill("deal")
    expected = {ids[one] for one in THEIRS[USUAL[role][0]]}
    asking = floor.asking()
    question = Question(asking=asking, kind=asking.objects["deal"], now=NOW)
    pipeline = load_pipelines(floor.conn).usual
    board = load_board(floor.conn, question, pipeline)
    assert {row.id for lane in board.lanes for row in lane.rows} == expected
    assert sum(lane.count for lane in board.lanes) == len(expected)
    assert load_strip(floor.conn, question, pipeline, NOW).count == len(expected)
    lane, _labels = load_lane(floor.conn, question, pipeline.stages[0])
    assert {row.id for row in lane.rows} == expected


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", ["deal", "task", "activity", "product"])
def test_pages_open_to_those_who_may(name: str, role: Role, floor: Floor) -> None:
    browser = signed_in(floor.enter(role))
    ids = floor.fill(name)
    see, edit, delete = (THEIRS[one] for one in (OF_PRODUCTS if name == "product" else USUAL)[role])
    path = floor.kind(name).path

    def status(method: str, url: str, **sent: str) -> int:
        return int(getattr(browser, method)(url, sent).status_code)

    for whose, number in ids.items():
        one = f"/records/{name}/{number}"
        gone = 403 if not edit else 404  # who may edit nothing isn't told what there is
        can_see, can_edit, can_delete = whose in see, whose in edit & see, whose in delete & see
        opened = 200 if can_see else 404
        assert status("get", f"{path}/{number}") == opened
        parts = ("", "/fields/name", "/fields/name/edit", "/shares")
        assert {status("get", f"{one}{part}") for part in parts} == {opened}
        has_input = b"<input" in browser.get(f"{one}/fields/name/edit").content
        assert has_input is can_edit
        refused = 403 if can_see else gone
        edited = status("post", f"{one}/fields/name", value=f"{name} of {whose}", force="1")
        assert edited == (302 if can_edit else refused)
        shared = status("post", f"{one}/shares", **{"with": f"team:{floor.team}", "doing": "see"})
        assert shared == (302 if can_edit else refused)
        if can_edit:
            floor.conn.execute("delete from record_share")
        if name == "deal":
            stage = load_pipelines(floor.conn).usual.stages[0].id
            moved = status("post", "/deals/move", deal=str(number), stage=str(stage))
            assert moved == (200 if can_edit else refused)
        if name == "task":
            assert status("post", f"/tasks/{number}/done") == (302 if can_edit else refused)
        assert status("post", f"{one}/delete") == (302 if can_delete else refused)
    made = status("post", f"/records/{name}/new", name="New one", price="1")
    assert made == (302 if edit else 403), "to make one is to edit one's own"


def test_a_key_may_no_more_than_its_scopes(floor: Floor) -> None:
    floor.enter(Role.EDITOR)
    floor.fill("deal")

    def key(*scopes: str) -> ApiKeyHolder:
        return ApiKeyHolder(1, "sam", Role.EDITOR, PersonalData.SHOWN, frozenset(scopes))

    reading, editing = (viewer_of(floor.conn, key(*scopes)) for scopes in (("read",), ("read", "edit")))
    assert (reading.reach("deal", Doing.SEE), reading.reach("deal", Doing.EDIT)) == (Reach.ALL, Reach.NONE)
    assert editing.reach("deal", Doing.EDIT) is Reach.ALL
    with pytest.raises(NotAllowed):
        viewer_of(floor.conn, key("sql"))


def test_people_and_companies_have_policies_as_well(floor: Floor) -> None:
    floor.enter(Role.SALES)
    viewer = floor.asking().viewer
    assert [viewer.reach("people", doing) for doing in Doing] == [Reach.ALL, Reach.ALL, Reach.NONE]
    set_reaches(floor.conn, "sales", {("people", Doing.EDIT): Reach.OWN}, acting_user="test")
    assert floor.asking().viewer.reach("people", Doing.EDIT) is Reach.OWN


def test_tasks_beside_a_deal_are_ticked_off_by_those_who_may(floor: Floor) -> None:
    browser = signed_in(floor.enter(Role.SALES))
    deal = floor.fill("deal")["own"]
    tasks = floor.fill("task")
    html = browser.get(f"/records/of/deal/{deal}").content.decode()
    assert f"/tasks/{tasks['own']}/done" in html
    assert "task of mate" in html
    assert f"/tasks/{tasks['mate']}/done" not in html
    assert "task of stranger" not in html


def test_what_cannot_be_set_is_said(floor: Floor) -> None:
    for role, wanted in (
        ("admin", {("deal", Doing.SEE): Reach.NONE}),
        ("viewer", {("deal", Doing.EDIT): Reach.OWN}),
        ("sales", {("yacht", Doing.SEE): Reach.OWN}),
    ):
        with pytest.raises(PolicyRejected):
            set_reaches(floor.conn, role, wanted, acting_user="user:root")
    assert floor.conn.execute("select count(*) from record_policy").fetchone() == (0,)
    assert set(ROLES) == set(Role) - {Role.ADMIN}


def test_what_is_usual_again_leaves_no_row_and_each_change_is_audited(floor: Floor) -> None:
    for reach in (Reach.ALL, Reach.ALL, Reach.TEAM):
        set_reaches(floor.conn, "sales", {("deal", Doing.SEE): reach}, acting_user="user:root")
    assert floor.conn.execute("select count(*) from record_policy").fetchone() == (0,)
    rows = floor.conn.execute("select actor, target, details from audit where action = 'crm.rights_changed'").fetchall()
    assert [row[2]["see"] for row in rows] == [["team", "all"], ["all", "team"]]
    assert {row[:2] for row in rows} == {("user:root", "role:sales")}


def test_the_timeline_of_a_deal_has_what_one_may_see(floor: Floor) -> None:
    floor.enter(Role.SALES)
    deal = floor.fill("deal")["own"]
    floor.fill("task")
    asking = floor.asking()
    about = SQL("r.deal = {}").format(Literal(deal))
    entries = entries_of(floor.conn, asking, about, (asking.objects["deal"], deal), only="tasks")
    assert {one.row.values["name"] for one in entries if one.row} == {"task of own", "task of mate"}


def test_undo_does_only_what_one_may(floor: Floor) -> None:
    floor.enter(Role.SALES)
    ids, root = floor.fill("deal"), viewer_of(floor.conn, floor.root)
    kind = floor.kind("deal")
    for whose, refused in (("mate", RecordForbidden), ("stranger", RecordMissing)):
        act = change_records(floor.conn, kind, {ids[whose]: {"name": "x"}}, viewer=root).act
        with pytest.raises(refused):
            undo(floor.conn, act, viewer=floor.asking().viewer)
        assert load_record(floor.conn, kind, ids[whose], viewer=root).values["name"] == "x"


def test_nobody_gives_a_record_to_strangers(floor: Floor) -> None:
    floor.enter(Role.SALES)
    number, viewer, kind = floor.fill("deal")["own"], floor.asking().viewer, floor.kind("deal")
    with pytest.raises(Rejected):
        change_records(floor.conn, kind, {number: {"owner": "stranger"}}, viewer=viewer)
    with pytest.raises(Rejected):
        create_records(floor.conn, kind, [{"name": "x", "owner": "stranger"}], viewer=viewer)
    assert change_records(floor.conn, kind, {number: {"owner": "mate"}}, viewer=viewer).ids == [number]
    assert create_records(floor.conn, kind, [{"name": "x", "owner": "mate"}], viewer=viewer).ids


def test_pages_of_rights_are_kept_and_put_back(floor: Floor) -> None:
    alice: Client = signed_in(floor.root)
    page = "/settings/crm/permissions"
    assert alice.post(page, {"role": "sales", "deal.see": "own", "boat.edit": "all"}).status_code == 302
    html = alice.get(f"{page}?role=sales").content.decode()
    assert "changed" in html
    assert "as far as they see" in html, "they see the team's boats only"
    rows = set(floor.conn.execute("select object, doing, reach from record_policy").fetchall())
    assert rows == {("deal", "see", "own"), ("boat", "edit", "all")}
    assert alice.post(page, {"role": "sales", "usual": "1"}).status_code == 302
    assert floor.conn.execute("select count(*) from record_policy").fetchone() == (0,)
    assert alice.post(page, {"role": "viewer", "deal.edit": "own"}).status_code == 422
    assert alice.get(f"{page}?role=admin").status_code == 404
    assert alice.get(f"{page}/yacht?role=sales").status_code == 404
