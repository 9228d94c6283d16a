"""What nine real clients sent, replayed: each is answered as it expects, and every event is kept once."""

import base64
import gzip
import json
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from onefold.events.api import Flag, Kind
from tests.collector.conftest import Sender

RECORDINGS = Path(__file__).parent.parent.parent.parent / "shared" / "recordings"
CLIENTS = [
    "jitsu_browser", "jitsu_node", "rudder_browser", "rudder_node", "rudder_python",
    "segment_browser_npm", "segment_browser_snippet", "segment_node", "segment_python",
]  # fmt: skip
DROPPED_HEADERS = ("host", "content-length", "connection", "accept-encoding")


def recording(client: str) -> list[dict[str, Any]]:
    path = RECORDINGS / f"{client}.json"
    if not path.exists():
        reason = f"NOT TESTED against {client}: there is no {path}"
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(reason, stacklevel=2)
        pytest.skip(reason)
    requests: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return requests


def with_our_key(text: str, key: str) -> str:
    return text.replace("kid:secret", f"kid:{key}").replace("V0s6", base64.b64encode(f"{key}:".encode()).decode())


def replay(sender: Sender, request: dict[str, Any], key: str) -> Any:
    """Sends it again, with a key that we know, and holds what is common to all answers."""
    headers = {
        name: with_our_key(value, key)
        for name, value in request["headers"].items()
        if name.lower() not in DROPPED_HEADERS
    }
    path = request["path"].replace("writeKey=WK", f"writeKey={key}").replace("/projects/WK/", f"/projects/{key}/")
    body = b""
    if request["body"]:
        text = request["body"] if isinstance(request["body"], str) else json.dumps(request["body"])
        body = text.replace('"writeKey": "WK"', f'"writeKey": "{key}"').encode()
    if request["body_encoding"] == "gzip":
        body = gzip.compress(body, mtime=0)
    answer = sender.http.request(request["method"], path, content=body, headers=headers)
    if request["method"] == "OPTIONS":
        assert answer.status_code == 204
        asked = request["headers"]["Access-Control-Request-Headers"]
        assert answer.headers["access-control-allow-headers"] == asked
    else:
        assert answer.status_code == 200, (path, answer.text)
    if "Origin" in request["headers"]:
        assert answer.headers["access-control-allow-origin"] == request["headers"]["Origin"]
        assert answer.headers["access-control-allow-credentials"] == "true"
    return answer


def sent_events(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    bodies = [request["body"] for request in requests if request["method"] == "POST"]
    return [event for body in bodies for event in body.get("batch", [body])]


@pytest.mark.parametrize("kind", ["public", "secret"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_recorded_client_is_understood(sender: Sender, keys: dict[str, str], client: str, kind: str) -> None:
    requests = recording(client)
    for request in requests:
        answer = replay(sender, request, keys[kind])
        if request["method"] == "POST":
            said = answer.json()
            assert (said["success"], said["ok"], said["errors"]) == (True, True, [])
            assert ("destinations" in said) == ("/api/s/" in request["path"])
        elif request["method"] == "GET":
            assert set(request["answered"]["body"]) <= set(answer.json())  # as much as the client was once content with
    good, bad = sender.stored()
    assert bad == []
    sent = sent_events(requests)
    assert sorted(event.message_id for event in good) == sorted(event["messageId"] for event in sent)
    assert Counter(Kind(event.kind).name.lower() for event in good) == Counter(event["type"] for event in sent)


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_recorded_client_said_of_a_person_is_read(
    sender: Sender, keys: dict[str, str], client: str, db: Connection[Any]
) -> None:
    requests = recording(client)
    for request in requests:
        if request["method"] == "POST":
            replay(sender, request, keys["secret"])
    by_id = {event["messageId"]: event for event in sent_events(requests)}
    for event in sender.stored()[0]:
        sent = by_id[event.message_id]
        assert event.user_id == (sent.get("userId") or None)
        assert event.anonymous_id == (sent.get("anonymousId") or None)
        assert event.group_id == sent.get("groupId")
        assert event.ts <= event.received_at
        assert not event.flags & Flag.TIME_CLAMPED
        if event.kind is Kind.IDENTIFY:
            assert event.email == "a@ex.com"
            assert json.loads(bytes(event.traits)) == {"email": "a@ex.com"}
        if event.kind is Kind.TRACK:
            assert event.name == sent["event"]
        body = json.loads(event.body)
        assert {name: body[name] for name in ("properties", "traits") if name in body} == {
            name: sent[name] for name in ("properties", "traits") if name in sent
        }
