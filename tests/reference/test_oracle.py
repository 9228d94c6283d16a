"""Small cases worked out by hand from docs/reference/identity.md: they pin the slow reference."""

from dataclasses import replace

import pytest

from .oracle import expected
from .story import (
    APP,
    PUBLIC,
    SIGNED,
    anchor,
    config,
    ident,
    link,
    nobodies,
    people,
    refusals,
    seen,
)
from .world import HOUR, SECOND, Ev, Namespace, World

H = HOUR // SECOND  # an hour in the stories' seconds
D = 24 * H


def world(*events: Ev) -> World:
    return expected(events, config())


# Edges and fragments


def test_event_makes_a_star_around_its_strongest_identifier() -> None:
    w = world(seen(1, "anonymous_id=x", "email=a", "user_id=1"))
    hub, mail, anon = (ident(n).h for n in ("user_id=1", "email=a", "anonymous_id=x"))
    assert set(w.edges) == {(hub, mail), (hub, anon)}
    assert set(w.fragments) == {hub}
    assert people(w) == ["anonymous_id=x email=a user_id=1"]


def test_fragment_counts_its_events_and_spans_their_times() -> None:
    w = world(seen(10, "user_id=1", ts=3), seen(11, "user_id=1", "email=a"), seen(12, "email=a"))
    fragment = w.fragments[ident("user_id=1").h]
    assert (fragment.n, fragment.first_ts, fragment.last_ts) == (2, 3 * SECOND, 11 * SECOND)
    assert w.profiles[ident("user_id=1").h].n == 3


def test_edge_keeps_earliest_claim_time_and_greatest_trust() -> None:
    w = world(seen(5, "user_id=1", "email=a", trust=SIGNED), seen(9, "user_id=1", "email=a", ts=2, trust=PUBLIC))
    edge = w.edges[ident("user_id=1").h, ident("email=a").h]
    assert (edge.first, edge.trust, edge.rcv) == (2 * SECOND, SIGNED, 5 * SECOND)


@pytest.mark.parametrize(("trust", "first"), [(PUBLIC, 10 * D - 48 * H), (SIGNED, 0)])
def test_claim_time_of_a_public_key_is_clamped(trust: int, first: int) -> None:
    w = world(seen(10 * D, "user_id=1", "email=a", ts=0, trust=trust))
    assert w.edges[ident("user_id=1").h, ident("email=a").h].first == first * SECOND


def test_redundant_edge_is_not_refused() -> None:
    w = world(seen(1, "user_id=1", "email=a", "anonymous_id=x"), seen(2, "email=a", "anonymous_id=x"))
    assert len(w.edges) == 3
    assert refusals(w) == {}


# Who conducts


def test_kiosk_used_by_two_users_is_nobodys() -> None:
    w = world(seen(1, "user_id=1", "device_id=k"), seen(2, "user_id=2", "device_id=k"))
    assert people(w) == ["user_id=1", "user_id=2"]
    assert nobodies(w) == ["device_id=k"]
    assert refusals(w) == {"user_id=1 device_id=k": "shared", "user_id=2 device_id=k": "shared"}


def test_identifier_used_often_by_one_user_is_not_shared() -> None:
    w = world(*(seen(t, "user_id=1", "device_id=k") for t in range(5)))
    assert people(w) == ["device_id=k user_id=1"]


def test_two_user_spaces_do_not_add_up_to_a_shared_device() -> None:
    w = world(seen(1, "user_id=1", "device_id=k"), seen(2, "app:user_id=1", "device_id=k"))
    assert people(w) == ["app:user_id=1 device_id=k user_id=1"]


def test_email_is_shared_above_three_users_only() -> None:
    events = [seen(t, f"user_id={t}", "email=a") for t in range(1, 5)]
    assert not world(*events[:3]).nodes[ident("email=a").h].is_shared
    assert world(*events).nodes[ident("email=a").h].is_shared


def test_edges_that_are_refused_or_mute_count_for_shared() -> None:
    w = world(
        seen(1, "user_id=1", "device_id=k"),
        seen(2, "user_id=2", "device_id=k"),
        link(3, "never", "user_id=2", "user_id=2"),
    )
    assert w.nodes[ident("device_id=k").h].is_shared


