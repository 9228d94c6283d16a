"""A proxy before an object store that misbehaves by a plan. A process apart: deltalake may hold Python's lock.

`POST /_faults` with `{"seed": 1, "rate": 0.3, "kinds": ["500", …]}` says how it answers from then on.
"""

import asyncio
import json
import random
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

KINDS = ("500", "503", "reset", "lost", "cut", "slow", "hang")
SLOW_S, HANG_S = 0.3, 4.0
STATUSES = {"500": b"500 Internal Server Error", "503": b"503 Slow Down"}


@dataclass
class Faulty:
    upstream: int
    kinds: list[str] = field(default_factory=list)
    rate: float = 0.0
    chance: random.Random = field(default_factory=random.Random)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head, body = await _request(reader)
            if head.startswith(b"POST /_faults "):
                self._obey(**json.loads(body))
                writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            else:
                kind = self.chance.choice(self.kinds) if self.chance.random() < self.rate else ""
                writer.write(await self._answer(kind, head, body))
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def _obey(self, seed: int, rate: float, kinds: list[str]) -> None:
        self.chance, self.rate, self.kinds = random.Random(seed), rate, kinds  # noqa: S311 a plan, no secret

    async def _answer(self, kind: str, head: bytes, body: bytes) -> bytes:
        """What goes back; b"" = hang up."""
        if kind in STATUSES:
            text = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            return b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (
                STATUSES[kind],
                len(text),
                text,
            )
        if kind == "reset":
            return b""
        if kind in ("slow", "hang"):
            await asyncio.sleep(SLOW_S if kind == "slow" else HANG_S)
        answer = await self._pass_on(head, body)
        return {"lost": b"", "cut": answer[: len(answer) // 2], "hang": b""}.get(kind, answer)

    async def _pass_on(self, head: bytes, body: bytes) -> bytes:
        lines = [line for line in head.rstrip().split(b"\r\n") if not line.lower().startswith(b"connection:")]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        try:
            writer.write(b"\r\n".join([*lines, b"Connection: close", b"", body]))
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return head, await reader.readexactly(length)


async def _main(port: int, upstream: int) -> None:
    faulty: Any = Faulty(upstream)
    async with await asyncio.start_server(faulty.handle, "127.0.0.1", port, limit=1 << 20) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
