"""Who is in which audience, since when and why: current members, and everybody who ever entered or left.

Of an audience of companies `profile` is the company's hash.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

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


Change = tuple[int, int, int, int, int, bytes | None, int, int | None]
"""A row of `membership_change`: audience, profile, kind, µs, cause, event, version of the rule, other profile. Its
profile becomes 0 when the person is erased. A plain tuple, because there are very many of them."""


def member_ids(conn: Connection[Any], audience: int) -> list[int]:
    """Who is in: profile ids, or companies' hashes; in no order."""
    return [row[0] for row in conn.execute(QUERIES["members"], {"ids": bigints([audience])})]


def write_changes(conn: Connection[Any], come: Sequence[Change], gone: Sequence[Change]) -> None:
    """Members after these changes, and the changes themselves. Whoever moved keeps since when they are in."""
    since: dict[tuple[int, int], int] = {}
    if gone:
        audiences, profiles, kinds, *_ = zip(*gone, strict=True)
        columns = {"audience": integers(audiences), "profile": bigints(profiles)}
        if Kind.MOVED_AWAY in kinds:
            rows = conn.execute(QUERIES["leave_for"], columns, binary=True)
            since = {(audience, profile): at for audience, profile, at in rows}
        else:  # nobody waits for an answer
            conn.execute(QUERIES["leave"], columns)
    if come:
        audiences, profiles, _, times, _, _, _, others = zip(*come, strict=True)
        if since:
            times = tuple(
                since.get((audience, other), at) for audience, other, at in zip(audiences, others, times, strict=True)
            )
        columns = {"audience": integers(audiences), "profile": bigints(profiles), "since": instants(times)}
        conn.execute(QUERIES["enter"], columns)
    if come or gone:
        audiences, profiles, kinds, times, causes, events, versions, others = zip(*come, *gone, strict=True)
        columns = {
            "audience": integers(audiences),
            "profile": bigints(profiles),
            "kind": smallints(kinds),
            "at": instants(times),
            "cause": smallints(causes),
            "event": uuids(events),
            "version": integers(versions),
            "other": bigints(others),
        }
        conn.execute(QUERIES["write_changes"], columns)
