"""The tracking API from outside, on a real server and database: paths, keys, answers, bounds, counters."""

import base64
import gzip
import json
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from psycopg import Connection

from onefold.config import CollectorSettings, Settings
from onefold.events.api import (
    Grant,
    NewSource,
    PostgresLog,
    Trust,
    create_key,
    create_source,
    disable_key,
    disable_source,
    list_keys,
    rotate_key,
    update_source,
)
from tests.collector.conftest import Sender, track
from tests.collector.running import RunningCollector, running

Conn = Connection[Any]
CALLS = {
    "identify": {"userId": "u", "traits": {"email": "a@b.c"}},
    "track": {"userId": "u", "event": "e"},
    "page": {"userId": "u", "name": "n"},
    "screen": {"userId": "u", "name": "n"},
    "group": {"userId": "u", "groupId": "g"},
    "alias": {"userId": "u", "previousId": "p"},
}


def outcomes(db: Conn, slug: str) -> dict[str, int]:
    rows = db.execute(
        "select outcome, sum(n)::int from source_count c join source s on s.id = c.source_id where slug = %s"
        " group by outcome",
        [slug],
    ).fetchall()
    return dict(rows)


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("shape", ["/v1/{}", "/{}/", "/api/s/{}", "/api/s/s2s/{}"])
def test_single_calls_take_their_type_from_the_path(sender: Sender, kind: str, shape: str) -> None:
    answer = sender.post(shape.format(kind), CALLS[kind])
    assert answer.status_code == 200
    assert [body["type"] for body in sender.bodies()] == [kind]


def test_the_answer_has_the_keys_of_every_dialect(sender: Sender) -> None:
    good = {"success": True, "ok": True, "receivedEvents": 1, "okEvents": 1, "errors": []}
    assert sender.post("/v1/track", track()).json() == good
    assert sender.post("/api/s/track", track()).json() == good | {"destinations": []}


def test_a_bad_event_is_told_and_the_others_go_on(sender: Sender) -> None:
    events = [track(messageId="a"), track(messageId="b", userId=None), track(messageId="c"), 7]
    answer = sender.post("/v1/batch", {"batch": events})
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "ok": False,
        "receivedEvents": 4,
        "okEvents": 2,
        "errors": [
            {
                "index": 1,
                "code": "no_user_anon_id",
                "message": "The event needs a userId or an anonymousId.",
                "messageId": "b",
            },
            {
                "index": 3,
                "code": "not_an_object",
                "message": "An event must be a JSON object; this is a number.",
                "messageId": "",
            },
        ],
    }
    good, bad = sender.stored()
    assert [event.message_id for event in good] == ["a", "c"]
    assert [violation.reason for violation in bad] == ["no_user_anon_id", "not_an_object"]


def test_a_stored_row_says_where_it_came_from(sender: Sender) -> None:
    before = time.time_ns() // 1000
    sender.post("/v1/batch", {"batch": [track(), track(messageId="m2")], "sentAt": "2026-01-01T00:00:00Z"})
    (row,) = sender.rows()
    assert (row.lane, row.trust, row.n, row.ip) == (0, Trust.SECRET, 2, "127.0.0.1")
    assert row.user_agent.startswith("python-httpx")
    assert before <= row.received_at <= time.time_ns() // 1000
    assert json.loads(row.body) == {"batch": [track(), track(messageId="m2")], "sentAt": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("header", "key_in_body", "query"),
    [
        ("basic", False, False),
        ("basic without colon", False, False),
        ("x-write-key", False, False),
        ("jitsu", False, False),
        ("bearer", False, False),
        ("", True, False),
        ("", False, True),
        ("wrong", True, False),
    ],
)
def test_a_key_may_come_in_many_ways(
    sender: Sender, keys: dict[str, str], header: str, key_in_body: bool, query: bool
) -> None:
    key = keys["secret"]
    headers = {
        "": {},
        "basic": {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()},
        "basic without colon": {"authorization": "Basic " + base64.b64encode(key.encode()).decode()},
        "x-write-key": {"x-write-key": key},
        "jitsu": {"x-write-key": f"kid:{key}"},
        "bearer": {"authorization": f"Bearer {key}"},
        "wrong": {"authorization": "Bearer of-some-oauth"},
    }[header]
    body = {"batch": [track()]} | ({"writeKey": key} if key_in_body else {})
    path = "/v1/batch" + (f"?writeKey={key}" if query else "")
    assert sender.http.post(path, json=body, headers=headers).status_code == 200
    assert key.encode() not in sender.rows()[0].body


