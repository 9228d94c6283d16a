"""The cookie that the collector sets: only where it is wanted, read by no script, an identifier once it comes back."""

from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest
from psycopg import Connection

from onefold.events.api import SourceRejected, update_source
from tests.collector.conftest import Sender, track
from tests.collector.running import RunningCollector

OURS = {"sec-fetch-site": "same-site", "origin": "https://shop.example"}


@pytest.fixture
def wanted(collector: RunningCollector, db: Connection[Any]) -> None:
    update_source(db, "site", {"id_cookie": True}, acting_user="alice")
    collector.refresh()


def sent(sender: Sender, **headers: str) -> httpx.Response:
    answer = sender.post("/v1/t", track(userId=None, anonymousId="a1"), kind="public", **headers)
    assert answer.status_code == 200, answer.text
    sender.http.cookies.clear()  # tests say themselves what a browser sends
    return answer


def devices(sender: Sender) -> list[str | None]:
    return [event.device_id for event in sender.stored()[0]]


@pytest.mark.usefixtures("wanted")
def test_an_id_counts_when_it_comes_back(sender: Sender) -> None:
    first = sent(sender, **OURS)
    (morsel,) = SimpleCookie(first.headers["set-cookie"]).values()
    assert (morsel.key, morsel["httponly"], morsel["samesite"], morsel["path"]) == ("of_id", True, "Lax", "/")
    assert morsel["max-age"] == str(395 * 86_400)
    assert not morsel["domain"]
    again = sent(sender, cookie=f"theme=dark; of_id={morsel.value}", **OURS)
    assert f"of_id={morsel.value};" in again.headers["set-cookie"]
    assert devices(sender) == [None, f"of-{morsel.value}"]


def test_nothing_is_set_unless_the_source_wants_it(sender: Sender) -> None:
    answer = sent(sender, cookie="of_id=0123456789abcdefghijkl", **OURS)
    assert "set-cookie" not in answer.headers
    assert devices(sender) == [None]


@pytest.mark.usefixtures("wanted")
@pytest.mark.parametrize(
    "headers",
    [OURS | {"sec-gpc": "1"}, OURS | {"sec-fetch-site": "cross-site"}, {"origin": "https://shop.example"}, {}],
    ids=["privacy control", "another site", "an old browser", "no browser"],
)
def test_nothing_is_set_or_read_for_who_did_not_choose_us(sender: Sender, headers: dict[str, str]) -> None:
    answer = sent(sender, cookie="of_id=0123456789abcdefghijkl", **headers)
    assert "set-cookie" not in answer.headers
    assert devices(sender) == [None]


@pytest.mark.usefixtures("wanted")
def test_what_is_no_id_of_ours_is_replaced(sender: Sender) -> None:
    answer = sent(sender, cookie="of_id=<script>; x_of_id=0123456789abcdefghijkl", **OURS)
    assert "script" not in answer.headers["set-cookie"]
    assert devices(sender) == [None]


@pytest.mark.usefixtures("wanted")
def test_nothing_is_set_when_the_event_denies_analytics(sender: Sender) -> None:
    consent = {"consent": {"categoryPreferences": {"analytics": False}}}
    answer = sender.post("/v1/t", track(anonymousId="a1", context=consent), kind="public", **OURS)
    assert answer.json()["errors"][0]["code"] == "consent_denied"
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("wanted")
def test_an_events_own_device_stays(sender: Sender) -> None:
    event = track(anonymousId="a1", context={"device": {"id": "PHONE-1"}})
    sender.post("/v1/t", event, kind="public", cookie="of_id=0123456789abcdefghijkl", **OURS)
    assert devices(sender) == ["PHONE-1"]


@pytest.mark.usefixtures("wanted")
def test_the_library_is_told_to_send_the_cookie(sender: Sender, keys: dict[str, str]) -> None:
    document = sender.http.get(f"/v1/projects/{keys['public']}/settings").json()
    config = document["integrations"]["Segment.io"]["deliveryStrategy"]["config"]
    assert config == {"keepalive": True, "credentials": "include"}


def test_only_browsers_have_cookies(db: Connection[Any], keys: dict[str, str]) -> None:
    assert keys
    with pytest.raises(SourceRejected, match="id_cookie"):
        update_source(db, "shop", {"id_cookie": True}, acting_user="alice")