def test_neighbours_that_are_not_unique_do_not_make_shared() -> None:
    w = world(*(seen(t, f"email={t}", "device_id=k") for t in range(1, 4)))
    assert people(w) == ["device_id=k email=1 email=2 email=3"]


def test_unique_neighbour_counts_at_either_end() -> None:
    w = expected([seen(t, "email=a", f"user_id={t}") for t in (1, 2)], config(email=Namespace(5, shared_above=1)))
    assert nobodies(w) == ["email=a"]


def test_unique_identifier_is_never_shared() -> None:
    unique = config(email=Namespace(20, is_unique=True, limit=1, shared_above=1))
    w = expected([seen(t, f"user_id={t}", "email=a") for t in (1, 2, 3)], unique)
    assert not any(n.is_shared for n in w.nodes.values())
    assert refusals(w) == {"user_id=2 email=a": "limit", "user_id=3 email=a": "limit"}


def test_busy_account_conducts_nothing_and_stays_a_person() -> None:
    events = [seen(t, "user_id=1", f"email={t}") for t in (1, 2, 3)]
    w = expected(events, config(busy_above=2))
    assert people(w) == ["email=1", "email=2", "email=3", "user_id=1"]
    assert w.nodes[ident("user_id=1").h].is_busy
    assert set(refusals(w).values()) == {"shared"}
    assert people(expected(events[:2], config(busy_above=2))) == ["email=1 email=2 user_id=1"]


def test_busy_counts_edges_as_the_stronger_end_only() -> None:
    w = expected([seen(t, f"user_id={t}", "email=a") for t in (1, 2, 3)], config(busy_above=2))
    assert not w.nodes[ident("email=a").h].is_busy


def test_busy_email_is_nobodys() -> None:
    w = expected([seen(t, "email=a", f"device_id={t}") for t in (1, 2, 3)], config(busy_above=2))
    assert nobodies(w) == ["email=a"]


# Order of links, refusals


def test_limit_keeps_the_more_trusted_edge() -> None:
    w = world(seen(1, "user_id=1", "email=a", trust=PUBLIC), seen(2, "user_id=2", "email=a"))
    assert people(w) == ["email=a user_id=2", "user_id=1"]
    assert refusals(w) == {"user_id=1 email=a": "limit"}


def test_stronger_ranks_come_before_earlier_times() -> None:
    w = world(
        seen(1, "email=a", "anonymous_id=x"), seen(2, "user_id=1", "anonymous_id=x"), seen(3, "user_id=2", "email=a")
    )
    assert people(w) == ["anonymous_id=x user_id=1", "email=a user_id=2"]
    assert refusals(w) == {"email=a anonymous_id=x": "limit"}


def test_trust_comes_before_rank() -> None:
    w = world(
        seen(1, "email=a", "anonymous_id=x"),
        seen(2, "user_id=1", "anonymous_id=x"),
        seen(3, "user_id=2", "email=a", trust=SIGNED),
    )
    assert people(w) == ["anonymous_id=x email=a user_id=1", "user_id=2"]


def test_late_edge_flips_a_cluster() -> None:
    before = [seen(100, "user_id=1", "email=a"), seen(200, "user_id=2", "email=a")]
    assert people(world(*before)) == ["email=a user_id=1", "user_id=2"]
    late = seen(300, "user_id=2", "email=a", ts=50)
    assert people(world(*before, late)) == ["email=a user_id=2", "user_id=1"]


def test_forged_early_claim_of_a_public_key_does_not_win() -> None:
    honest = seen(10 * D, "user_id=1", "email=a", trust=PUBLIC)
    forged = seen(15 * D, "user_id=2", "email=a", ts=0, trust=PUBLIC)
    assert people(world(honest, forged)) == ["email=a user_id=1", "user_id=2"]
    signed = [replace(e, trust=SIGNED) for e in (honest, forged)]
    assert people(world(*signed)) == ["email=a user_id=2", "user_id=1"]


def test_equal_edges_are_taken_by_hash() -> None:
    w = world(seen(2, "user_id=1", "email=a", ts=1), seen(1, "user_id=2", "email=a", ts=1))
    winner, loser = sorted(("user_id=1", "user_id=2"), key=lambda n: ident(n).h)
    assert people(w) == sorted([f"email=a {winner}", loser])


