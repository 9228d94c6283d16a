"""What those work with who ask the engine. Light: pages load it at their start."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg import Connection

if TYPE_CHECKING:
    from onefold.lake.engine import Engine
    from onefold.lake.location import Location


@dataclass(frozen=True)
class Work:
    """`url`: of the database, for answers in Arrow. `clock`: now, aware."""

    conn: Connection[Any]
    url: str
    location: "Location"
    engine: "Engine"
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
