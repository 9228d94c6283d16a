"""Who is in whose team: known to a slice above, which can't be asked from here, so it is handed in."""

from collections.abc import Collection
from typing import Any, Protocol

from psycopg import Connection


class Mates(Protocol):
    """What a slice that knows teams has to say."""

    def __call__(self, conn: Connection[Any], acting_user: str) -> Collection[str]:
        """Who is in the user's team or one above it, as acting users."""


_handed_in: list[Mates] = []


def hand_in_mates(mates: Mates) -> None:
    """From now on this is asked. Once, when the program starts."""
    _handed_in[:] = [mates]


def has_teams() -> bool:
    """Whether anybody knows teams."""
    return bool(_handed_in)


def mates_of(conn: Connection[Any], acting_user: str) -> Collection[str]:
    """Whose views for a team this user sees; nobody's where there are no teams."""
    return _handed_in[0](conn, acting_user) if _handed_in else ()
