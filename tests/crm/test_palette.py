"""The command palette finds records of every kind, as far as whoever asks may see them; it makes new ones, too."""

from collections.abc import Callable

import pytest
from django.test import Client
from psycopg.sql import SQL

from onefold.accounts.api import Role
from onefold.crm import searching
from onefold.crm.policy import set_reaches
from onefold.crm.viewer import Doing, Reach, Viewer
from tests.crm.conftest import new
from tests.crm.floor import Floor
from tests.web.conftest import Shop, signed_in
from tests.web.reading import page

Team = dict[str, Viewer]


def found(client: Client, query: str) -> str:
    return page(client, f"/jump?q={query}")


def test_every_kind_stands_under_its_own_heading(floor: Floor) -> None:
    for name in ("deal", "task", "activity", "product", "boat"):
        floor.fill(name)
    html = found(signed_in(floor.root), "of+mate")
    for plural, name in (("Deals", "deal"), ("Tasks", "task"), ("Activities", "activity"), ("Products", "product")):
        assert f'<p class="cap">{plural}</p>' in html
        assert f"{name} of mate" in html
    assert f'href="/records/boat/{floor.ids["boat"]["mate"]}"' in html
    assert "of stranger" not in html


def test_what_somebody_may_not_see_is_not_found(floor: Floor) -> None:
    sam = signed_in(floor.enter(Role.SALES))
    floor.fill("deal")
    floor.fill("task")
    set_reaches(
        floor.conn, "sales", {("deal", Doing.SEE): Reach.TEAM, ("task", Doing.SEE): Reach.NONE}, acting_user="t"
    )
    html = found(sam, "deal+of")
    assert "deal of own" in html
    assert "deal of mate" in html
    assert "deal of stranger" not in html
    assert "deal of nobody" not in html
    assert "/tasks/" not in found(sam, "task+of")


def test_short_words_look_at_the_newest_and_so_do_slow_ones(
    people: Shop, team: Team, browser_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    new(people.conn, "deal", team["rob"], name="Old yurt")
    monkeypatch.setattr(searching, "NEWEST", 2)
    for name in ("Yurt", "Tents"):
        new(people.conn, "deal", team["rob"], name=name)
    ann = browser_of("ann")
    assert "Old yurt" not in found(ann, "yu")
    assert "Yurt" in found(ann, "yu")
    assert "Old yurt" in found(ann, "yur"), "by the index"
    real = searching._visible
    monkeypatch.setattr(
        searching, "_visible", lambda asking, kind: SQL("{} and pg_sleep(0.1) is not null").format(real(asking, kind))
    )
    html = found(ann, "yur")
    assert "Yurt" in html
    assert "Old yurt" not in html


def test_what_can_be_made_and_who_may(browser_of: Callable[..., Client]) -> None:
    ann, bob = browser_of("ann"), browser_of("bob", Role.VIEWER)
    assert 'href="/deals?new=deal"' in found(ann, "new")
    assert 'href="/activities?new=call"' in found(ann, "%3Ecall")
    assert "/deals?new=deal" not in found(bob, "new")
    assert 'hx-get="/records/activity/new?kind=call' in page(ann, "/activities?new=call")
    assert 'hx-get="/records/deal/new' not in page(bob, "/deals?new=deal")
