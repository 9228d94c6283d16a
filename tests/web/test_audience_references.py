"""Audiences that ask for others, while those are changed, paused, removed and brought back; whoever does it at once."""

import threading
from collections.abc import Callable
from typing import Any, Final

import pytest
from django.test import Client
from psycopg import Connection

from onefold.audiences import actions
from onefold.audiences.errors import RuleRejected
from onefold.audiences.rules import Computed
from onefold.filters import api as f
from onefold.infra.postgres import connect
from onefold.kernel.errors import OnefoldError
from tests.web.audiences import PRO, Audiences, audiences, document, one
from tests.web.reading import page

__all__ = ["audiences"]
USER: Final = "user:alice"
FREE: Final = f.OneOf("trait:plan", "is", ("free",))


def members(made: Audiences, number: int) -> set[int]:
    query = "select profile from membership where audience = %s"
    return {row[0] for row in made.conn.execute(query, [number])}


def change(made: Audiences, number: int, rule: Any) -> None:
    actions.change_rule(made.conn, number, document(rule), "analytics", acting_user=USER)


def test_a_ring_is_refused_by_rules_that_are_not_in_force_yet(audiences: Audiences) -> None:
    first, second = audiences.make("One", PRO, starts=True), audiences.make("Two", FREE, starts=True)
    audiences.fill()
    change(audiences, first, f.InAudience(second))
    with pytest.raises(RuleRejected, match=rf"in a ring: by the latest rules, {first} lead here already"):
        change(audiences, second, f.InAudience(first))
    audiences.fill()
    assert members(audiences, first) == members(audiences, second)


def test_a_started_audience_asks_for_no_draft(audiences: Audiences) -> None:
    """Else its meaning changed with every change of the draft, and nobody was looked at."""
    draft = audiences.make("Draft")
    asking = audiences.make("Asking", f.InAudience(draft))
    with pytest.raises(RuleRejected, match=rf"audiences that are drafts: {draft}. Start them first."):
        actions.start_audience(audiences.conn, asking, acting_user=USER)
    actions.start_audience(audiences.conn, draft, acting_user=USER)
    actions.start_audience(audiences.conn, asking, acting_user=USER)
    audiences.fill()
    assert len(members(audiences, asking)) == 2
    change(audiences, draft, f.Did(f.EventMatch("Never"), op="eq", value=0))
    audiences.fill()
    assert len(members(audiences, asking)) == 3


def test_a_paused_audience_that_is_changed_and_started_counts_for_those_that_ask(audiences: Audiences) -> None:
    inner = audiences.make("Inner", starts=True)
    outer = audiences.make("Outer", f.InAudience(inner), starts=True)
    audiences.fill()
    actions.pause_audience(audiences.conn, inner, acting_user=USER)
    audiences.shop.identify("1", plan="free")
    assert len(members(audiences, outer)) == 1  # it asks the rule, not who is kept
    change(audiences, inner, f.OneOf("trait:plan", "is", ("free", "pro")))
    actions.start_audience(audiences.conn, inner, acting_user=USER)
    audiences.fill()
    assert len(members(audiences, inner)) == 3
    assert members(audiences, outer) == members(audiences, inner)
    assert one(audiences.conn, "select bool_and(state = 'live') from audience") is True


def test_nobody_comes_back_from_the_trash(audiences: Audiences) -> None:
    """Brought back, started and paused before anybody who was in has been looked at."""
    number = audiences.make("Pro", starts=True)
    audiences.fill()
    for act in (actions.trash_audience, actions.restore_audience, actions.start_audience, actions.pause_audience):
        act(audiences.conn, number, acting_user=USER)
    audiences.fill()
    assert members(audiences, number) == set()
    assert one(audiences.conn, "select state from audience") == "draft"


