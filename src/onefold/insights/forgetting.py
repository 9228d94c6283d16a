"""Takes an erased person out of what people asked."""

from collections.abc import Callable
from typing import Any, Final

from psycopg import Connection

from onefold.infra.postgres import load_queries

_STORES: Final = tuple(load_queries("onefold.insights", f"{name}.sql") for name in ("runs", "saved"))


def forget_queries(conn: Connection[Any], is_about: Callable[[str], bool]) -> int:
    """Delete the runs and saved queries whose text `is_about` says names the person; how many. Two small scans."""
    count = 0
    for queries in _STORES:
        found = [id_ for id_, text in conn.execute(queries["texts"]) if is_about(text)]
        if found:
            conn.execute(queries["forget"], {"ids": found})
        count += len(found)
    return count
