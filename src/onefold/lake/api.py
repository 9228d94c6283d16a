"""The lake's door. Heavy: programs import what they need of it where they use it."""

from onefold.lake.anew import begin_anew
from onefold.lake.compact import Compacted, compact
from onefold.lake.export import export
from onefold.lake.flush import Flushed, flush
from onefold.lake.location import Location, location_of
from onefold.lake.promote import demote, promote
from onefold.lake.reading import take_snapshot
from onefold.lake.refresh import refresh
from onefold.lake.snapshot import Snapshot
from onefold.lake.state import name_namespaces
from onefold.lake.status import Status, TableStatus, status_of
from onefold.lake.thaw import thaw, thaw_events, thaw_wanted
from onefold.lake.verify import Verified, verify

__all__ = [
    "Compacted",
    "Flushed",
    "Location",
    "Snapshot",
    "Status",
    "TableStatus",
    "Verified",
    "begin_anew",
    "compact",
    "demote",
    "export",
    "flush",
    "location_of",
    "name_namespaces",
    "promote",
    "refresh",
    "status_of",
    "take_snapshot",
    "thaw",
    "thaw_events",
    "thaw_wanted",
    "verify",
]
