"""Wakes the worker for a timer's task before its time. Apart from `jobs`, so that who wakes needn't load the queue."""

from contextlib import suppress
from typing import Any, Final

from psycopg import AsyncConnection, Connection
from psycopg.errors import UniqueViolation

# the function is procrastinate's own way in, and carries its version
DEFER_SQL: Final = """
select procrastinate_defer_jobs_v1(array[
    row('default', %(task)s::text, 0, null, %(task)s::text, '{"timestamp": 0}', null)
]::procrastinate_job_to_defer_v1[])
"""


def wake(conn: Connection[Any], task: str) -> None:
    """Have the worker run `task` (namespace:name, also its queueing lock) once this transaction commits.

    While it waits already nothing is added.
    """
    with suppress(UniqueViolation), conn.transaction():
        conn.execute(DEFER_SQL, {"task": task})


async def wake_async(conn: AsyncConnection[Any], task: str) -> None:
    """As `wake`, for asyncio."""
    with suppress(UniqueViolation):
        async with conn.transaction():
            await conn.execute(DEFER_SQL, {"task": task})
