"""A small proxy on loopback that misbehaves: it loses answers, or refuses before it lets requests through."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from tests.collector.running import free_port

LOSE_ANSWER: Final = 0
"""Instead of a status: pass the request on, wait for the answer, and hang up without it."""
_MAX_LINE: Final = 1 << 20


@dataclass
class Proxy:
    """`script`: what happens to the first POSTs, one each; afterwards they pass. Statuses are answered at once."""

    upstream_port: int
    script: list[int] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    seen: list[int] = field(default_factory=list)  # what became of each POST: 200 = passed on

    @property
    def base(self) -> str:
        """Address for clients."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, is_up: threading.Event, is_over: asyncio.Event) -> None:
        """Until `is_over`."""
        server = await asyncio.start_server(self._handle, "127.0.0.1", self.port, limit=_MAX_LINE)
        is_up.set()
        async with server:
            await is_over.wait()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection: `Connection: close` keeps it simple."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await _read_message(reader)
            is_post = request.startswith(b"POST ")
            fate = self.script.pop(0) if is_post and self.script else 200
            if is_post:
                self.seen.append(fate)
            if fate in (LOSE_ANSWER, 200):
                answer = await self._pass_on(request)
                if fate == 200:
                    writer.write(answer)
            else:
                writer.write(_refusal(fate))
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _pass_on(self, request: bytes) -> bytes:
        """The whole answer; ConnectionError when there is none."""
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        try:
            writer.write(b"\r\n".join([*lines, b"Connection: close", b"", body]))
            await writer.drain()
            answer = await reader.read()
        finally:
            writer.close()
        if not answer:
            raise ConnectionResetError
        return answer


@contextmanager
def misbehaving(upstream_port: int, script: Sequence[int]) -> Iterator[Proxy]:
    """A proxy for the time of a block, in a thread of its own."""
    proxy = Proxy(upstream_port, list(script))
    is_up, loop, is_over = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(proxy.serve(is_up, is_over)), daemon=True)
    thread.start()
    assert is_up.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        loop.close()


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    """Head and body of a request, by its Content-Length or in chunks, which become one body."""
    head = await reader.readuntil(b"\r\n\r\n")
    headers = [line.lower() for line in head.split(b"\r\n")]
    if b"transfer-encoding: chunked" in headers:
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readuntil(b"\r\n")
        kept = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"transfer-encoding:")]
        return b"\r\n".join([*kept, b"Content-Length: %d" % len(body), b"", body])
    length = next((int(line[15:]) for line in headers if line.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)


def _refusal(status: int) -> bytes:
    body = b'{"success":false,"code":"try_later","message":"Send it again a little later."}'
    return (
        b"HTTP/1.1 %d Try later\r\nRetry-After: 1\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (status, len(body), body)
    )
