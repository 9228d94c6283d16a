"""Who is in which audience, since when and why: current members, and everybody who ever entered or left.

Of an audience of companies `profile` is the company's hash.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from psycopg import Connection

from onefold.audiences.states import QUERIES
from onefold.infra.arrays import bigints, instants, integers, smallints, uuids


class Kind(IntEnum):
    """What became of a membership; stored in `membership_change.kind`."""

    ENTERED = 1
    LEFT = 2
    MOVED_HERE = 3  # the same person under another id, by a merge
    MOVED_AWAY = 4


class Cause(IntEnum):
    """What brought it about; stored in `membership_change.cause`."""

    EVENT = 1
    TIME = 2
    RULE = 3  # the audience is new, or its rule was changed
    IDENTITY = 4  # people merged or split
    TAKEN_BACK = 5  # events were retracted or erased
    REMOVED = 6  # the audience was
    PEOPLE = 7  # of a company: who of its people is in an audience that the rule counts


class Change(NamedTuple):
    """A row of `membership_change`. `at` in µs."""

    audience: int
    profile: int
    kind: Kind
    at: int
    cause: Cause
    event: bytes | None
    version: int
    other: int | None = None


_ENTRIES = (Kind.ENTERED, Kind.MOVED_HERE)


def write_changes(conn: Connection[Any], changes: Sequence[Change]) -> None:
    """Members after these changes, and the changes themselves. Whoever moved keeps since when they are in."""
    if not changes:
        return
    gone = [one for one in changes if one.kind not in _ENTRIES]
    since: dict[tuple[int, int], int] = {}
    if gone:
        columns = {
            "audience": integers([one.audience for one in gone]),
            "profile": bigints([one.profile for one in gone]),
        }
        since = {
            (audience, profile): at for audience, profile, at in conn.execute(QUERIES["leave"], columns, binary=True)
        }
    come = [one for one in changes if one.kind in _ENTRIES]
    if come:
        columns = {
            "audience": integers([one.audience for one in come]),
            "profile": bigints([one.profile for one in come]),
            "since": instants([since.get((one.audience, one.other or 0), one.at) for one in come]),
        }
        conn.execute(QUERIES["enter"], columns)
    columns = {
        "audience": integers([one.audience for one in changes]),
        "profile": bigints([one.profile for one in changes]),
        "kind": smallints([one.kind for one in changes]),
        "at": instants([one.at for one in changes]),
        "cause": smallints([one.cause for one in changes]),
        "event": uuids([one.event for one in changes]),
        "version": integers([one.version for one in changes]),
        "other": bigints([one.other for one in changes]),
    }
    conn.execute(QUERIES["write_changes"], columns)
