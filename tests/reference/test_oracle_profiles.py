"""Small cases worked out by hand: acceptance, retraction, traits and companies of the slow reference."""

from dataclasses import replace

import pytest

from .oracle import expected
from .story import APP, CRM, config, ident, link, people, retract, says, seen, traits
from .world import HOUR, SECOND, Ev, Span, World

H = HOUR // SECOND  # an hour in the stories' seconds
D = 24 * H


def world(*events: Ev) -> World:
    return expected(events, config())


# Traits and companies


def test_null_withdraws_what_its_source_said_and_no_other() -> None:
    first = [says(1, "user_id=1", {"name": "shop"}), says(2, "user_id=1", {"name": "app"}, source=APP)]
    assert traits(world(*first, says(3, "user_id=1", {"name": None}, source=APP)), "user_id=1") == {"name": "shop"}
    assert traits(world(first[0], says(3, "user_id=1", {"name": None})), "user_id=1") == {}


def test_null_withdraws_across_fragments_and_an_older_null_does_not() -> None:
    joined = seen(0, "user_id=1", "email=a")
    claim = says(5, "email=a", {"name": "x"})
    assert traits(world(joined, claim, says(6, "user_id=1", {"name": None})), "email=a") == {}
    assert traits(world(joined, claim, says(6, "user_id=1", {"name": None}, ts=4)), "email=a") == {"name": "x"}


def test_priority_beats_recency() -> None:
    w = world(says(1, "user_id=1", {"name": "crm"}, source=CRM), says(9, "user_id=1", {"name": "shop"}))
    assert traits(w, "user_id=1") == {"name": "crm"}


def test_of_equal_priority_the_latest_counts_then_the_last_received() -> None:
    early = says(1, "user_id=1", {"name": "shop", "n": 1})
    newer = says(9, "user_id=1", {"name": "app"}, source=APP)
    assert traits(world(early, newer), "user_id=1") == {"name": "app", "n": 1}
    assert traits(world(early, replace(newer, ts=early.ts)), "user_id=1")["name"] == "app"


def test_later_time_beats_later_receipt_and_that_beats_the_id() -> None:
    late = says(9, "user_id=1", {"name": "app"}, ts=1, source=APP)
    assert traits(world(says(5, "user_id=1", {"name": "shop"}), late), "user_id=1") == {"name": "shop"}
    for at in range(2, 8):
        claims = [says(at + n, "user_id=1", {"n": n}, ts=1) for n in (1, 0)]
        assert traits(world(*claims), "user_id=1") == {"n": 1}


def test_only_identify_carries_a_persons_traits_and_a_group_its_companys() -> None:
    w = world(
        seen(1, "user_id=1", traits={"name": "x"}),
        seen(2, "user_id=1", kind="group", company="acme", traits={"name": "Acme"}),
        seen(3, "user_id=1", kind="group", company="acme", source=APP),
        seen(4, "email=a", "user_id=1", kind="group", company="acme", ts=1, traits={"name": "old"}),
    )
    assert traits(w, "user_id=1") == {}
    assert w.fragments[ident("user_id=1").h].claims == {}
    span, instant = Span(1 * SECOND, 2 * SECOND), Span(3 * SECOND, 3 * SECOND)
    assert w.profiles[ident("user_id=1").h].companies == {("", "acme"): span, ("app", "acme"): instant}
    company = w.companies["", "acme"]
    assert (company.n, company.seen, company.traits["name"].value) == (2, span, "Acme")


# Acceptance and retraction


@pytest.mark.parametrize(("later", "n"), [(0, 1), (1, 1), (D - 0.000001, 1), (D, 2)])
def test_copy_within_a_day_is_a_duplicate(later: float, n: int) -> None:
    event = seen(100, "user_id=1")
    w = world(event, replace(event, received_at=event.received_at + round(later * SECOND)))
    assert w.fragments[ident("user_id=1").h].n == n


def test_day_is_counted_from_the_last_accepted_copy() -> None:
    event = seen(0, "user_id=1")
    copies = [replace(event, received_at=h * HOUR) for h in (0, 20, 30, 50, 54)]
    assert world(*reversed(copies)).accepted == {(event.id, 0), (event.id, 30 * HOUR), (event.id, 54 * HOUR)}


@pytest.mark.parametrize(("at", "n"), [(9, 1), (10, 0), (11, 0)])
def test_retraction_takes_back_what_was_received_up_to_it(at: int, n: int) -> None:
    event = seen(10, "user_id=1")
    assert len(world(retract(at, event), event).nodes) == n


def test_copy_received_after_the_retraction_is_accepted() -> None:
    event = seen(10, "user_id=1")
    w = world(event, retract(20, event), replace(event, received_at=30 * SECOND))
    assert w.nodes[ident("user_id=1").h].rcv == 30 * SECOND


def test_retraction_takes_back_its_shared_flag_and_its_refusals() -> None:
    second = seen(2, "user_id=2", "device_id=k")
    w = world(seen(1, "user_id=1", "device_id=k"), second, retract(3, second))
    assert people(w) == ["device_id=k user_id=1"]


def test_retracted_link_is_no_rule_and_the_one_before_counts_again() -> None:
    pair = ("user_id=1", "email=a")
    rules = [link(2, "never", *pair), link(3, "withdrawn", *pair)]
    events = [seen(1, *pair), *rules]
    assert people(world(*events, retract(4, rules[1]))) == ["email=a", "user_id=1"]
    assert people(world(*events, retract(4, *rules))) == ["email=a user_id=1"]


def test_retraction_cannot_be_retracted_and_its_copies_take_back_no_more() -> None:
    event = seen(1, "user_id=1")
    first = retract(2, event)
    assert world(event, first, retract(3, first)).profiles == {}
    again = [replace(first, received_at=9 * SECOND), replace(event, received_at=5 * SECOND)]
    assert len(world(event, first, *again).profiles) == 1


# What the door does not let in


@pytest.mark.parametrize(
    "events",
    [
        [seen(1, "user_id=1", ts=2)],
        [seen(1)],
        [seen(1, "user_id=1", "user_id=1")],
        [seen(1, "shoe_size=1")],
        [link(1, "always", "email=a", "email=a")],
        [seen(1, "user_id=1", message="m"), seen(2, "user_id=1", message="m")],
    ],
)
def test_impossible_events_are_refused(events: list[Ev]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        world(*events)