def test_a_key_in_the_event_itself_is_found_and_hidden(sender: Sender, keys: dict[str, str]) -> None:
    event = track(writeKey=keys["secret"])
    assert sender.http.post("/v1/track", json=event).status_code == 200
    assert sender.http.post("/v1/batch", json={"batch": [event]}).status_code == 200
    assert [body["writeKey"] for body in sender.bodies()] == ["***", "***"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "missing_write_key"), ({"x-write-key": "pk_wrong"}, "invalid_write_key"), ({"x-write-key": "ÿ"}, None)],
)
def test_without_a_good_key_nothing_is_stored(sender: Sender, headers: dict[str, str], code: str | None) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = sender.http.post("/v1/track", json=track(), headers=raw)
    assert answer.status_code == 401
    assert answer.json()["code"] == (code or "invalid_write_key")
    assert answer.json()["message"]
    assert sender.rows() == []


def test_a_key_that_was_made_a_moment_ago_works_at_once(sender: Sender, db: Conn) -> None:
    create_source(db, NewSource(slug="new", name="New", kind="server"), acting_user="alice")
    key = create_key(db, "new", kind="secret", acting_user="alice").text
    assert sender.http.post("/v1/track", json=track(), headers={"x-write-key": key}).status_code == 200


def test_a_disabled_key_and_a_disabled_source_are_refused(
    collector: RunningCollector, sender: Sender, db: Conn
) -> None:
    source_id, key_id = db.execute("select source_id, id from source_key where kind = 'secret'").fetchone() or (0, 0)
    new = rotate_key(db, key_id, grace=timedelta(hours=1), acting_user="alice")
    assert sender.post("/v1/track", track()).status_code == 200  # the grace
    disable_key(db, key_id, acting_user="alice")
    collector.refresh()
    answer = sender.post("/v1/track", track())
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_write_key")
    sender.keys["secret"] = new.text
    assert sender.post("/v1/track", track()).status_code == 200
    disable_source(db, "shop", acting_user="alice")
    collector.refresh()
    answer = sender.post("/v1/track", track())
    assert (answer.status_code, answer.json()["code"]) == (404, "source_disabled")
    assert list_keys(db, source_id)


def test_a_reading_key_may_not_write(sender: Sender, db: Conn) -> None:
    key = create_key(db, "shop", kind="secret", scopes=["read"], acting_user="alice").text
    answer = sender.http.post("/v1/track", json=track(), headers={"x-write-key": key})
    assert (answer.status_code, answer.json()["code"]) == (403, "key_may_not_write")
    internal = create_key(db, "onefold", kind="secret", scopes=["admin"], acting_user="alice").text
    assert sender.http.post("/v1/track", json=track(), headers={"x-write-key": internal}).status_code == 403
    assert sender.rows() == []


@pytest.mark.parametrize("event", [{"type": "link", "rule": "never", "a": ["email", "a"], "b": ["email", "b"]},
                                   {"type": "retract", "source": "shop", "messageIds": ["m"]}])  # fmt: skip
def test_onefolds_own_events_are_not_taken_from_outside(sender: Sender, event: dict[str, Any]) -> None:
    answer = sender.post("/v1/batch", {"batch": [event]})
    assert answer.json()["errors"][0]["code"] == "type_unknown"
    assert sender.stored()[0] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b'{"batch":[{}', 400, "invalid_json"),
        (b"[]", 400, "invalid_batch"),
        (b"null", 400, "invalid_batch"),
        (b"{}", 400, "invalid_batch"),
        (b'{"batch":[]}', 400, "invalid_batch"),
        (b'{"batch":{}}', 400, "invalid_batch"),
        (b'{"batch":null}', 400, "invalid_batch"),
        (b'{"batch":[' + b",".join([b"{}"] * 2_501) + b"]}", 400, "too_many_events"),
        (b"x" * 512_001, 413, "request_too_large"),
        (gzip.compress(b" " * 4_000_001, mtime=0), 413, "request_too_large"),
        (gzip.compress(b"{}", mtime=0)[:-5], 400, "invalid_encoding"),
    ],
)
def test_a_request_that_can_not_be_used_is_answered_clearly(
    sender: Sender, body: bytes, status: int, code: str
) -> None:
    answer = sender.post("/v1/batch", body)
    assert answer.status_code == status
    assert answer.json() == {"success": False, "ok": False, "code": code, "message": answer.json()["message"]}
    assert answer.json()["message"].endswith(".")
    assert sender.rows() == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "image/png", ""])
def test_any_content_type_will_do(sender: Sender, content_type: str) -> None:
    answer = sender.post("/v1/track", track(), **{"content-type": content_type})
    assert answer.status_code == 200


def test_gzip_and_chunks(sender: Sender) -> None:
    body = json.dumps({"batch": [track()]}).encode()
    assert sender.post("/v1/batch", gzip.compress(body, mtime=0), **{"content-encoding": "gzip"}).status_code == 200
    chunks = (body[start : start + 7] for start in range(0, len(body), 7))
    assert sender.http.post("/v1/batch", content=chunks, headers=sender.basic()).status_code == 200
    assert [row.n for row in sender.rows()] == [1, 1]


