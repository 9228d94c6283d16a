"""The slice's door. Free of Django: the processor comes in here too."""

from onefold.audiences.actions import Wanted, create_audience, create_computed, start_audience
from onefold.audiences.company_stream import look_at_companies
from onefold.audiences.folding import Counted, Folder, State
from onefold.audiences.forgetting import forget_changes, note_exits
from onefold.audiences.live import LiveAudiences, load_live
from onefold.audiences.rules import Computed
from onefold.audiences.shown import audiences_named
from onefold.audiences.states import LOOK_NOW, look_at, look_at_moved, tell_filling
from onefold.audiences.stream import (
    AskedFor,
    Foreseen,
    FragmentMove,
    Happened,
    absorb,
    ask_for,
    follow,
    foresee,
    note_refolded,
    sweep,
)

__all__ = [
    "LOOK_NOW",
    "AskedFor",
    "Computed",
    "Counted",
    "Folder",
    "Foreseen",
    "FragmentMove",
    "Happened",
    "LiveAudiences",
    "State",
    "Wanted",
    "absorb",
    "ask_for",
    "audiences_named",
    "create_audience",
    "create_computed",
    "follow",
    "foresee",
    "forget_changes",
    "load_live",
    "look_at",
    "look_at_companies",
    "look_at_moved",
    "note_exits",
    "note_refolded",
    "start_audience",
    "sweep",
    "tell_filling",
]
