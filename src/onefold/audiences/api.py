"""The slice's door. Free of Django: the processor comes in here too."""

from onefold.audiences.folding import Folder, State
from onefold.audiences.live import LiveAudiences, load_live
from onefold.audiences.shown import audiences_named
from onefold.audiences.stream import Asked, Happened, Move, absorb, ask_for, follow, look_at, note_refolded, sweep

__all__ = [
    "Asked",
    "Folder",
    "Happened",
    "LiveAudiences",
    "Move",
    "State",
    "absorb",
    "ask_for",
    "audiences_named",
    "follow",
    "load_live",
    "look_at",
    "note_refolded",
    "sweep",
]
