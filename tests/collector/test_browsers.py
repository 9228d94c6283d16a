"""What browsers need: preflight, settings, beacons, pixels; and whose address is kept."""

import base64
import json
from typing import Any

import pytest
from psycopg import Connection

from onefold.events.api import Trust, disable_source, update_source
from tests.collector.conftest import Sender, track
from tests.collector.running import RunningCollector

Conn = Connection[Any]


@pytest.mark.parametrize("path", ["/v1/t", "/v1/projects/x/settings", "/sourceConfig", "/anything", "/v1/pixel/track"])
def test_preflight_on_every_path(sender: Sender, path: str) -> None:
    answer = sender.http.options(
        path,
        headers={
            "origin": "https://shop.example.com",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,x-retry-count,x-own",
        },
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://shop.example.com"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-headers"] == "authorization,x-retry-count,x-own"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert int(answer.headers["access-control-max-age"]) > 0
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("key", ["public", "nobody's"])
def test_pages_may_read_every_answer(sender: Sender, keys: dict[str, str], key: str) -> None:
    headers = {"origin": "https://a.example", "x-write-key": keys.get(key, "pk_x")}
    answer = sender.http.post("/v1/t", json=track(), headers=headers)
    assert answer.status_code == (200 if key in keys else 401)
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert "Retry-After" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://a.example", 200), ("https://A.example", 200), ("https://b.example", 403), ("null", 403), (None, 200)],
)
def test_a_source_may_allow_certain_sites_only(
    collector: RunningCollector, sender: Sender, db: Conn, origin: str | None, status: int
) -> None:
    update_source(db, "site", {"allowed_origins": ("https://a.example",)}, acting_user="alice")
    collector.refresh()
    headers = {"origin": origin} if origin else {}
    answer = sender.post("/v1/t", track(), kind="public", **headers)
    assert answer.status_code == status
    assert len(sender.rows()) == (status == 200)
    if status == 403:
        assert answer.json()["code"] == "origin_not_allowed"


def test_settings_of_analytics_js(sender: Sender, keys: dict[str, str], collector: RunningCollector) -> None:
    document = sender.http.get(f"/v1/projects/{keys['public']}/settings").json()
    (integration,) = document["integrations"].items()
    assert integration[0] == "Segment.io"
    assert integration[1]["apiKey"] == keys["public"]
    assert integration[1]["apiHost"] == f"127.0.0.1:{collector.port}/v1"
    assert integration[1]["protocol"] == "http"
    assert document["metrics"] == {"sampleRate": 0}
    assert "segment" not in json.dumps(document).replace("Segment.io", "")
    assert sender.http.get("/v1/projects/pk_x/settings").status_code == 401


def test_source_config_of_rudderstack(
    collector: RunningCollector, sender: Sender, keys: dict[str, str], db: Conn
) -> None:
    for config in (
        sender.http.get(f"/sourceConfig/?p=npm&writeKey={keys['public']}&v=3").json(),
        sender.http.get("/sourceConfig", headers=sender.basic("public")).json(),
    ):
        assert config["source"]["writeKey"] == keys["public"]
        assert (config["source"]["enabled"], config["source"]["destinations"]) == (True, [])
    disable_source(db, "site", acting_user="alice")
    collector.refresh()
    assert not sender.http.get("/sourceConfig", headers=sender.basic("public")).json()["source"]["enabled"]


def test_a_beacon_is_plain_text_with_its_key_in_the_query(sender: Sender, keys: dict[str, str]) -> None:
    path = f"/beacon/v1/batch?writeKey={keys['public']}"
    answer = sender.http.post(path, content=json.dumps({"batch": [track()]}), headers={"content-type": "text/plain"})
    assert answer.status_code == 200
    assert sender.stored()[0][0].trust is Trust.PUBLIC


def test_pixels_store_and_always_are_a_gif(sender: Sender, keys: dict[str, str]) -> None:
    event = {"writeKey": keys["public"], "userId": "u1", "event": "Mail opened", "properties": {"subject": "Ü"}}
    data = base64.urlsafe_b64encode(json.dumps(event).encode()).decode().rstrip("=")
    flat = f"writeKey={keys['public']}&userId=u1&event=Mail+opened&properties.subject=%C3%9C"
    queries = [f"/v1/pixel/track?data={data}", f"/pixel/v1/track?{flat}", "/v1/pixel/track?data=x", "/v1/pixel/track"]
    queries += [f"/v1/pixel/track?writeKey={keys['public']}&userId=u1", "/v1/pixel/track?writeKey=pk_x&event=e"]
    for query in queries:
        answer = sender.http.get(query)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/gif"
        assert answer.content.startswith(b"GIF89a")
    good, bad = sender.stored()
    assert [json.loads(one.body)["properties"] for one in good] == [{"subject": "Ü"}] * 2
    assert [violation.reason for violation in bad] == ["no_event_name"]


@pytest.mark.parametrize(("policy", "kept"), [("keep", "127.0.0.1"), ("truncate", "127.0.0.0"), ("drop", None)])
def test_a_browsers_address_is_the_connections(
    collector: RunningCollector, sender: Sender, db: Conn, policy: str, kept: str | None
) -> None:
    update_source(db, "site", {"ip_policy": policy}, acting_user="alice")
    collector.refresh()
    sender.post("/v1/t", track(context={"ip": "6.6.6.6", "locale": "de"}), kind="public")
    sender.post("/v1/t", track(), kind="public")
    first, second = sender.bodies()
    assert first["context"].get("ip") == second["context"].get("ip") == kept
    assert first["context"]["locale"] == "de"
    assert {row.ip for row in sender.rows()} == {kept or ""}


@pytest.mark.parametrize(("policy", "kept"), [("keep", "203.0.113.77"), ("truncate", "203.0.113.0"), ("drop", None)])
def test_a_servers_word_on_its_customers_address_is_kept_as_the_policy_says(
    collector: RunningCollector, sender: Sender, db: Conn, policy: str, kept: str | None
) -> None:
    update_source(db, "shop", {"ip_policy": policy}, acting_user="alice")
    collector.refresh()
    events = [track(context={"ip": "203.0.113.77"}), track(), track(context={"x": 1})]
    escaped = json.dumps(track(context={"ip": "203.0.113.77"})).replace('"ip"', '"\\u0069p"')
    body = json.dumps({"batch": events, "context": {"ip": "203.0.113.77"}})[:-1].replace(
        '"batch": [', f'"batch": [{escaped}, '
    )
    sender.post("/v1/batch", (body + "}").encode())
    assert [one["context"].get("ip") for one in sender.bodies()] == [kept] * 4
    assert b"203.0.113.77" not in sender.rows()[0].body or policy == "keep"


def test_an_event_marked_direct_has_the_connections_address(sender: Sender) -> None:
    sender.post("/v1/batch", {"batch": [track(context={"direct": True, "ip": "6.6.6.6"}), track(context={})]})
    assert [one["context"].get("ip") for one in sender.bodies()] == ["127.0.0.1", None]
