"""The load: HTTP over keep-alive connections, every byte of a request built beforehand, in a process of its own.

It shares the machine with what it measures, so it does next to nothing: wait for sockets (epoll), read an answer, check
its status, write the next request. One request at a time a connection, as real clients do; no pipelining.
"""

import base64
import multiprocessing
import re
import select
import signal
import socket
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final, NamedTuple

ANSWER_WITHIN_S: Final = 60.0
BUILT_WITHIN_S: Final = 300.0
READY: Final = "ready"
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class LoadFailed(Exception):
    """A request was refused or not answered: what was measured would mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to send. `build` is called in the load's process.

    With a `rate` (requests/s) requests are sent when they are due, else whenever a connection is free; each request
    once, or around and around for `seconds`.
    """

    port: int
    build: Callable[[], list[bytes]]
    connections: int
    rate: float = 0.0
    seconds: float | None = None

    def total(self, built: int) -> float:
        """How many requests will be sent."""
        if self.seconds is None:
            return built
        return int(self.rate * self.seconds) if self.rate else float("inf")


class Outcome(NamedTuple):
    """Of each request, in the order of sending: when it was due and when answered (clock: time.monotonic)."""

    due: "array[float]"
    answered: "array[float]"

    def times_ms(self, since: float) -> list[float]:
        """How long the answers to requests due after `since` took, from the moment they were due."""
        pairs = zip(self.due, self.answered, strict=True)
        return [(answered - due) * 1000 for due, answered in pairs if due >= since]

    def a_second(self, since: float, until: float) -> float:
        """Answers a second between two instants."""
        return sum(since <= answered < until for answered in self.answered) / (until - since)


def post(path: str, key: str, body: bytes) -> bytes:
    """The bytes of a request to the tracking API."""
    token = base64.b64encode(f"{key}:".encode()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/1\r\nAuthorization: Basic {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def posts(path: str, key: str, bodies: Iterable[bytes]) -> list[bytes]:
    """As `post`, for many."""
    return [post(path, key, body) for body in bodies]


def get(path: str, key: str) -> bytes:
    """The bytes of a question to the REST API."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


class Load:
    """A load that is ready to begin."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def begin(self) -> float:
        """Lets it loose; when (time.monotonic)."""
        self._pipe.send("begin")
        return time.monotonic()

    def outcome(self, timeout_s: float) -> Outcome:
        """Waits for the end. Raises LoadFailed."""
        found = _hear(self._pipe, timeout_s)
        if not isinstance(found, Outcome):
            raise LoadFailed(found)
        return found

    @property
    def is_over(self) -> bool:
        """Whether `outcome` would answer at once."""
        return self._pipe.poll()


@contextmanager
def loading(plan: Plan) -> Iterator[Load]:
    """A process that has built its requests and holds its connections; ended with the block."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(plan, theirs), daemon=True)
    process.start()
    try:
        theirs.close()  # so that its death is the pipe's end
        if (said := _hear(ours, BUILT_WITHIN_S)) != READY:
            raise LoadFailed(f"The load could not begin: {said}")
        yield Load(ours)
    finally:
        process.terminate()
        process.join()


def _hear(pipe: Connection, timeout_s: float) -> object:
    """What the load's process says next. Raises LoadFailed."""
    if not pipe.poll(timeout_s):
        raise LoadFailed(f"The load's process said nothing for {timeout_s:.0f} s.")
    try:
        return pipe.recv()
    except EOFError:
        raise LoadFailed("The load's process died.") from None


def _run(plan: Plan, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act upon
    try:
        driver = _Driver(plan)
        pipe.send(READY)
        pipe.recv()
        pipe.send(driver.run())
    except (LoadFailed, OSError) as fault:
        pipe.send(str(fault))


class _Exchange:
    """A connection and the request that it waits for."""

    __slots__ = ("buffer", "index", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.index = -1


class _Driver:
    """Sends and receives in one loop."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = plan.build()
        self._total = plan.total(len(self._requests))
        self._idle = deque(_Exchange(plan.port) for _ in range(plan.connections))
        self._by_descriptor = {exchange.socket.fileno(): exchange for exchange in self._idle}
        self._poll = select.epoll()
        for descriptor in self._by_descriptor:
            self._poll.register(descriptor, select.EPOLLIN)
        self._due = array("d")
        self._answered = array("d")
        self._began = 0.0

    def run(self) -> Outcome:
        """Returns when all that was sent is answered."""
        self._began = time.monotonic()
        while True:
            pause = self._send()
            if not self._is_going() and len(self._idle) == self._plan.connections:
                return Outcome(self._due, self._answered)
            ready = self._poll.poll(pause)
            if not ready and pause == ANSWER_WITHIN_S:
                raise LoadFailed(f"A request was not answered within {ANSWER_WITHIN_S:.0f} s.")
            for descriptor, _ in ready:
                self._receive(self._by_descriptor[descriptor])

    def _is_going(self) -> bool:
        if len(self._due) >= self._total:
            return False
        is_timed = self._plan.seconds is not None and not self._plan.rate
        return not is_timed or time.monotonic() - self._began < (self._plan.seconds or 0)

    def _send(self) -> float:
        """Sends what can be sent now; how long to wait for answers before the next look."""
        rate = self._plan.rate
        while self._idle and self._is_going():
            now = time.monotonic()
            due = self._began + len(self._due) / rate if rate else now
            if due > now:
                return due - now
            exchange = self._idle.popleft()
            exchange.index = len(self._due)
            self._due.append(due)
            self._answered.append(0.0)
            exchange.socket.sendall(self._requests[exchange.index % len(self._requests)])
        return ANSWER_WITHIN_S

    def _receive(self, exchange: _Exchange) -> None:
        data = exchange.socket.recv(65_536)
        if not data:
            raise LoadFailed("A connection was closed before the answer.")
        exchange.buffer += data
        if not _is_whole(exchange.buffer):
            return
        if exchange.buffer[9:12] != b"200":
            raise LoadFailed(f"A request was refused: {exchange.buffer[:1000].decode(errors='replace')}")
        self._answered[exchange.index] = time.monotonic()
        exchange.buffer = b""
        self._idle.append(exchange)


def _is_whole(answer: bytes) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = _LENGTH.search(answer, 0, end)
    if length is None:
        raise LoadFailed(f"An answer without a length: {answer[:300].decode(errors='replace')}")
    return len(answer) >= end + 4 + int(length[1])
