"""Reading and inflating: bounded in size and time."""

import asyncio
import gzip
import zlib
from typing import Any

import pytest

from onefold.programs.collector import body
from onefold.programs.collector.body import inflate, read_body
from onefold.programs.collector.refusals import ClientGone, InvalidEncoding, TooLarge, TooSlow

JSON = b'{"type":"track"}'


def read(*messages: dict[str, Any], max_bytes: int = 100) -> bytes:
    queue = list(messages)

    async def receive() -> dict[str, Any]:
        if not queue:
            await asyncio.sleep(60)
        return queue.pop(0)

    return asyncio.run(read_body(receive, {}, max_bytes))


def part(content: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": content, "more_body": more}


def test_a_body_in_parts() -> None:
    assert read(part(b"ab")) == b"ab"
    assert read(part(b"ab", more=True), part(b"", more=True), part(b"c")) == b"abc"
    assert read({"type": "http.request"}) == b""


def test_a_large_body_is_read_to_its_end_before_it_is_refused() -> None:
    seen: list[int] = []

    async def receive() -> dict[str, Any]:
        seen.append(1)
        return part(b"x" * 60, more=len(seen) < 5)

    with pytest.raises(TooLarge):
        asyncio.run(read_body(receive, {}, 100))
    assert len(seen) == 5


def test_reading_ends_somewhere() -> None:
    async def receive() -> dict[str, Any]:
        return part(b"x" * 1_000_000, more=True)

    with pytest.raises(TooLarge):
        asyncio.run(read_body(receive, {}, 100))


def test_a_client_that_stops_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "READ_TIMEOUT_S", 0.05)
    with pytest.raises(TooSlow):
        read(part(b"ab", more=True))


def test_a_client_that_goes_away() -> None:
    with pytest.raises(ClientGone):
        read(part(b"ab", more=True), {"type": "http.disconnect"})


@pytest.mark.parametrize("encoding", [b"gzip", b"GZIP", b"", b"identity", b"br"])
def test_gzip_is_known_by_its_looks(encoding: bytes) -> None:
    assert inflate(gzip.compress(JSON, mtime=0), encoding, 100) == JSON
    assert inflate(JSON, encoding, 100) == JSON  # a proxy may have undone it and left the header


def test_deflate_and_strung_gzip() -> None:
    assert inflate(zlib.compress(JSON), b"deflate", 100) == JSON
    assert inflate(gzip.compress(JSON[:5], mtime=0) + gzip.compress(JSON[5:], mtime=0), b"gzip", 100) == JSON


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"0" * 50_000_000, mtime=0)
    assert len(bomb) < 60_000
    with pytest.raises(TooLarge):
        inflate(bomb, b"gzip", 4_000_000)
    with pytest.raises(TooLarge):
        inflate(gzip.compress(b"0" * 60, mtime=0) * 2, b"gzip", 100)


@pytest.mark.parametrize(
    "raw",
    [
        gzip.compress(JSON, mtime=0)[:-9],
        b"\x1f\x8b",
        b"\x1f\x8b" + b"x" * 50,
        gzip.compress(JSON, mtime=0) + b"rest",
    ],
)
def test_broken_gzip_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidEncoding):
        inflate(raw, b"gzip", 1_000)
