"""Sends the history through the collector as the tracking clients would, and finds where to go on after a break."""

import base64
import gzip
import http.client
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import Connection

from onefold.config import CollectorSettings, reachable
from onefold.events.api import has_unread
from onefold.infra.postgres import load_queries, reconnecting
from onefold.kernel.errors import Broken, Unavailable
from onefold.kernel.hashing import event_id
from onefold.programs.demo.calls import APP, WEBSITE
from onefold.programs.demo.crowd import world
from onefold.programs.demo.history import SEED, Request, marks

QUERIES: Final = load_queries("onefold.programs.demo", "sending.sql")
TIMEOUT_S: Final = 30.0
PATIENCE_S: Final = 120.0
CROWD_PATIENCE_S: Final = 1_800.0
_BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def first_missing(conn: Connection[Any], history: Sequence[Request], source_ids: Mapping[str, int]) -> int:
    """Index of the first request that never reached the log; `len(history)` when none is missing.

    A request is a row of the log, there whole or not at all, and they are sent one after the other. So the newest
    message that became anything tells. Cost: index probes of one request when all is there, else of those missing.
    """
    if _is_known(conn, history[-1], source_ids):
        return len(history)
    wait_until_read(conn)
    for index in range(len(history), 0, -1):
        if _is_known(conn, history[index - 1], source_ids):
            return index
    return 0


def wait_until_read(conn: Connection[Any], timeout_s: float = PATIENCE_S) -> None:
    """Returns when the processor has read the log to its end. Raises Unavailable when it does not get there."""
    deadline = time.monotonic() + timeout_s
    while has_unread(conn):
        if time.monotonic() > deadline:
            raise Unavailable("The processor has not come to the end of the log. `onefold doctor` may know why.")
        time.sleep(0.05)


class Sender:
    """One connection to the collector."""

    def __init__(self, settings: CollectorSettings, keys: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection(reachable(settings.host), settings.port, timeout=TIMEOUT_S)
        self._keys = keys

    def send(self, history: Sequence[Request], on_progress: Callable[[int], None]) -> None:
        """Sends all, each after the answer to the one before; `on_progress` gets the messages sent so far."""
        sent = 0
        for request in history:
            reconnecting(lambda request=request: self._send(request), timeout_s=PATIENCE_S)  # type: ignore[misc]  # mypy can't type a default
            sent += len(request.messages)
            on_progress(sent)
        self._connection.close()

    def _send(self, request: Request) -> None:
        """Raises Unavailable when it may be sent again, as the clients do after a lost answer."""
        path, headers, body = encoded(request, self._keys[request.source], datetime.now(UTC))
        try:
            self._connection.request("POST", path, body, headers)
            response = self._connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException) as fault:
            self._connection.close()
            raise Unavailable(f"The collector does not answer: {type(fault).__name__}.") from fault
        if response.status in (408, 429) or response.status >= 500:
            raise Unavailable(f"The collector answers {response.status}.")
        if response.status != 200:
            raise Broken(f"The collector refuses the demo's events: {json.loads(said).get('message')}")


def encoded(request: Request, key: str, now: datetime) -> tuple[str, dict[str, str], bytes]:
    """Path, headers and body: analytics.js and the app's client send text, analytics-python gzip with the key in it."""
    batch = []
    for message in request.messages:
        sent_at = {"sentAt": (now + message.clock).isoformat(timespec="milliseconds")} if message.clock else {}
        batch.append(message.body | sent_at)
    body: dict[str, Any] = {"batch": batch, "sentAt": now.isoformat(timespec="milliseconds")}
    path = "/v1/import" if request.is_bulk else "/v1/batch"
    if request.source not in (WEBSITE, APP):
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "User-Agent": "analytics-python/2.4.0",
        }
        return path, headers, gzip.compress(msgspec.json.encode(body | {"writeKey": key}), 1)
    authorization = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    headers = {"Content-Type": "text/plain", "Authorization": authorization, "User-Agent": _BROWSER}
    if request.is_bulk:
        return path, headers | {"Content-Encoding": "gzip"}, gzip.compress(msgspec.json.encode(body), 1)
    return "/v1/b", headers, msgspec.json.encode(body)


def has_history(conn: Connection[Any], source_ids: Mapping[str, int]) -> bool:
    """Whether all of history.py is there, found without making it. Cost: index probes."""
    return not _absent(conn, {0: str(SEED)}, source_ids)


def missing_hundreds(conn: Connection[Any], count: int, source_ids: Mapping[str, int]) -> list[int]:
    """Which of the first `count` hundreds of the crowd are not there, or not whole. Cost: index probes."""
    found = _absent(conn, {number: world(number) for number in range(count)}, source_ids)
    if found:
        wait_until_read(conn, CROWD_PATIENCE_S)
        found = _absent(conn, {number: world(number) for number in found}, source_ids)
    return found


def _absent(conn: Connection[Any], worlds: Mapping[int, str], source_ids: Mapping[str, int]) -> list[int]:
    """Numbers of the worlds of which no mark is known."""
    owners = {
        UUID(bytes=event_id(source_id, mark)): number
        for number, name in worlds.items()
        for mark in marks(name)
        for source_id in source_ids.values()
    }
    rows = conn.execute(QUERIES["known_ids"], {"ids": list(owners)}).fetchall()
    return sorted(set(owners.values()) - {owners[id_] for (id_,) in rows})


def _is_known(conn: Connection[Any], request: Request, source_ids: Mapping[str, int]) -> bool:
    source_id = source_ids[request.source]
    message_ids = [message.body["messageId"] for message in request.messages]
    ids = [UUID(bytes=event_id(source_id, message_id)) for message_id in message_ids]
    parameters = {"ids": ids, "source_id": source_id, "message_ids": message_ids}
    row = conn.execute(QUERIES["is_known"], parameters).fetchone()
    return bool(row and row[0])
