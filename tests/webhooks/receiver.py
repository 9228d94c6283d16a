"""Another program on this machine that is told things, and behaves as it is told to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Received:
    """A message as it came."""

    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    """`answers`: what it does with one message after the other, the last for all that follow.

    A number is a status; "close" answers nothing, "lie" what is no HTTP, "hang" a byte now and then.
    """

    url: str = ""
    answers: list[int | str] = field(default_factory=lambda: [200])
    received: list[Received] = field(default_factory=list)
    stopping: Event = field(default_factory=Event)

    def behave(self) -> int | str:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(BaseHTTPRequestHandler):
    """Behaves as its server's `receiver` says."""

    server: "Server"

    def do_POST(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        receiver.received.append(Received({k.lower(): v for k, v in self.headers.items()}, body))
        match receiver.behave():
            case "close":
                self.close_connection = True
            case "lie":
                self.wfile.write(b"SSH-2.0-not a web server\r\n\r\n")
                self.close_connection = True
            case "hang":
                self._drip(receiver)
            case int(status):
                self._answer(status)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("location", "/elsewhere")
        if status == 429:
            self.send_header("retry-after", "3600")
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"heard")

    def _drip(self, receiver: Receiver) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not receiver.stopping.is_set():
            try:
                self.wfile.write(b"x-more: 1\r\n")
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """With what it does, and has heard."""

    daemon_threads = True
    receiver: Receiver


@contextmanager
def receiving() -> Iterator[Receiver]:
    """It listens on 127.0.0.1."""
    receiver = Receiver()

    with Server(("127.0.0.1", 0), Handler) as server:
        server.receiver = receiver
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook?a=b"
        yield receiver
        receiver.stopping.set()
        server.shutdown()
        thread.join(10)
