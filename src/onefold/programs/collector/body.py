"""Read a request's body and undo its compression, within bounds of size and time."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

from onefold.programs.collector.caller import Headers
from onefold.programs.collector.refusals import ClientGone, InvalidEncoding, TooLarge, TooSlow

Receive = Callable[[], Awaitable[dict[str, Any]]]
READ_TIMEOUT_S: Final = 10.0
_DRAINED_BYTES: Final = 64_000_000
_GZIP_MAGIC: Final = b"\x1f\x8b"
_CHUNK_BYTES: Final = 65_536


async def read_body(receive: Receive, headers: Headers, max_bytes: int) -> bytes:
    """The body as sent. Raises TooLarge, TooSlow or ClientGone."""
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await _read(receive, headers, max_bytes)
    except TimeoutError:
        raise TooSlow(f"The body did not arrive within {READ_TIMEOUT_S:.0f} s. Send smaller batches.") from None


async def _read(receive: Receive, headers: Headers, max_bytes: int) -> bytes:
    """Also reads the rest of what is too large: a client that is cut off while it sends never sees the answer."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size <= max_bytes:
            parts.append(part)
        if not message.get("more_body") or size > _DRAINED_BYTES:
            break
    if size > max_bytes:
        raise TooLarge(f"The body has more than {max_bytes:,} bytes. Send fewer events in a request.")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def inflate(body: bytes, encoding: bytes, max_bytes: int) -> bytes:
    """The body without gzip or deflate, never more than `max_bytes` of it. Raises TooLarge or InvalidEncoding.

    gzip is told by its first bytes too, which no JSON has: some clients forget the header, some proxies leave it.
    """
    if body.startswith(_GZIP_MAGIC):
        return _inflate(body, 31, max_bytes)
    if encoding.strip().lower() == b"deflate" and body[:1] not in (b"{", b" ", b"\n"):
        return _inflate(body, 15, max_bytes)
    return body


def _inflate(body: bytes, window: int, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        while body:
            stream = zlib.decompressobj(window)
            while body and not stream.eof:
                part = stream.decompress(body, _CHUNK_BYTES)
                body = stream.unconsumed_tail
                size += len(part)
                if size > max_bytes:
                    raise TooLarge(f"The body has more than {max_bytes:,} bytes after decompression.")
                parts.append(part)
            if not stream.eof:
                raise InvalidEncoding("The compressed body is cut off.")
            body = stream.unused_data  # gzip files may be strung together
    except zlib.error:
        raise InvalidEncoding("The body is not the gzip or deflate that it seems to be.") from None
    return b"".join(parts)
