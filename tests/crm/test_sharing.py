"""Records that are shared: whom they reach, what for, and who may share them."""

from typing import Any

import pytest

from onefold.accounts.api import Role
from onefold.crm.access import asking_of, viewer_of
from onefold.crm.errors import RecordForbidden, RecordMissing, ShareRejected
from onefold.crm.listing import Question, record_page
from onefold.crm.policy import set_reaches
from onefold.crm.records import change_records, delete_records, load_record
from onefold.crm.sharing import Given, share_record, shares_of, unshare_record
from onefold.crm.teams import add_member, add_team, archive_team
from onefold.crm.viewer import Doing, Reach
from tests.crm.floor import NOW, Floor
from tests.web.conftest import signed_in


@pytest.fixture
def sold(floor: Floor) -> Floor:
    """Sam, a salesperson, and the deals of everybody."""
    floor.enter(Role.SALES)
    floor.fill("deal")
    return floor


def give(floor: Floor, whose: str, doing: Doing = Doing.SEE, **whom: Any) -> int:
    """The administrator shares a deal."""
    root = viewer_of(floor.conn, floor.root)
    given = Given(doing=doing, **whom)
    return share_record(floor.conn, floor.kind("deal"), floor.ids["deal"][whose], given, viewer=root)


def seen(floor: Floor) -> set[str]:
    """Whose deals Sam's list has."""
    asking = floor.asking()
    page = record_page(floor.conn, Question(asking=asking, kind=asking.objects["deal"], now=NOW))
    return {whose for whose, number in floor.ids["deal"].items() if number in {row.id for row in page.rows}}


def edits(floor: Floor, *whose: str) -> None:
    """Sam changes deals, by one act."""
    changes = {floor.ids["deal"][one]: {"next_step": f"call {one} {NOW}"} for one in whose}
    change_records(floor.conn, floor.kind("deal"), changes, viewer=floor.asking().viewer)


def test_who_is_shared_with_sees_and_no_more(sold: Floor) -> None:
    assert seen(sold) == {"own", "mate"}
    share = give(sold, "stranger", user="sam")
    assert seen(sold) == {"own", "mate", "stranger"}
    with pytest.raises(RecordForbidden):
        edits(sold, "stranger")
    root = viewer_of(sold.conn, sold.root)
    unshare_record(sold.conn, sold.kind("deal"), sold.ids["deal"]["stranger"], share, viewer=root)
    assert seen(sold) == {"own", "mate"}


def test_who_may_edit_by_a_share_edits_and_shares_but_does_not_delete(sold: Floor) -> None:
    give(sold, "stranger", Doing.EDIT, team=sold.team)
    edits(sold, "own", "stranger")
    with pytest.raises(RecordForbidden):
        edits(sold, "own", "stranger", "mate")
    viewer, kind, number = sold.asking().viewer, sold.kind("deal"), sold.ids["deal"]["stranger"]
    with pytest.raises(RecordForbidden):
        delete_records(sold.conn, kind, [number], viewer=viewer)
    share_record(sold.conn, kind, number, Given(user="mate"), viewer=viewer)
    with pytest.raises(RecordForbidden):
        share_record(sold.conn, kind, sold.ids["deal"]["mate"], Given(user="stranger"), viewer=viewer)
    assert [(one.title, one.doing) for one in shares_of(sold.conn, kind, number)] == [
        ("North", Doing.EDIT),
        ("mate", Doing.SEE),
    ]


def test_a_share_with_a_team_reaches_those_below_it_until_it_is_archived(sold: Floor) -> None:
    top = add_team(sold.conn, "World", acting_user="test")
    south = add_team(sold.conn, "South", top, acting_user="test")
    add_member(sold.conn, south, "sam", acting_user="test")
    give(sold, "stranger", team=top)
    assert "stranger" in seen(sold)
    archive_team(sold.conn, south, acting_user="test")
    assert "stranger" not in seen(sold)


