"""What is kept of who entered and left beside the moves themselves, held against them."""

from collections import Counter
from datetime import date
from typing import Any, Final, LiteralString

from psycopg import Connection

from onefold.audiences.membership import Kind

_LISTED: Final = "select audience, kind, unnest(positions) from audience_move"
_HAPPENED: Final = "select audience, kind, position from membership_change"
_BY_DAY: Final = """
select audience, (at at time zone 'UTC')::date, kind, count(*) from membership_change group by 1, 2, 3
"""
_COUNTED: Final = "select audience, day, entered, gone, members from audience_day"


def demand_counts(conn: Connection[Any]) -> None:
    """Positions by audience and counts by day say what the moves do, and as many are in as are counted."""
    assert _rows(conn, _LISTED) == _rows(conn, _HAPPENED)
    days: dict[tuple[int, date], Counter[int]] = {}
    for audience, day, kind, n in _rows(conn, _BY_DAY):
        days.setdefault((audience, day), Counter())[kind] = n
    members: Counter[int] = Counter()
    expected = []
    for (audience, day), n in sorted(days.items()):
        members[audience] += n[Kind.ENTERED] + n[Kind.MOVED_HERE] - n[Kind.LEFT] - n[Kind.MOVED_AWAY]
        expected.append((audience, day, n[Kind.ENTERED], n[Kind.LEFT], members[audience]))
    assert _rows(conn, _COUNTED) == expected
    assert +members == dict(_rows(conn, "select audience, count(*) from membership group by 1"))


def _rows(conn: Connection[Any], query: LiteralString) -> list[Any]:
    return sorted(conn.execute(query))
