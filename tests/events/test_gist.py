"""The gist of an event says of its sender all that the event says, to the same code."""

import ast
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onefold.events import gist as gists
from onefold.events.api import (
    INTERNAL_SOURCE,
    Decoded,
    Kind,
    decode_accepted,
    decode_request,
    gists_of,
    readable,
    stands_alone,
    views_of,
)
from tests.events.rows import decoded, row
from tests.events.test_decode_properties import SCALARS, mapping

EVENTS_PY: Final = Path(gists.__file__).parent
SAME: Final = (
    "source_id", "trust", "flags", "user_id", "anonymous_id", "previous_id", "email", "phone", "device_id",
    "advertising_id", "external_ids", "traits", "consents",
)  # fmt: skip
"""Of what an event says, what identity, profiles, companies and the consent ledger are made of."""
OF_NO_CONCERN: Final = {
    "type", "event", "name", "properties", "path", "page", "purposes",  # in columns of their own, or counted beside it
    "sentAt", "messageId", "timestamp", "originalTimestamp", "userAgent",  # decided at the receipt
    "rule", "a", "b", "source", "messageIds", "request",  # of events that stand alone
    "id", "advertisingId",  # within objects that are kept whole
    "categoryPreferences", "allowedConsentIds", "deniedConsentIds",
}  # fmt: skip

JSON = SCALARS | st.sampled_from([[], [1, "x"], {}, {"id": "x", "type": "email"}, {"path": "/e"}])
IDS = st.sampled_from(["u1", "", "A@B.ro", "é", 7, 2**64 - 1, 1e3, 0.1, None])
SPACES = st.sampled_from(["", "shop", "No space", 7, None])
DEVICE = mapping(("id", "advertisingId"), {"id": IDS}) | JSON
EXTERNAL = st.lists(mapping(("id", "type"), {"id": IDS, "type": st.sampled_from(["email", "x"])}), max_size=3) | JSON
CONTACTS = st.dictionaries(st.sampled_from(["email", "phone", "plan", "x"]), IDS | JSON, max_size=4)
PREFERENCES = st.dictionaries(st.sampled_from(["ads", "E-mail", "analytics2"]), st.booleans() | JSON, max_size=3)
DENIED = st.just(["ads", 1])
CONSENT = st.fixed_dictionaries({"categoryPreferences": PREFERENCES}) | JSON
CONTEXT = mapping(
    ("traits", "device", "externalIds", "externalId", "consent", "consentManagement", "page", "locale"),
    {
        "traits": CONTACTS, "device": DEVICE, "externalIds": EXTERNAL, "externalId": EXTERNAL, "consent": CONSENT,
        "consentManagement": st.fixed_dictionaries({"allowedConsentIds": JSON, "deniedConsentIds": DENIED}),
        "page": mapping(("path",), {"path": st.sampled_from(["/a?b", "#x", ""]) | JSON}) | JSON,
    },
)  # fmt: skip
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(["identify", "Track", "page", "screen", "group", "alias"])},
    optional={
        "event": st.sampled_from(["Seen", "Consent Updated", "Order Completed"]), "name": JSON,
        "userId": IDS, "anonymousId": IDS, "previousId": IDS, "groupId": IDS, "space": SPACES, "traits": CONTACTS,
        "context": CONTEXT,
        "properties": mapping(("path", "purposes", "x"), {"path": st.sampled_from(["/c", "/c?d"]) | JSON}),
        "more": JSON,
    },
)  # fmt: skip


def gist_of(event: Decoded) -> tuple[Decoded, str]:
    """What the gist of an accepted event decodes to, and its page."""
    if event.kind in (Kind.PAGE, Kind.SCREEN):
        (gist,), (page,) = views_of([event.name], [event.body])
    else:
        (gist,), page = gists_of(event.kind, [event.body], is_internal=event.source_id == INTERNAL_SOURCE), ""
    kind = event.kind if event.kind is not Kind.TRACK or event.source_id == INTERNAL_SOURCE else Kind.PAGE
    body = readable(kind, gist)
    stored = msgspec.structs.replace(row(body, source_id=event.source_id), received_at=event.received_at)
    return decode_accepted(stored, id_=event.id, message_id="", ts=event.ts, flags=event.flags), page


