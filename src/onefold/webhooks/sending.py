"""A message to an address: resolved, judged, then that very address is asked. No redirect is followed.

Who may make endpoints shall not reach this machine's own network by them: an address that isn't public is refused,
unless the setting `webhooks.private` allows it. Whoever answers slowly is cut off after TIMEOUT_S, all in all.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event, Timer
from typing import Final
from urllib.parse import urlsplit

CONNECT_S: Final = 5.0
TIMEOUT_S: Final = 15.0
MAX_RESPONSE: Final = 2_000
_context: Final = ssl.create_default_context()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of it. `status` None = nothing was answered, and `fault` says why; `retry_after_s` as asked for."""

    status: int | None
    duration_ms: int
    fault: str = ""
    response: str = ""
    retry_after_s: int = 0


class _Refused(Exception):
    """The address may not be asked."""


class _Connection(http.client.HTTPConnection):
    """To one address, whatever its name would resolve to by now."""

    def __init__(self, host: str, port: int, address: str, *, is_tls: bool) -> None:
        super().__init__(host, port, timeout=CONNECT_S)
        self._address, self._is_tls = address, is_tls

    def connect(self) -> None:
        """As the one above, but there."""
        plain = socket.create_connection((self._address, self.port), CONNECT_S)
        self.sock = _context.wrap_socket(plain, server_hostname=self.host) if self._is_tls else plain
        self.sock.settimeout(TIMEOUT_S)


def post(
    url: str, headers: Mapping[str, str], body: bytes, *, may_be_private: bool, timeout_s: float = TIMEOUT_S
) -> Answer:
    """One attempt; takes CONNECT_S (for each name and connection) and `timeout_s` at most. Never raises."""
    began = time.monotonic()
    try:
        status, response, retry_after = _post(url, headers, body, may_be_private=may_be_private, timeout_s=timeout_s)
    except (OSError, http.client.HTTPException, ValueError, _Refused) as fault:
        return Answer(status=None, duration_ms=_since(began), fault=_said(fault, _since(began), timeout_s))
    return Answer(status=status, duration_ms=_since(began), response=response, retry_after_s=retry_after)


def _post(
    url: str, headers: Mapping[str, str], body: bytes, *, may_be_private: bool, timeout_s: float
) -> tuple[int, str, int]:
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if is_tls else 80)
    connection = _Connection(host, port, _address_of(host, port, may_be_private=may_be_private), is_tls=is_tls)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
        is_over = Event()
        cut = Timer(timeout_s, _cut, [connection.sock, is_over])
        cut.daemon = True
        cut.start()
        try:
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            text = answer.read(MAX_RESPONSE)
        finally:
            cut.cancel()
        if is_over.is_set():  # what came until then looks whole
            raise TimeoutError
    finally:
        connection.close()
    wish = answer.headers.get("retry-after", "").strip()
    seconds = int(wish) if wish.isascii() and wish.isdigit() and len(wish) < 9 else 0
    return answer.status, text.decode("utf-8", "replace").replace("\0", ""), seconds


def _address_of(host: str, port: int, *, may_be_private: bool) -> str:
    """The first that the name leads to. Every one of them must be public, or somebody plays with the name."""
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not may_be_private:
        for one in found:
            address = ipaddress.ip_address(one.partition("%")[0])
            inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
            if not (address.is_global and inner.is_global) or address.is_multicast:
                raise _Refused(
                    "The address leads into a private network. The setting ONEFOLD_WEBHOOKS_PRIVATE allows it."
                )
    return found[0]


def _cut(connected: socket.socket, is_over: Event) -> None:
    is_over.set()
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:  # it ended by itself
        return


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _said(fault: Exception, duration_ms: int, timeout_s: float) -> str:
    """For a person, without anything of ours."""
    if isinstance(fault, _Refused):
        return str(fault)
    if isinstance(fault, TimeoutError) or duration_ms >= timeout_s * 1000:
        return "There was no whole answer in time."
    if isinstance(fault, socket.gaierror):
        return "The name of the server isn't known."
    if isinstance(fault, ssl.SSLError):
        return f"The connection isn't safe: {fault.reason or 'certificate or protocol'}."[:200]
    if isinstance(fault, ConnectionRefusedError):
        return "Nobody answers there: the connection was refused."
    if isinstance(fault, http.client.HTTPException | ValueError):
        return "What was answered isn't HTTP."
    return "The connection was broken."
