"""The load counts what is answered, and fails rather than count what is refused."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from benchmarks.figures import line_of, percentile
from benchmarks.load import LoadFailed, Outcome, Plan, loading, post

CONNECTIONS = 2


@contextmanager
def answering(*parts: bytes) -> Iterator[int]:
    """The port of a server that answers every request with these bytes, written one by one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]

        def serve(connection: socket.socket) -> None:
            with connection:
                while connection.recv(65_536):
                    for part in parts:
                        connection.sendall(part)

        def accept() -> None:
            for _ in range(CONNECTIONS):
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        yield port
        acceptor.join(10)


def build(count: int) -> list[bytes]:
    """Requests with an empty event each."""
    return [post("/v1/track", "key", b"{}")] * count


def drive(port: int, count: int, rate: float = 0.0, seconds: float | None = None) -> Outcome:
    """What became of a load."""
    plan = Plan(port=port, build=partial(build, count), connections=CONNECTIONS, rate=rate, seconds=seconds)
    with loading(plan) as load:
        load.begin()
        return load.outcome(20)


def test_each_request_is_sent_once_and_timed() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-", b"Length: 2\r\n\r\n", b"{}") as port:
        outcome = drive(port, 10)
    assert len(outcome.due) == len(outcome.answered) == 10
    assert all(answered > due for due, answered in zip(*outcome, strict=True))


def test_a_rate_says_when_requests_are_due() -> None:
    with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") as port:
        outcome = drive(port, 3, rate=100, seconds=0.2)
    assert len(outcome.due) == 20
    assert outcome.due[-1] - outcome.due[0] == pytest.approx(0.19)


def test_a_refusal_ends_the_load_and_is_shown() -> None:
    with (
        answering(b"HTTP/1.1 503 Unavailable\r\ncontent-length: 4\r\n\r\nfull") as port,
        pytest.raises(LoadFailed, match=r"(?s)503.*full"),
    ):
        drive(port, 1)


def die() -> list[bytes]:
    """Takes the load's process along."""
    os._exit(1)


def test_the_death_of_the_loads_process_is_noticed() -> None:
    plan = Plan(port=1, build=die, connections=CONNECTIONS)
    with pytest.raises(LoadFailed, match="died"), loading(plan):
        pass


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([7.0], 0.99)) == (50.0, 99.0, 7.0)
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 0.5)


def test_a_line_shows_name_value_and_unit() -> None:
    assert line_of("process", 11_234.5) == "figure: process 11234 events/s"
    assert line_of("process_ratio", 0.3004) == "figure: process_ratio 0.300 ratio"
