"""Whoever may be in by more than what they did: seen lately, among the first, told by whom they were."""

from datetime import timedelta
from typing import Any

import pytest

from onefold.audiences import actions, settling, states
from onefold.audiences.filling import refresh_shares
from onefold.audiences.rules import Computed
from onefold.filters import api as f
from onefold.kernel.hashing import identifier_hash
from tests.web.audiences import Audiences, audiences
from tests.web.conftest import NOW, days_ago

__all__ = ["audiences"]
ADA, BEN, OLD = (identifier_hash("user_id", user) for user in ("1", "2", "9"))


def members(made: Audiences, number: int) -> set[int]:
    query = "select profile from membership where audience = %s"
    return {row[0] for row in made.conn.execute(query, [number])}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "track", "event": "Clicked"},
        {"type": "track", "event": "Bought"},
        {"type": "page", "name": "Home"},
        {"type": "identify", "traits": {"a": 1}},
    ],
    ids=["unasked", "asked", "page", "identify"],
)
def test_whatever_somebody_does_they_were_seen(audiences: Audiences, event: dict[str, Any]) -> None:
    shop = audiences.shop
    shop.identify("9", name="Old", at=days_ago(40))
    said = {"type": "track", "event": "Consent Updated", "userId": "9", "messageId": "c9"}
    at = {"timestamp": days_ago(39).isoformat(), "properties": {"purposes": {"analytics": True}}}
    shop.send(said | at, at=days_ago(39))
    audiences.make("Buyers", f.Did(f.EventMatch("Bought"), op="ge", value=5), starts=True)
    back = audiences.make("Active", f.Recent("last_seen", "within", 7), starts=True)
    gone = audiences.make("Win back", f.Recent("last_seen", "longer_ago", 7), starts=True)
    audiences.fill()
    audiences.conn.execute("insert into profile_due values (%s, now()) on conflict do nothing", [OLD])
    audiences.fill()  # by now they are known under what is live
    assert (OLD in members(audiences, back), OLD in members(audiences, gone)) == (False, True)
    shop.send(event | {"userId": "9", "messageId": "now"})
    assert (OLD in members(audiences, back), OLD in members(audiences, gone)) == (True, False)


@pytest.mark.parametrize("field", ["trait:score", "computed:n"])
def test_a_share_that_moved_counts_for_whom_something_else_kept_out(audiences: Audiences, field: str) -> None:
    conn, shop = audiences.conn, audiences.shop
    actions.create_computed(conn, "n", Computed(f.EventMatch("Point"), "count"), acting_user="user:alice")

    def give(user: str, points: int) -> None:
        shop.identify(user, score=points)
        shop.send(
            *({"type": "track", "event": "Point", "userId": user, "messageId": f"{user}-{n}"} for n in range(points))
        )

    for user, points in (("1", 5), ("2", 9), ("3", 1)):
        give(user, points)
    rule = f.AllOf((f.TopShare(field, 33.0), f.Did(f.EventMatch("Bought"))))
    number = audiences.make("Top buyers", rule, starts=True)
    audiences.fill()
    shop.identify("1", note="known under what is live", at=NOW + timedelta(seconds=5))
    for user in ("4", "5", "6"):
        give(user, 1)
    conn.execute("update audience_threshold set set_at = now() - interval '20 minutes'")
    refresh_shares(audiences.work)
    audiences.fill()
    for user in ("1", "2"):
        shop.send({"type": "track", "event": "Bought", "userId": user, "messageId": f"bought-{user}"})
    assert members(audiences, number) == {ADA, BEN}


def test_who_says_the_same_again_is_not_asked_anew(audiences: Audiences, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sites identify people with every page; who they are is read when it is something else."""
    number = audiences.make("Pro", starts=True)
    audiences.fill()
    later = NOW + timedelta(minutes=1)
    audiences.shop.identify("1", name="Ada", plan="pro", at=later)  # known under what is live
    read: list[list[int]] = []

    def noted(conn: Any, ids: Any, *, with_lists: bool) -> Any:
        read.append(sorted(ids))
        return states.ask_people(conn, ids, with_lists=with_lists)

    monkeypatch.setattr(settling, "ask_people", noted)
    audiences.shop.identify("1", name="Ada", plan="pro", at=later + timedelta(seconds=1))
    assert read == []
    audiences.shop.identify("1", name="Ada", plan="free", at=later + timedelta(seconds=2))
    assert read == [[ADA]]
    assert members(audiences, number) == {BEN}
