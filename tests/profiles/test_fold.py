"""Claims about traits: which one wins, and what stays known of the others."""

from itertools import permutations
from typing import Any

from onefold.profiles.api import Claims, add_claims, current_values, pack, resolve, unpack
from onefold.profiles.fold import MAX_TRAIT_NAMES

WEBSITE, CRM = 2, 1
PRIORITIES = {WEBSITE: 100, CRM: 10}


def claims(*said: tuple[int, int, dict[str, Any]]) -> Claims:
    """Folds (source, time, traits); time is receipt and event id too."""
    folded: Claims = {}
    for source_id, ts, traits in said:
        add_claims(folded, traits, source_id, (ts, ts, ts.to_bytes(16, "big")))
    return folded


def test_of_one_source_the_latest_counts_in_whatever_order_it_came() -> None:
    said = [(WEBSITE, 1, {"plan": "free"}), (WEBSITE, 3, {"plan": "pro"}), (WEBSITE, 2, {"plan": "trial"})]
    assert {pack(claims(*order)) for order in permutations(said)} == {pack(claims(said[1]))}


def test_priority_beats_recency_and_the_loser_stays_known() -> None:
    record = resolve([claims((CRM, 1, {"name": "Ada"}), (WEBSITE, 9, {"name": "ada l."}))], PRIORITIES)
    assert record["name"].value == "Ada"
    assert record["name"].source_id == CRM
    assert [(source, claim.value) for source, claim in record["name"].others] == [(WEBSITE, "ada l.")]


def test_null_withdraws_what_its_source_said() -> None:
    folded = claims((CRM, 1, {"name": "Ada"}), (WEBSITE, 2, {"name": "ada l."}), (CRM, 3, {"name": None}))
    assert current_values([folded], PRIORITIES) == {"name": "ada l."}
    assert current_values([claims((CRM, 1, {"name": None}))], PRIORITIES) == {}


def test_fragments_are_merged_by_recency() -> None:
    fragments = [claims((WEBSITE, 1, {"plan": "free"})), claims((WEBSITE, 2, {"plan": "pro"}))]
    assert current_values(fragments, PRIORITIES) == current_values(fragments[::-1], PRIORITIES) == {"plan": "pro"}


def test_values_of_every_kind_survive_storage() -> None:
    traits = {"n": 1, "f": 1.5, "b": True, "list": [1, "a", None], "deep": {"k": {"v": []}}, "text": "ß\u202e"}
    folded = claims((WEBSITE, 1, traits))
    assert current_values([unpack(pack(folded))], {}) == traits
    assert unpack(None) == unpack(b"") == {}


def test_too_many_trait_names_are_cut_alike_in_every_order() -> None:
    said = [(WEBSITE, n + 1, {f"t{n}": n}) for n in range(MAX_TRAIT_NAMES + 50)]
    forwards, backwards = claims(*said), claims(*said[::-1])
    assert len(forwards) == MAX_TRAIT_NAMES
    assert pack(forwards) == pack(backwards)
