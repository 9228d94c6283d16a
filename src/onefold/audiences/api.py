"""The slice's door. Free of Django: the processor comes in here too."""

from onefold.audiences.company_stream import look_at_companies
from onefold.audiences.folding import Folder, State
from onefold.audiences.live import LiveAudiences, load_live
from onefold.audiences.shown import audiences_named
from onefold.audiences.stream import Happened, Move, absorb, follow, look_at, note_refolded, sweep

__all__ = [
    "Folder",
    "Happened",
    "LiveAudiences",
    "Move",
    "State",
    "absorb",
    "audiences_named",
    "follow",
    "load_live",
    "look_at",
    "look_at_companies",
    "note_refolded",
    "sweep",
]