def test_an_import_goes_to_the_bulk_lane(collector: RunningCollector, sender: Sender, db: Conn) -> None:
    sender.post("/v1/import", {"batch": [track()]})
    update_source(db, "site", {"lane": 1}, acting_user="alice")
    collector.refresh()
    sender.post("/v1/batch", {"batch": [track()]}, kind="public")
    assert [row.lane for row in sender.rows()] == [1, 1]


def test_metrics_of_browser_libraries_are_taken_and_dropped(sender: Sender) -> None:
    assert sender.http.post("/v1/m", content=b'{"series":[{"type":"Counter"}]}').status_code == 200
    assert sender.rows() == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/track", 405, "method_not_allowed"),
        ("PUT", "/v1/batch", 405, "method_not_allowed"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("POST", "/v1/purchase", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
    ],
)
def test_other_paths_and_methods(sender: Sender, method: str, path: str, status: int, code: str) -> None:
    answer = sender.http.request(method, path, headers=sender.basic())
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_change_reaches_the_collector_by_itself(sender: Sender, db: Conn) -> None:
    disable_source(db, "shop", acting_user="alice")
    for _ in range(250):
        if sender.post("/v1/track", track()).status_code == 404:
            return
        time.sleep(0.02)
    raise AssertionError("the collector never heard of it")


def test_the_rate_limit_says_when_to_come_again(collector: RunningCollector, sender: Sender, db: Conn) -> None:
    update_source(db, "shop", {"rate_limit": 5}, acting_user="alice")
    collector.refresh()
    answers = [sender.post("/v1/batch", {"batch": [track()] * 10}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    refused = answers[1]
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 2
    assert int(refused.headers["x-ratelimit-reset"]) >= time.time() - 1
    assert sender.post("/v1/track", track(), kind="public").status_code == 200  # another source is not held up
    time.sleep(int(refused.headers["retry-after"]))
    assert sender.post("/v1/track", track()).status_code == 200
    assert sum(row.n for row in sender.rows()) == 12


def test_a_full_queue_is_503_with_retry_after(settings: Settings, keys: dict[str, str]) -> None:
    assert settings.database.url is not None
    url = settings.database.url.reveal()
    with running(PostgresLog(url), CollectorSettings(max_queued_bytes=2_000), url) as collector:
        answer = httpx.post(
            f"{collector.base}/v1/track",
            json=track(properties={"x": "y" * 2_000}),
            headers={"x-write-key": keys["secret"]},
        )
    assert (answer.status_code, answer.json()["code"]) == (503, "queue_full")
    assert int(answer.headers["retry-after"]) >= 1


def test_what_came_is_counted_by_source(collector: RunningCollector, sender: Sender, db: Conn) -> None:
    sender.post("/v1/batch", {"batch": [track(), track(userId=None)]})
    sender.post("/v1/track", track(), kind="public")
    update_source(db, "site", {"allowed_origins": ("https://a.example",)}, acting_user="alice")
    collector.refresh()
    assert sender.post("/v1/t", track(), kind="public", origin="https://b.example").status_code == 403
    sender.http.post("/v1/track", json=track())
    collector.stop()
    assert outcomes(db, "shop") == {"received": 2}
    assert outcomes(db, "site") == {"received": 1, "rejected:origin_not_allowed": 1}
    assert collector.counters.refused_without_source == 1
    used = db.execute("select count(*) from source_key where last_used_at is not null").fetchone()
    assert used == (2,)


def test_nothing_is_counted_when_nothing_comes(collector: RunningCollector, db: Conn) -> None:
    collector.stop()
    assert db.execute("select count(*) from source_count").fetchone() == (0,)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health(sender: Sender, method: str) -> None:
    sender.post("/v1/track", track())
    answer = sender.http.request(method, "/health")
    assert answer.status_code == 200
    if method == "GET":
        facts = answer.json()
        assert facts["status"] == "ok"
        assert (facts["queued_requests"], facts["queued_bytes"], facts["last_fault"]) == (0, 0, "")


class BrokenDirectory:
    """Has a defect."""

    is_up = True

    async def find(self, key: str) -> Grant | None:
        raise ZeroDivisionError(key)


def test_a_defect_of_ours_is_a_500_that_says_nothing_of_it(settings: Settings, db: Conn) -> None:
    assert settings.database.url is not None
    event_log = PostgresLog(settings.database.url.reveal())
    with running(event_log, settings.collector, directory=BrokenDirectory()) as collector:
        answer = httpx.post(f"{collector.base}/v1/track", json=track(), headers={"x-write-key": "pk_x"})
        assert (answer.status_code, answer.json()["code"]) == (500, "broken")
        assert "ZeroDivision" not in answer.text
        assert httpx.get(f"{collector.base}/health").status_code == 200
