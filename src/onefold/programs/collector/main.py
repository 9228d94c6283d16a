"""The collector as a process: one server, one loop. Stops by finishing what it has taken."""

import asyncio
import gc
import signal
from contextlib import suppress
from typing import Any, Final

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from onefold.config import Settings
from onefold.events.api import PostgresLog
from onefold.infra.heartbeat import beat_async
from onefold.infra.logs import get_logger
from onefold.kernel.errors import Broken
from onefold.programs.collector.app import Collector, create_app
from onefold.programs.collector.counters import Counters
from onefold.programs.collector.directory import KeyDirectory

BACKLOG: Final = 1024
STOP_TIMEOUT_S: Final = 10

log = get_logger(__name__)


def run(settings: Settings) -> None:
    """`onefold run collector`. Returns after SIGTERM or SIGINT, when every request that came has its answer."""
    if settings.database.url is None:
        raise Broken("The collector needs the address of a running database.")
    uvloop.run(_run(settings, settings.database.url.reveal()))


async def _run(settings: Settings, url: str) -> None:
    counters = Counters()
    directory = KeyDirectory(url, counters)
    collector = create_app(PostgresLog(url), directory, settings.collector, counters)
    await directory.start()
    collector.start()
    beats = asyncio.create_task(beat_async(url, "collector", collector.facts))
    try:
        await serve(collector, settings)
    finally:
        beats.cancel()
        with suppress(asyncio.CancelledError):
            await beats
        await collector.stop()
        await directory.stop()
        log.info("collector_stopped")


async def serve(collector: Collector, settings: Settings) -> None:
    """Listens until SIGTERM or SIGINT. Raises OSError when the port is taken."""
    server = make_server(collector, settings.collector.host, settings.collector.port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    # Requests leave no cycles behind: what is there now need never be looked at again, the rest seldom.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    log.info("collector_listening", host=settings.collector.host, port=settings.collector.port)
    await server.serve()


def make_server(app: Any, host: str, port: int) -> Server:  # noqa: ANN401 any ASGI application
    """The HTTP server for an application without lifespan; HTTP/1 only, as all tracking clients speak it."""
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        log_enabled=False,
        log_access=False,
    )
    server.workers_kill_timeout = STOP_TIMEOUT_S
    return server
