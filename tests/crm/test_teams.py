"""Sales teams: who reaches whose records through them, and what a tree of teams can't be."""

import re
import threading
from typing import Any

import psycopg
import pytest

from onefold.accounts.api import Role
from onefold.crm.access import viewer_of
from onefold.crm.errors import TeamRejected
from onefold.crm.teams import add_member, add_team, archive_team, change_team, load_teams, remove_member, restore_team
from tests.crm.floor import MakeUser
from tests.web.conftest import Shop, signed_in


class Tree:
    """Sales over North and South, Coast below North; a user in each, named as it is in small letters."""

    def __init__(self, shop: Shop, make_user: MakeUser) -> None:
        self.conn = shop.conn
        self.users: dict[str, Any] = {}
        self.teams: dict[str, int] = {}
        for name, above in (("Sales", None), ("North", "Sales"), ("South", "Sales"), ("Coast", "North")):
            self.teams[name] = add_team(self.conn, name, self.teams.get(above or ""), acting_user="test")
            self.users[name.lower()] = make_user(name.lower(), Role.SALES)
            add_member(self.conn, self.teams[name], name.lower(), acting_user="test")

    def reaches(self, name: str) -> set[str]:
        """Whose records somebody's teams have."""
        team = viewer_of(self.conn, self.users[name]).team
        return {other for other, user in self.users.items() if user.pk in team}


@pytest.fixture
def tree(shop: Shop, make_user: MakeUser) -> Tree:
    return Tree(shop, make_user)


def test_a_team_reaches_those_below_it(tree: Tree) -> None:
    assert tree.reaches("sales") == {"sales", "north", "south", "coast"}
    assert tree.reaches("north") == {"north", "coast"}
    assert tree.reaches("coast") == {"coast"}
    add_member(tree.conn, tree.teams["South"], "coast", acting_user="test")
    assert tree.reaches("coast") == {"coast", "south"}, "somebody may be in several"
    remove_member(tree.conn, tree.teams["South"], "coast", acting_user="test")
    assert tree.reaches("coast") == {"coast"}


def test_what_is_shared_with_a_team_reaches_those_below_it(tree: Tree) -> None:
    known = {number: name for name, number in tree.teams.items()}
    teams = {name: {known[one] for one in viewer_of(tree.conn, user).teams} for name, user in tree.users.items()}
    assert teams["coast"] == {"Coast", "North", "Sales"}
    assert teams["sales"] == {"Sales"}


def test_an_archived_team_gives_nobody_rights(tree: Tree) -> None:
    with pytest.raises(TeamRejected, match="Teams stand below “North”"):
        archive_team(tree.conn, tree.teams["North"], acting_user="test")
    archive_team(tree.conn, tree.teams["Coast"], acting_user="test")
    assert tree.reaches("north") == {"north"}
    assert viewer_of(tree.conn, tree.users["coast"]).teams == frozenset()
    archive_team(tree.conn, tree.teams["North"], acting_user="test")
    with pytest.raises(TeamRejected, match="above “Coast” is archived"):
        restore_team(tree.conn, tree.teams["Coast"], acting_user="test")
    for name in ("North", "Coast"):
        restore_team(tree.conn, tree.teams[name], acting_user="test")
    assert tree.reaches("north") == {"north", "coast"}, "with whom it had"


def test_no_team_stands_below_itself(tree: Tree) -> None:
    for below in ("Sales", "North", "Coast"):
        with pytest.raises(TeamRejected, match="can't be led by one that it leads"):
            change_team(tree.conn, tree.teams["Sales"], name="Sales", parent=tree.teams[below], acting_user="test")
    assert [(one.name, one.depth) for one in load_teams(tree.conn).tree] == [
        ("Sales", 0),
        ("North", 1),
        ("Coast", 2),
        ("South", 1),
    ]


