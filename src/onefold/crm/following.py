"""Following people: whoever events came of, a few seconds behind the processor, never in its way.

A follower has a name and a row that says how far it has come. It can begin anew with everybody.
"""

from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "following.sql")
FIRST: Final = -(1 << 63)
LAST: Final = (1 << 63) - 1
_CHUNK: Final = 10_000
"""Positions of one step."""
_PIECE: Final = 2_000
"""People of one step, where everybody is looked at."""


class Step(NamedTuple):
    """Profile ids to look at. `span`: they are everybody behind the first up to the second; None: who was heard of."""

    people: list[int]
    span: tuple[int, int] | None = None


def next_step(conn: Connection[Any], name: str) -> Step | None:
    """Who is to be looked at next; None: nobody, or another is at it. In the transaction that does so: it moves the
    position."""
    row = conn.execute(QUERIES["begin"], {"name": name}).fetchone()
    if row is None:
        return None
    position, after = row
    if after is not None:
        return _of_all(conn, name, after)
    given = conn.execute(QUERIES["given"]).fetchone()
    if not given or position >= given[0]:
        return None
    newest, people = _seen(conn, position)
    if newest is None:  # a gap: what stands behind it comes next
        (first,) = conn.execute(QUERIES["first_after"], {"after": position}).fetchone() or (None,)
        if first is None:
            return None
        newest, people = _seen(conn, first - 1)
    conn.execute(QUERIES["move"], {"name": name, "position": newest})
    return Step(people)


def look_at_all(conn: Connection[Any], name: str) -> None:
    """Everybody is looked at again by the next steps."""
    conn.execute(QUERIES["went"], {"name": name, "after": FIRST})


def take_turn(conn: Connection[Any], name: str) -> None:
    """Until this transaction ends, no step of this follower is made by another."""
    conn.execute(QUERIES["wait"], {"name": name})


def _seen(conn: Connection[Any], position: int) -> tuple[int | None, list[int]]:
    asked = {"after": position, "until": position + _CHUNK}
    return conn.execute(QUERIES["seen"], asked).fetchone() or (None, [])


def _of_all(conn: Connection[Any], name: str, after: int) -> Step:
    people = [number for (number,) in conn.execute(QUERIES["next_people"], {"after": after, "most": _PIECE})]
    is_last = len(people) < _PIECE
    until = LAST if is_last else people[-1]
    conn.execute(QUERIES["went"], {"name": name, "after": None if is_last else until})
    return Step(people, (after, until))
