"""Who is asking: headers, address and keys of a request. Pure."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

Headers = dict[bytes, bytes]
_WANTED: Final = frozenset(
    (
        b"authorization",
        b"x-write-key",
        b"content-encoding",
        b"content-length",
        b"origin",
        b"user-agent",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"host",
        b"access-control-request-headers",
        b"accept-encoding",
        b"if-none-match",
        b"cookie",
        b"sec-fetch-site",
        b"sec-gpc",
        b"content-type",
        b"accept",
        b"referer",
    )
)
_MAX_USER_AGENT: Final = 1_000
_MAX_KEY: Final = 200


class Caller(msgspec.Struct, frozen=True, gc=False):
    """What the connection tells. `ip` is "" where it isn't known."""

    ip: str
    user_agent: str
    received_at: int  # µs
    device_id: str = ""  # what the source's id cookie holds
    has_gpc: bool = False  # Sec-GPC: 1, the browser's wish that nothing be sold or shared


def headers_of(scope: dict[str, Any]) -> Headers:
    """The headers that are looked at; of one that is sent twice the last."""
    return {name: value for name, value in scope["headers"] if name in _WANTED}


def caller_of(scope: dict[str, Any], headers: Headers, received_at: int, proxy_count: int) -> Caller:
    """The client behind `proxy_count` proxies, each of which appended to X-Forwarded-For whom it saw."""
    ip = scope["client"][0] if scope.get("client") else ""
    if proxy_count:
        hops = [hop.strip() for hop in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")]
        ip = hops[-proxy_count] if len(hops) >= proxy_count else ip
    user_agent = headers.get(b"user-agent", b"")[:_MAX_USER_AGENT].decode("latin-1").replace("\0", "")
    has_gpc = headers.get(b"sec-gpc", b"").strip() == b"1"
    return Caller(_plain_ip(ip), user_agent, received_at, has_gpc=has_gpc)


def keys_in(headers: Headers) -> Iterator[str]:
    """Keys that the headers may hold, likeliest first: Segment's and RudderStack's Basic, Jitsu's X-Write-Key."""
    if b"x-write-key" in headers:
        yield from spellings(headers[b"x-write-key"].decode("latin-1"))
    method, _, value = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    value = value.strip()
    if method.lower() == "basic":
        yield from spellings(_decoded(value))
        yield from spellings(value)  # clients that forget the base64
    elif method.lower() == "bearer":
        yield from spellings(value)


def keys_in_query(query: bytes) -> Iterator[str]:
    """The query's writeKey."""
    if b"riteKey" in query or b"ritekey" in query:
        try:
            fields = parse_qs(query.decode("latin-1"), max_num_fields=500)
        except ValueError:
            return  # more fields than anybody needs
        for name in ("writeKey", "writekey", "WriteKey"):
            for value in fields.get(name, ()):
                yield from spellings(value)


def spellings(text: str) -> Iterator[str]:
    """`key:`, `key:secret` or a bare key: of two parts the second, a secret, is worth more."""
    text = text.strip()
    if not text or len(text) > 2 * _MAX_KEY:
        return
    first, colon, second = text.partition(":")
    if colon and second:
        yield second
    if first:
        yield first


def keep_ip(ip: str, policy: str) -> str:
    """What the source's policy leaves of an address; "" = nothing. /24 and /48 are what truncation keeps."""
    if policy == "drop" or not ip:
        return ""
    plain = _plain_ip(ip)
    return _truncated(plain) if policy == "truncate" else plain


@lru_cache(maxsize=4096)
def _truncated(ip: str) -> str:
    if not ip:
        return ""
    bits = 24 if ip_address(ip).version == 4 else 48
    return str(ip_network(f"{ip}/{bits}", strict=False).network_address)


@lru_cache(maxsize=4096)
def _plain_ip(text: str) -> str:
    """The address without zone and IPv4 wrapping; "" for what is none."""
    try:
        address = ip_address(text.strip("[] ").partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4)).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""


def first_known(keys: Iterable[str]) -> list[str]:
    """`keys` without repetitions, in order."""
    return list(dict.fromkeys(keys))