def test_equal_edges_of_one_identifier_are_taken_by_the_other_ends_hash() -> None:
    first, second = sorted(("phone=5", "phone=6"), key=lambda n: ident(n).h)
    w = expected([seen(1, "user_id=1", second, first)], config(phone=Namespace(30, limit=1)))
    assert refusals(w) == {f"user_id=1 {second}": "limit"}


def test_limit_is_of_each_namespace_alone() -> None:
    w = world(seen(1, "user_id=1", "email=a"), seen(2, "app:user_id=1", "email=a"), seen(3, "crm:id=1", "email=a"))
    assert people(w) == ["app:user_id=1 crm:id=1 email=a user_id=1"]


def test_same_value_in_two_spaces_is_two_people() -> None:
    w = world(seen(1, "user_id=1"), seen(2, "app:user_id=1", source=APP))
    assert people(w) == ["app:user_id=1", "user_id=1"]


def test_sixth_email_is_refused() -> None:
    w = world(*(seen(t, "user_id=1", f"email={t}") for t in range(6)))
    assert refusals(w) == {"user_id=1 email=5": "limit"}
    assert "email=5" in people(w)


def test_size_cap_refuses() -> None:
    w = expected([seen(t, "user_id=1", f"device_id={t}") for t in (1, 2, 3)], config(size_cap=3))
    assert people(w) == ["device_id=1 device_id=2 user_id=1", "device_id=3"]
    assert refusals(w) == {"user_id=1 device_id=3": "size"}


def test_raw_component_reaches_across_refused_edges() -> None:
    w = world(seen(1, "user_id=1", "email=a"), seen(2, "user_id=2", "email=a"), seen(3, "user_id=3"))
    components = {n.ident.value: w.nodes[n.component].ident.value for n in w.nodes.values()}
    assert components == {"1": "1", "2": "1", "a": "1", "3": "3"}


# Rules


def test_never_splits_a_pair() -> None:
    w = world(seen(1, "user_id=1", "email=a"), link(2, "never", "email=a", "user_id=1"))
    assert people(w) == ["email=a", "user_id=1"]
    assert refusals(w) == {"user_id=1 email=a": "never"}
    assert len({n.component for n in w.nodes.values()}) == 1


def test_never_keeps_a_pair_apart_that_others_would_join() -> None:
    w = world(seen(1, "user_id=1", "email=a"), seen(2, "user_id=1", "phone=5"), link(3, "never", "email=a", "phone=5"))
    assert people(w) == ["email=a user_id=1", "phone=5"]
    assert refusals(w) == {"user_id=1 phone=5": "never"}


def test_never_is_told_before_limit() -> None:
    w = world(
        seen(1, "user_id=1", "email=a"), seen(2, "user_id=2", "email=a"), link(3, "never", "user_id=1", "user_id=2")
    )
    assert refusals(w) == {"user_id=2 email=a": "never"}


def test_always_exceeds_limit_and_size() -> None:
    w = expected(
        [seen(1, "user_id=1"), seen(2, "user_id=2"), link(3, "always", "user_id=2", "user_id=1")], config(size_cap=1)
    )
    assert people(w) == ["user_id=1 user_id=2"]


def test_cluster_over_its_limit_still_takes_other_namespaces() -> None:
    w = world(
        link(1, "always", "user_id=1", "user_id=2"), seen(2, "user_id=1", "email=a"), seen(3, "user_id=3", "email=a")
    )
    assert people(w) == ["email=a user_id=1 user_id=2", "user_id=3"]


def test_always_joins_identifiers_that_no_event_names() -> None:
    w = world(link(7, "always", "email=a", "phone=5"))
    (profile,) = w.profiles.values()
    assert people(w) == ["email=a phone=5"]
    assert (profile.n, profile.seen, w.fragments) == (0, None, {})
    assert {n.rcv for n in w.nodes.values()} == {7 * SECOND}


def test_always_gives_a_kiosk_to_a_person_and_its_edges_stay_refused() -> None:
    w = world(
        seen(1, "user_id=1", "device_id=k"),
        seen(2, "user_id=2", "device_id=k"),
        link(3, "always", "user_id=1", "device_id=k"),
    )
    assert people(w) == ["device_id=k user_id=1", "user_id=2"]
    assert nobodies(w) == []
    assert set(refusals(w).values()) == {"shared"}