def test_a_share_gives_nobody_what_their_role_does_not_do(sold: Floor) -> None:
    give(sold, "stranger", Doing.EDIT, user="sam")
    set_reaches(sold.conn, "sales", {("deal", Doing.EDIT): Reach.NONE}, acting_user="test")
    with pytest.raises(RecordForbidden):
        edits(sold, "stranger")
    set_reaches(sold.conn, "sales", {("deal", Doing.SEE): Reach.NONE}, acting_user="test")
    assert seen(sold) == set()
    with pytest.raises(RecordMissing):
        load_record(sold.conn, sold.kind("deal"), sold.ids["deal"]["stranger"], viewer=sold.asking().viewer)


def test_a_share_is_of_one_object(sold: Floor) -> None:
    """The numbers of a deal and of a task may be the same."""
    tasks = sold.fill("task")
    give(sold, "stranger", user="sam")
    sold.conn.execute("update record_share set record = %s", [tasks["stranger"]])
    asking = sold.asking()
    page = record_page(sold.conn, Question(asking=asking, kind=asking.objects["task"], now=NOW))
    assert tasks["stranger"] not in {row.id for row in page.rows}


def test_sharing_twice_replaces_and_is_audited(sold: Floor) -> None:
    give(sold, "stranger", user="sam")
    share = give(sold, "stranger", Doing.EDIT, user="sam")
    kind, number = sold.kind("deal"), sold.ids["deal"]["stranger"]
    assert [one.doing for one in shares_of(sold.conn, kind, number)] == [Doing.EDIT]
    root = viewer_of(sold.conn, sold.root)
    unshare_record(sold.conn, kind, number, share, viewer=root)
    with pytest.raises(RecordMissing):
        unshare_record(sold.conn, kind, number, share, viewer=root)
    rows = sold.conn.execute("select action, target, details from audit where action like 'deal.%shared' order by id")
    assert [(row[0], row[1], row[2]["to"]) for row in rows] == [
        ("deal.shared", f"deal:{number}", "see"),
        ("deal.shared", f"deal:{number}", "edit"),
        ("deal.unshared", f"deal:{number}", "edit"),
    ]


def test_what_cannot_be_shared_is_said(sold: Floor) -> None:
    for whom in ({}, {"user": "nobody"}, {"team": 999_999}, {"user": "sam", "team": sold.team}):
        with pytest.raises(ShareRejected):
            give(sold, "own", **whom)
    with pytest.raises(ShareRejected):
        give(sold, "own", Doing.DELETE, user="sam")
    assert sold.conn.execute("select count(*) from record_share").fetchone() == (0,)


def test_the_page_of_a_record_shares_it(sold: Floor) -> None:
    sam, number = signed_in(sold.users["own"]), sold.ids["deal"]["own"]
    address = f"/records/deal/{number}/shares"
    html = sam.get(address).content.decode()
    assert "Nobody else" in html
    assert sam.post(address, {"with": "user:stranger", "doing": "edit"}).status_code == 302
    stranger = signed_in(sold.users["stranger"])
    page = stranger.get(f"/deals/{number}").content.decode()
    assert "/fields/next_step/edit" in page, "who may edit it by a share finds the pencils"
    assert stranger.post("/deals/move", {"deal": number, "stage": "1"}).status_code == 200
    assert stranger.post(f"/records/deal/{number}/fields/next_step", {"value": "call", "force": "1"}).status_code == 302
    assert sold.conn.execute("select next_step from deal where id = %s", [number]).fetchone() == ("call",)
    (share,) = shares_of(sold.conn, sold.kind("deal"), number)
    answer = stranger.post(f"{address}/{share.id}/remove")
    assert answer["Location"] == "/deals", "it isn't theirs to see any more"
    assert stranger.get(f"/deals/{number}").status_code == 404
    assert sam.post(f"{address}?with=user%3Astranger&doing=edit").status_code == 302, "as the toast does"
    assert stranger.get(f"/deals/{number}").status_code == 200
    assert sam.post(address, {"with": "user:nobody"}).status_code == 200
    assert asking_of(sold.conn, sold.users["stranger"]).viewer.reach("deal", Doing.EDIT) is Reach.OWN
