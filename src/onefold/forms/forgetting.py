"""Takes an erased person out of what was sent by forms."""

from typing import Any

from psycopg import Connection

from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.forms", "submissions.sql")


def forget_submissions(conn: Connection[Any], hashes: list[int]) -> int:
    """Delete what was sent under these identifiers, whether it waits, is held or was let in; how many."""
    return conn.execute(QUERIES["forget"], {"persons": hashes}).rowcount
