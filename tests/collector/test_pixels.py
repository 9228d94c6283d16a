"""Events in addresses of pixels."""

import base64
import json
from urllib.parse import quote

import pytest

from onefold.programs.collector.pixels import event_in_query
from onefold.programs.collector.refusals import InvalidJson

EVENT = {"event": "Open", "userId": "u?>", "properties": {"subject": "Grüße ÿ"}}
RAW = json.dumps(EVENT, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "data",
    [
        base64.b64encode(RAW).decode(),
        base64.urlsafe_b64encode(RAW).decode(),
        base64.urlsafe_b64encode(RAW).decode().rstrip("="),
    ],
)
@pytest.mark.parametrize("is_quoted", [True, False])
def test_data_is_base64_of_any_kind(data: str, is_quoted: bool) -> None:
    assert json.loads(event_in_query(f"data={quote(data) if is_quoted else data}".encode())) == EVENT


def test_flat_fields_have_dotted_names() -> None:
    query = b"writeKey=k&event=Open&userId=u1&properties.subject=Gr%C3%BC%C3%9Fe&properties.campaign.name=x&a.b=1&a=2"
    assert json.loads(event_in_query(query)) == {
        "writeKey": "k",
        "event": "Open",
        "userId": "u1",
        "properties": {"subject": "Grüße", "campaign": {"name": "x"}},
        "a": {"b": "1"},
    }


def test_a_name_used_twice_keeps_the_first() -> None:
    assert json.loads(event_in_query(b"a=1&a.b=2&a=3")) == {"a": "1"}


def test_depth_is_bounded() -> None:
    text = event_in_query(b".".join([b"a"] * 5_000) + b"=1")
    assert text.count(b"{") <= 12


@pytest.mark.parametrize("query", [b"data=AAAAA", b"&".join([b"a=1"] * 501)])
def test_nonsense_is_refused(query: bytes) -> None:
    with pytest.raises(InvalidJson):
        event_in_query(query)