def test_two_who_move_teams_at_once_make_no_cycle(tree: Tree, pg_url: str) -> None:
    """Each alone would be right: North below South, South below North."""
    said: list[str] = []

    def move(team: str, below: str) -> None:
        with psycopg.connect(pg_url, autocommit=True) as conn:
            try:
                number, parent = tree.teams[team], tree.teams[below]
                change_team(conn, number, name=team, parent=parent, acting_user="test")
            except TeamRejected as fault:
                said.append(str(fault))

    threads = [threading.Thread(target=move, args=pair) for pair in (("North", "South"), ("South", "North"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(said) == 1
    assert len(load_teams(tree.conn).tree) == 4


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "needs a name"), ("  \0 ", "needs a name"), ("x" * 101, "100 characters"), ("nOrTh", "of this name already")],
)
def test_what_a_team_cannot_be_called_is_said(name: str, message: str, tree: Tree) -> None:
    with pytest.raises(TeamRejected, match=message):
        add_team(tree.conn, name, acting_user="test")
    with pytest.raises(TeamRejected, match=message):
        change_team(tree.conn, tree.teams["South"], name=name, parent=None, acting_user="test")
    assert len(load_teams(tree.conn).tree) == 4


def test_what_there_is_not_is_said(tree: Tree) -> None:
    with pytest.raises(TeamRejected, match="no such team"):
        add_team(tree.conn, "East", 999_999, acting_user="test")
    with pytest.raises(TeamRejected, match="no user “nobody”"):
        add_member(tree.conn, tree.teams["South"], "nobody", acting_user="test")


def test_the_page_of_teams_does_all_of_it(tree: Tree, make_user: MakeUser) -> None:
    alice, page = signed_in(make_user("alice", Role.ADMIN)), "/settings/crm/teams"
    coast = tree.teams["Coast"]
    html = alice.get(page).content.decode()
    assert html.index(">Sales<") < html.index(">North<") < html.index(">Coast<") < html.index(">South<")
    assert alice.post(page, {"name": "East", "parent": str(tree.teams["Sales"])}).status_code == 302
    assert alice.post(f"{page}/{coast}", {"name": "Shore", "parent": str(tree.teams["South"])}).status_code == 302
    assert tree.reaches("south") == {"south", "coast"}
    refused = alice.post(f"{page}/{tree.teams['South']}", {"name": "South", "parent": str(coast)})
    assert refused.status_code == 422
    assert "led by one that it leads" in refused.content.decode()
    left = alice.post(f"{page}/{coast}/leave", {"user": "coast"}, follow=True).content.decode()
    undo = f"{page}/{coast}/join?user=coast"
    assert undo in left
    assert tree.reaches("south") == {"south"}
    alice.post(undo)
    assert tree.reaches("south") == {"south", "coast"}
    archived = alice.post(f"{page}/{coast}/archive", follow=True).content.decode()
    assert f"{page}/{coast}/restore" in archived
    alice.post(f"{page}/{coast}/restore")
    assert tree.reaches("south") == {"south", "coast"}
    actions = [row[0] for row in tree.conn.execute("select action from audit where actor = 'user:alice' order by id")]
    assert actions == ["team.added", "team.changed", "team.left", "team.joined", "team.archived", "team.restored"]


def test_a_view_for_a_team_is_seen_by_it_and_by_those_below(tree: Tree) -> None:
    browsers = {name: signed_in(user) for name, user in tree.users.items()}
    for path in ("/deals", "/people"):
        browsers["north"].post(f"{path}/views", {"address": "q=fjord", "name": "Of the north", "shared": "team"})
        seen = {name for name, browser in browsers.items() if "Of the north" in browser.get(path).content.decode()}
        assert seen == {"north", "coast"}, path
    view = re.search(r"view=(\d+)", browsers["coast"].get("/deals").content.decode())
    assert view is not None
    assert browsers["south"].post(f"/deals/views/{view[1]}/rename", {"name": "Stolen"}).status_code == 404
    browsers["north"].post(f"/deals/views/{view[1]}/rename", {"name": "Of the north", "shared": ""})
    assert "Of the north" not in browsers["coast"].get("/deals").content.decode()
    browsers["north"].post(f"/deals/views/{view[1]}/rename", {"name": "Of the north", "shared": "yes"})
    assert "Of the north" in browsers["south"].get("/deals").content.decode()
