"""People by when they were first seen, for the overview."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.profiles", "newcomers.sql")


@dataclass(frozen=True, kw_only=True)
class Newcomers:
    """People first seen in a step of time, and how many of them are known by now."""

    at: datetime
    people: int
    known: int


def new_people(conn: Connection[Any], since: datetime, until: datetime, step: timedelta) -> list[Newcomers]:
    """By step; steps without any are left out. Cost: an index entry a new person, no rows."""
    rows = conn.execute(QUERIES["new_people"], {"since": since, "until": until, "step": step})
    return [Newcomers(at=at, people=people, known=known) for at, people, known in rows]


def has_known(conn: Connection[Any]) -> bool:
    """Whether anybody is known by more than a device. One index probe."""
    row = conn.execute(QUERIES["has_known"]).fetchone()
    return bool(row and row[0])
