"""A load of many small requests that remembers what was acknowledged."""

import asyncio
import itertools
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.scenarios.installation import Origin

CONNECTIONS: Final = 8
PACED_CONNECTIONS: Final = 40
PEOPLE: Final = 500
TIMEOUT_S: Final = 12.0  # longer than a request may wait for its commit
PAUSE_S: Final = 0.05


@dataclass
class Load:
    """Sends until told to stop; then every request that was begun has been acknowledged."""

    base: str
    origins: list[Origin]
    requests_per_s: float | None = None  # of all connections; None: as fast as they are answered
    sent: set[str] = field(default_factory=set)  # message ids, each under its own name
    acknowledged: set[str] = field(default_factory=set)
    attempts: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def connections(self) -> int:
        return CONNECTIONS if self.requests_per_s is None else PACED_CONNECTIONS

    async def run(self) -> None:
        """All connections."""
        await asyncio.gather(*(self._send(number) for number in range(self.connections)))

    async def _send(self, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 a load, not a secret
        origin = self.origins[number % len(self.origins)]
        count = 0
        async with httpx.AsyncClient(base_url=self.base, timeout=TIMEOUT_S, auth=(origin.key, "")) as client:
            async for _ in self._turns():
                ids = [f"{origin.slug}-{number}-{count + index}" for index in range(chance.randint(1, 5))]
                count += len(ids)
                self.sent.update(ids)
                await self._deliver(client, [_event(message_id, chance) for message_id in ids])
                self.acknowledged.update(ids)

    async def _turns(self) -> AsyncIterator[None]:
        """One for each request of a connection, when it is due, until told to stop."""
        begun = time.monotonic()
        for turn in itertools.count():
            if self.requests_per_s is not None:
                await asyncio.sleep(begun + turn * self.connections / self.requests_per_s - time.monotonic())
            if self.is_over.is_set():
                return
            yield

    async def _deliver(self, client: httpx.AsyncClient, batch: list[dict[str, Any]]) -> None:
        """Until it is acknowledged, as the real clients do."""
        while True:
            self.attempts += 1
            try:
                answer = await client.post("/v1/batch", json={"batch": batch})
            except httpx.TransportError:
                await asyncio.sleep(PAUSE_S)
                continue
            if answer.status_code == 200:
                assert answer.json()["ok"], answer.text
                return
            assert answer.status_code in (429, 503), answer.text
            await asyncio.sleep(PAUSE_S)


@contextmanager
def under_load(base: str, origins: list[Origin], requests_per_s: float | None = None) -> Iterator[Load]:
    """Load during the block, in a thread; the block's end waits until all that was sent is acknowledged.

    Without a rate each connection sends again as soon as it is answered, which keeps all cores busy.
    """
    load = Load(base, origins, requests_per_s)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(load.run())
        except BaseException as fault:
            failures.append(fault)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield load
    finally:
        load.is_over.set()
        thread.join(120)
    assert not thread.is_alive(), "the load did not come to its end: something is not answered"
    assert not failures, failures


def _event(message_id: str, chance: random.Random) -> dict[str, Any]:
    """Of one of PEOPLE, known or not: identities are resolved while processes die."""
    person = chance.randrange(PEOPLE)
    event: dict[str, Any] = {"messageId": message_id, "type": "track", "event": "Thing Done"}
    match chance.randrange(6):
        case 0:
            event |= {
                "type": "identify",
                "traits": {"email": f"p{person}@kills.example", "visits": chance.randrange(9)},
            }
            event |= {"userId": f"kill-{person}", "anonymousId": f"kill-device-{person}"}
        case 1:
            event |= {"anonymousId": f"kill-device-{person}"}
        case 2:  # somebody else's device
            event |= {"userId": f"kill-{person}", "anonymousId": f"kill-device-{chance.randrange(PEOPLE)}"}
        case _:
            event |= {"userId": f"kill-{person}"}
    return event
