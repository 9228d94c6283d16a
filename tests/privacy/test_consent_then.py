"""The ledger at a past moment: it tells what a fold of the events until then says, or that it can't tell."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from onefold.privacy.consent import (
    NO_STATEMENT,
    Entry,
    Key,
    Ledger,
    Origin,
    Said,
    in_force,
    in_force_at,
)

MEANINGS: Final = {"tracking": "ads", "nonsense": None}
Heard = tuple[int, str, Origin, int, bool]
"""Time, purpose, origin, source and answer."""
heard = st.tuples(
    st.integers(1, 12),
    st.sampled_from(("ads", "tracking", "nonsense", "post")),
    st.sampled_from(Origin),
    st.integers(1, 2),
    st.booleans(),
)


def ledger_of(said: list[Heard], until: int) -> list[Entry]:
    """As `add_consents` folds them."""
    ledger: Ledger = {}
    for n, (ts, purpose, origin, source, is_granted) in enumerate(said):
        if ts <= until:
            event = n.to_bytes(16, "big")
            statement = event if origin is Origin.STATEMENT else NO_STATEMENT
            key = Key(purpose, origin, source, is_granted and origin is not Origin.GPC, statement)
            one = Said(ts, ts, 20 + n, event, "")
            ledger[key] = one if key not in ledger else ledger[key].merged(one)
    return [Entry(key, one) for key, one in ledger.items()]


@given(st.lists(heard, max_size=14), st.integers(0, 13))
def test_it_tells_the_truth_or_nothing(said: list[Heard], at: int) -> None:
    truth = {purpose: one.key.is_granted for purpose, one in in_force(ledger_of(said, at), MEANINGS).items()}
    assert in_force_at(ledger_of(said, 99), MEANINGS, at) in (truth, None)


@given(st.lists(heard, max_size=14))
def test_of_today_it_always_tells(said: list[Heard]) -> None:
    assert in_force_at(ledger_of(said, 99), MEANINGS, 99) is not None


def test_an_answer_that_was_stamped_before_and_after_tells_where_no_other_is() -> None:
    often = [(ts, "ads", Origin.STAMP, 1, True) for ts in (2, 5, 9)]
    assert in_force_at(ledger_of(often, 99), {}, 7) == {"ads": True}
    assert in_force_at(ledger_of(often, 99), {}, 1) == {}
    once_denied = [*often, (4, "ads", Origin.STAMP, 2, False)]
    assert in_force_at(ledger_of(once_denied, 99), {}, 7) is None  # was it granted again by then?
    assert in_force_at(ledger_of(once_denied, 99), {}, 9) == {"ads": True}
    stated = [*once_denied, (3, "ads", Origin.STATEMENT, 1, True)]
    assert in_force_at(ledger_of(stated, 99), {}, 7) == {"ads": False}  # a stamp doesn't undo it, a denial does
