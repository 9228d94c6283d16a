"""POST /api/sql."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, override_settings

from onefold.config import Settings
from tests.web.conftest import Shop, track


@pytest.fixture(autouse=True)
def _lake(shop: Shop, settings: Settings) -> Iterator[None]:
    shop.send(track("m-1", properties={"total": 12.5}), track("m-2"))
    with override_settings(ONEFOLD=settings):
        yield


def post(client: Client, **body: Any) -> Any:
    return client.post("/api/sql", json.dumps(body), "application/json")


def told(answer: Any) -> Any:
    """What a streamed answer says."""
    return json.loads(b"".join(answer.streaming_content))


def test_rows_with_their_columns_and_how_fresh_they_are(robot: Client) -> None:
    answer = told(post(robot, sql="select name, count(*) as n, max(profile_id) > 0 as b from events group by all"))
    assert answer["columns"] == [
        {"name": "name", "type": "VARCHAR"}, {"name": "n", "type": "BIGINT"}, {"name": "b", "type": "BOOLEAN"},
    ]  # fmt: skip
    assert answer["rows"][0][:2] == ["Bought", 2]
    assert (answer["row_count"], answer["is_cut"], answer["position"]) == (1, False, 0)
    assert answer["fresh_until"].endswith("+00:00")
    cut = told(post(robot, sql="from events", limit=1))
    assert (len(cut["rows"]), cut["is_cut"]) == (1, True)


def test_files(robot: Client) -> None:
    csv = post(robot, sql="select 1 as a", format="csv")
    assert (b"".join(csv.streaming_content), csv["Content-Type"]) == (b'"a"\n1\n', "text/csv; charset=utf-8")
    parquet = post(robot, sql="select 1 as a", format="parquet")
    assert b"".join(parquet.streaming_content).startswith(b"PAR1")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"sql": "selec 1"}, 400, "sql_invalid"),
        ({"sql": "from read_text('/etc/passwd')"}, 400, "sql_invalid"),
        ({"sql": "select repeat('x', 3000000000)"}, 400, "sql_too_much"),
        ({"sql": ""}, 400, "sql_invalid"),
        ({"sql": "x" * 60_000}, 422, "request_invalid"),
        ({"sql": "select 1", "limit": 0}, 422, "request_invalid"),
        ({"sql": "select 1", "format": "xml"}, 422, "request_invalid"),
        ({}, 422, "request_invalid"),
    ],
)
def test_what_is_wrong_is_told(body: Any, status: int, code: str, robot: Client) -> None:
    answer = post(robot, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_fault_names_its_place(robot: Client) -> None:
    assert post(robot, sql="select 1\nfrom evnts").json()["message"] == (
        "Line 2, column 6: There is no table “evnts”. Did you mean events?"
    )


def test_a_key_needs_the_scope(shop: Shop, transactional_users: Any) -> None:
    from onefold.accounts.api_keys import create_api_key

    def key(user: Any, *scopes: str) -> Client:
        made = create_api_key(user, name="x", scopes=scopes, days=30, acting_user="test")
        return Client(headers={"authorization": f"Bearer {made.text}"})

    alice, bob = transactional_users("alice", is_admin=True), transactional_users("bob", is_admin=False)
    assert "the scope sql" in post(key(alice, "read", "edit"), sql="select 1").json()["message"]
    assert post(key(bob, "sql"), sql="select 1").status_code == 403
    masked = told(post(key(alice, "sql"), sql="select max(user_id), count(*) from events"))
    assert masked["rows"] == [[None, 2]]
    shown = told(post(key(alice, "sql", "personal_data"), sql="select max(user_id), count(*) from events"))
    assert shown["rows"] == [["1", 2]]
    reader = Client(headers={"authorization": f"Bearer {shop.new_key('back-end', 'read')}"})
    assert post(reader, sql="select 1").status_code == 403