def test_contradicting_rules_are_taken_by_hash() -> None:
    names = sorted(("email=a", "email=b", "email=c"), key=lambda n: ident(n).h)
    low, middle, high = names
    w = world(
        link(1, "always", low, high), link(2, "always", middle, high), link(3, "never", low, middle), seen(4, low, high)
    )
    assert people(w) == sorted([" ".join(sorted((low, high))), middle])


def test_always_rules_of_one_identifier_are_taken_by_the_other_ends_hash() -> None:
    low, middle, high = sorted(("email=a", "email=b", "email=c"), key=lambda n: ident(n).h)
    w = world(link(1, "always", low, high), link(2, "always", low, middle), link(3, "never", high, middle))
    assert people(w) == sorted([" ".join(sorted((low, middle))), high])


def test_edge_under_a_refused_always_rule_says_never() -> None:
    low, middle, high = sorted(("email=a", "email=b", "email=c"), key=lambda n: ident(n).h)
    w = world(
        link(1, "always", low, high),
        link(2, "always", middle, high),
        link(3, "never", low, middle),
        seen(4, middle, high),
    )
    assert refusals(w) == {f"{middle} {high}": "never"}


def test_withdrawn_rule_is_no_rule() -> None:
    pair = ("user_id=1", "email=a")
    w = world(seen(1, *pair), link(2, "never", *pair), link(3, "withdrawn", *pair[::-1]))
    assert people(w) == ["email=a user_id=1"]


def test_latest_rule_by_time_counts_not_by_receipt() -> None:
    pair = ("user_id=1", "email=a")
    w = world(seen(1, *pair), link(5, "never", *pair), link(9, "withdrawn", *pair, ts=4))
    assert people(w) == ["email=a", "user_id=1"]


@pytest.mark.parametrize("at", range(5, 11))
def test_rules_of_one_instant_are_decided_by_id(at: int) -> None:
    pair = ("user_id=1", "email=a")
    rules = sorted((link(at, "never", *pair), link(at, "withdrawn", *pair)), key=lambda e: e.id)
    w = world(seen(1, *pair), *rules)
    assert len(people(w)) == (2 if rules[-1].rule == "never" else 1)


def test_isolated_identifier_links_with_nothing() -> None:
    w = world(seen(1, "user_id=1", "email=a", "device_id=k"), link(2, "never", "email=a", "email=a"))
    assert people(w) == ["device_id=k user_id=1"]
    assert nobodies(w) == ["email=a"]
    assert refusals(w) == {"user_id=1 email=a": "shared"}


def test_isolated_account_keeps_its_profile_and_isolation_can_be_withdrawn() -> None:
    events = [seen(1, "user_id=1", "email=a"), link(2, "never", "user_id=1", "user_id=1")]
    assert people(world(*events)) == ["email=a", "user_id=1"]
    assert people(world(*events, link(3, "withdrawn", "user_id=1", "user_id=1"))) == ["email=a user_id=1"]


def test_always_links_an_isolated_identifier() -> None:
    w = world(link(1, "never", "email=a", "email=a"), link(2, "always", "email=a", "user_id=1"))
    assert people(w) == ["email=a user_id=1"]


# Anchors


def test_anchor_is_received_first_whatever_its_time_or_rank() -> None:
    w = world(seen(1, "email=a"), seen(2, "user_id=1", "email=a", ts=0))
    assert anchor(w, "user_id=1") == "email=a"


def test_anchor_of_one_receipt_is_the_strongest_then_the_smallest_hash() -> None:
    assert anchor(world(seen(1, "email=a", "phone=5", "anonymous_id=x")), "phone=5") == "email=a"
    w = world(seen(1, "email=a", "email=b"))
    assert anchor(w, "email=a") == min(("email=a", "email=b"), key=lambda n: ident(n).h)


def test_link_events_name_their_identifiers() -> None:
    w = world(link(1, "withdrawn", "phone=5", "email=z"), seen(2, "user_id=1", "phone=5"))
    assert anchor(w, "user_id=1") == "phone=5"
    assert people(w) == ["email=z", "phone=5 user_id=1"]


def test_k_of_zero_shares_at_the_first_user() -> None:
    w = expected([seen(1, "user_id=1", "email=a")], config(email=Namespace(20, limit=5, shared_above=0)))
    assert nobodies(w) == ["email=a"]