def check(event: Decoded) -> None:
    found, page = gist_of(event)
    assert {name: getattr(found, name) for name in SAME} == {name: getattr(event, name) for name in SAME}
    assert page == event.page
    is_own = event.source_id == INTERNAL_SOURCE
    if event.kind is Kind.GROUP or (is_own and event.kind is Kind.TRACK):
        names = ("group_id", "space", "is_of_company")
        assert {name: getattr(found, name) for name in names} == {name: getattr(event, name) for name in names}
    as_kind = {Kind.SCREEN: Kind.PAGE} if is_own else {Kind.TRACK: Kind.PAGE, Kind.SCREEN: Kind.PAGE}
    assert found.kind is as_kind.get(event.kind, event.kind)
    assert len(found.body) <= len(event.body) + len(b'"type":"identify",')


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first few
@given(st.lists(EVENT, min_size=1, max_size=3), st.sampled_from((INTERNAL_SOURCE, 7)))
def test_a_gist_says_what_the_event_says(events: list[dict[str, Any]], source_id: int) -> None:
    good, _ = decode_request(row({"batch": events}, source_id=source_id))
    for event in good:
        if not stands_alone(event.kind, event.name):
            check(event)


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"track","event":"A","userId":"first","userId":"last"}',
        b'{"type":"track","event":"A","user\\u0049d":"u1","context":{},"context":{"device":{"id":"a","id":"b"}}}',
        b'{"type":"identify","userId":1e3,"traits":{"email":"a@b.ro","email":null,"huge":1e308,"n":-0.0}}',
        b'{"type":"page","userId":12345678901234567890,"context":{"traits":{"email":"\\ud83d\\ude00@b.ro"},"page":7}}',
        b'{ "type" : "group" , "groupId":"g", "anonymousId" : 7 , "traits":{"email":"of@the.firm"},\n"context":null}',
    ],
)
def test_json_that_parsers_read_differently_has_one_reading(body: bytes) -> None:
    ((event,), bad) = decode_request(row(b'{"batch":[%s]}' % body))
    assert not bad
    check(event)


def test_what_differs_only_in_properties_or_time_has_one_gist() -> None:
    events = [
        decoded({"type": "track", "event": name, "userId": "u1", "timestamp": at, "properties": {"n": n}})
        for n, (name, at) in enumerate((("A", "2026-01-01"), ("B", "2026-02-01"), ("A", "2026-03-01")))
    ]
    assert len(set(gists_of(Kind.TRACK, [event.body for event in events]))) == 1


def test_every_field_that_decode_reads_is_in_the_gist_or_of_no_concern() -> None:
    """Who lets `decode` read another field says here what becomes of it."""
    assert _fields_read() - _fields_kept() == OF_NO_CONCERN


def _fields_read() -> set[str]:
    """Every text by which the decoder gets something out of an object."""
    found = set()
    for name in ("decode.py", "fields.py", "consent.py", "internal.py", "times.py"):
        for node in ast.walk(ast.parse((EVENTS_PY / name).read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                place = {"get": 0, "object_of": 1, "identifier_of": 1}.get(called)
                texts = node.args[place : place + 1] if place is not None else []
            elif isinstance(node, ast.Subscript):
                texts = [node.slice]
            else:
                continue
            found |= {text.value for text in texts if isinstance(text, ast.Constant) and isinstance(text.value, str)}
    return found


def _fields_kept() -> set[str]:
    """Of all forms of a gist."""
    forms = (gists._Plain, gists._Context, gists._Contacts, gists._Fact, gists._Group, gists._Identify)
    return {name for form in forms for name in form.__struct_fields__}
