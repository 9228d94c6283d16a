"""Senders that never rest: events with ids of their own, and a list of those that were acknowledged."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx


class Load:
    """Four senders; each repeats nothing, so an acknowledged id must be in the log however it went."""

    def __init__(self, base: str, key: str) -> None:
        self.acknowledged: list[str] = []
        self.refused: list[int] = []
        self.slowest_s = 0.0
        self._base = base
        self._key = key
        self._is_ended = threading.Event()
        self._lock = threading.Lock()

    def acknowledged_since(self, count: int, timeout_s: float = 20) -> None:
        """Waits until more than `count` are acknowledged."""
        deadline = time.monotonic() + timeout_s
        while len(self.acknowledged) <= count:
            assert time.monotonic() < deadline, f"nothing acknowledged; last refusals: {self.refused[-5:]}"
            time.sleep(0.01)

    @contextmanager
    def running(self, senders: int = 4) -> Iterator["Load"]:
        """Sends for the time of a block."""
        threads = [threading.Thread(target=self._send, args=(number,)) for number in range(senders)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._is_ended.set()
            for thread in threads:
                thread.join(30)
            assert not any(thread.is_alive() for thread in threads)

    def _send(self, number: int) -> None:
        count = 0
        with httpx.Client(base_url=self._base, timeout=20, headers={"x-write-key": self._key}) as http:
            while not self._is_ended.is_set():
                ids = [f"{number}-{count}-{one}" for one in range(3)]
                count += 1
                self._request(http, ids)

    def _request(self, http: httpx.Client, ids: list[str]) -> None:
        events = [{"type": "track", "event": "e", "userId": "u", "messageId": one} for one in ids]
        began = time.monotonic()
        try:
            status = http.post("/v1/batch", json={"batch": events}).status_code
        except httpx.TransportError:
            status = 0
            time.sleep(0.02)
        with self._lock:
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            if status == 200:
                self.acknowledged += ids
            else:
                self.refused.append(status)
