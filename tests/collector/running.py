"""A collector that runs in a thread of the test, on a port of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvloop

from onefold.config import CollectorSettings
from onefold.events.api import EventLog
from onefold.programs.collector.app import Collector, create_app
from onefold.programs.collector.counters import Counters
from onefold.programs.collector.directory import Directory, KeyDirectory
from onefold.programs.collector.form_desk import FormDesk
from onefold.programs.collector.main import make_server


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class RunningCollector:
    """Address and insides of a running collector."""

    def __init__(self, event_log: EventLog, settings: CollectorSettings, url: str = "") -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.counters = Counters()
        self.log = event_log
        self._settings = settings
        self._url = url
        self.directory: Any = None
        self.app: Collector | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Any = None
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._serve()), daemon=True)

    def start(self, directory: Directory | None = None) -> None:
        """Returns when it answers."""
        self.directory = directory or KeyDirectory(self._url, self.counters)
        self._thread.start()
        assert self._is_up.wait(10)
        for _ in range(200):
            try:
                httpx.get(f"{self.base}/health")
                return
            except httpx.TransportError:
                threading.Event().wait(0.01)
        raise AssertionError("the collector does not answer")

    def refresh(self) -> None:
        """Returns when it knows of all changes of sources and keys."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self.directory.refresh(), self._loop).result(10)

    def stop(self) -> None:
        """Finishes what it has taken; safe to repeat."""
        if self._loop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(20)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        forms = FormDesk(self._url) if self._url else None
        self.app = create_app(self.log, self.directory, self._settings, self.counters, forms)
        if isinstance(self.directory, KeyDirectory):
            await self.directory.start()
        self.app.start()
        self._server = make_server(self.app, "127.0.0.1", self.port)
        self._is_up.set()
        await self._server.serve()
        await self.app.stop()
        if isinstance(self.directory, KeyDirectory):
            await self.directory.stop()


@contextmanager
def running(
    event_log: EventLog, settings: CollectorSettings, url: str = "", directory: Directory | None = None
) -> Iterator[RunningCollector]:
    """A collector for the time of a block."""
    collector = RunningCollector(event_log, settings, url)
    collector.start(directory)
    try:
        yield collector
    finally:
        collector.stop()