def test_what_asks_for_a_removed_one_says_so(alice: Client, audiences: Audiences) -> None:
    inner = audiences.make("Inner")
    outer = audiences.make("Outer", f.InAudience(inner))
    for number in (outer, inner):
        actions.trash_audience(audiences.conn, number, acting_user=USER)
    actions.restore_audience(audiences.conn, outer, acting_user=USER)
    with pytest.raises(RuleRejected, match=rf"audience {inner} is in the trash"):
        audiences.make("Third", f.InAudience(outer))
    assert "Outer" in page(alice, f"/audiences/{outer}")


@pytest.mark.parametrize("broken", [f.InAudience(1), f.Did(f.EventMatch("Unkept"))], ids=["ring", "unkept"])
def test_one_rule_that_cannot_be_asked_stops_nobody(alice: Client, audiences: Audiences, broken: Any) -> None:
    """However it came about: the others go on, its members stay, and its page says why until it can be asked."""
    number, other = audiences.make("Broken", starts=True), audiences.make("Free", FREE, starts=True)
    audiences.fill()
    stored = one(audiences.conn, "select rule::text from audience_version where audience = %s", number)
    rewrite = "update audience_version set rule = %s::jsonb where audience = %s"
    audiences.conn.execute(rewrite, [f.to_json(broken), number])
    audiences.conn.execute("update audience_epoch set epoch = nextval('audience_epoch_seq')")
    audiences.shop.identify("1", plan="free")
    assert len(members(audiences, other)) == 2
    assert len(members(audiences, number)) == 2
    assert "Its members are as they were." in page(alice, f"/audiences/{number}")
    audiences.conn.execute(rewrite, [stored, number])
    audiences.conn.execute("update audience_epoch set epoch = nextval('audience_epoch_seq')")
    audiences.shop.identify("1", name="Ada", plan="free")
    assert "Its members are as they were." not in page(alice, f"/audiences/{number}")
    assert len(members(audiences, number)) == 1


Act = Callable[[Connection[Any]], object]


def at_once(url: str, first: Act, second: Act) -> str:
    """The second begins while the first isn't committed; what it was told, "" if it was done."""
    told: list[str] = []

    def act() -> None:
        with connect(url, "second", autocommit=True) as conn:
            try:
                second(conn)
            except OnefoldError as fault:
                told.append(str(fault))

    thread = threading.Thread(target=act)
    with connect(url, "first", autocommit=True) as conn:
        with conn.transaction():
            first(conn)
            thread.start()
            thread.join(0.5)
        thread.join(20)
    assert not thread.is_alive()
    return "".join(told)


def test_two_users_at_once_are_checked_one_after_the_other(audiences: Audiences, pg_url: str) -> None:
    first, second = audiences.make("One", PRO, starts=True), audiences.make("Two", FREE, starts=True)
    audiences.fill()

    def leads(number: int, to: int) -> Act:
        rule = document(f.InAudience(to))
        return lambda conn: actions.change_rule(conn, number, rule, "analytics", acting_user=USER)

    def made(name: str, rule: Any) -> Act:
        wanted = actions.Wanted(name, "analytics", document(rule))
        return lambda conn: actions.create_audience(conn, wanted, acting_user=USER)

    assert "in a ring" in at_once(pg_url, leads(first, second), leads(second, first))
    third = audiences.make("Three", FREE)

    def trash(conn: Connection[Any]) -> None:
        actions.trash_audience(conn, third, acting_user=USER)

    assert "Other audiences ask" in at_once(pg_url, made("Asks", f.InAudience(third)), trash)
    assert "There is an audience 'Same'" in at_once(pg_url, made("Same", PRO), made("Same", PRO))
    actions.create_computed(audiences.conn, "n", Computed(f.EventMatch("Bought"), "count"), acting_user=USER)

    def delete(conn: Connection[Any]) -> None:
        actions.delete_computed(conn, "n", acting_user=USER)

    assert "there is no field 'computed:n'" in at_once(pg_url, delete, made("Buyers", f.Number("computed:n", "ge", 1)))
