"""A collector built as `onefold run collector` builds it: `python -m benchmarks.receiver store|discard`.

The two differ in the log only. The one that discards reads, checks, and answers every request, and keeps nothing.
"""

import sys
from collections.abc import Sequence

import uvloop

from onefold.config import Settings, load_settings
from onefold.events.api import EventLog, NewRow, PostgresLog
from onefold.infra.logs import configure_logs
from onefold.programs.collector.app import create_app
from onefold.programs.collector.counters import Counters
from onefold.programs.collector.directory import KeyDirectory
from onefold.programs.collector.main import serve


class NoLog:
    """An EventLog that takes everything and keeps nothing."""

    async def append(self, rows: Sequence[NewRow]) -> None:
        """Returns at once."""

    async def close(self) -> None:
        """Holds nothing."""


async def _receive(settings: Settings, url: str, event_log: EventLog) -> None:
    counters = Counters()
    directory = KeyDirectory(url, counters)
    collector = create_app(event_log, directory, settings.collector, counters)
    await directory.start()
    collector.start()
    try:
        await serve(collector, settings)
    finally:
        await collector.stop()
        await directory.stop()


def main() -> None:
    """Until SIGTERM."""
    settings = load_settings()
    if settings.database.url is None or sys.argv[1:] not in (["store"], ["discard"]):
        raise SystemExit("Usage: DATABASE_URL=… ONEFOLD_COLLECTOR_PORT=… python -m benchmarks.receiver store|discard")
    configure_logs(settings.log, "collector")
    url = settings.database.url.reveal()
    uvloop.run(_receive(settings, url, PostgresLog(url) if sys.argv[1] == "store" else NoLog()))


if __name__ == "__main__":
    main()
