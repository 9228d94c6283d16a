"""The collector as a process: one server, one loop. Stops by finishing what it has taken."""

import asyncio
import gc
import signal
import socket
from contextlib import suppress
from typing import Any, Final

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from onefold.config import Settings
from onefold.events.api import PostgresLog
from onefold.infra.heartbeat import beat_async
from onefold.infra.logs import get_logger
from onefold.kernel.errors import Rejected
from onefold.programs.collector.app import Collector, create_app
from onefold.programs.collector.counters import Counters
from onefold.programs.collector.directory import KeyDirectory
from onefold.programs.collector.form_desk import FormDesk

BACKLOG: Final = 1024
STOP_TIMEOUT_S: Final = 5  # for the requests that are being read; their commits have their own patience

log = get_logger(__name__)


class AddressRejected(Rejected):
    """The collector can't listen where it shall."""

    code = "address_rejected"


def run(settings: Settings) -> None:
    """`onefold run collector`. Returns after SIGTERM or SIGINT, when every request that came has its answer."""
    uvloop.run(_run(settings, settings.database.address()))


async def _run(settings: Settings, url: str) -> None:
    counters = Counters()
    directory = KeyDirectory(url, counters)
    collector = create_app(PostgresLog(url), directory, settings.collector, counters, FormDesk(url))
    await directory.start()
    collector.start()
    beats = asyncio.create_task(beat_async(url, "collector"))
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
    """Listens until SIGTERM or SIGINT. Raises AddressRejected when it can't."""
    _check_address(settings.collector.host, settings.collector.port)
    server = make_server(collector, settings.collector.host, settings.collector.port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    # Requests leave no cycles behind: what is there now need never be looked at again, the rest seldom.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    log.info("collector_listening", host=settings.collector.host, port=settings.collector.port)
    try:
        await server.serve()
    except TimeoutError:
        log.warning("connections_cut", after_s=STOP_TIMEOUT_S)


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


def _check_address(host: str, port: int) -> None:
    """The server itself would say it with a stack trace of its own."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as fault:
        raise AddressRejected(
            f"The collector can't listen on {host}, port {port}: {fault.strerror}. "
            "Free it, or set ONEFOLD_COLLECTOR_HOST and ONEFOLD_COLLECTOR_PORT."
        ) from fault
