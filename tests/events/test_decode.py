"""One event at a time: what is read from it, and for what it is refused."""

import json
from typing import Any, Final

import msgspec
import pytest

from onefold.events.api import Decoded, Flag, Kind, LogRow, Reason, Trust, decode_accepted, decode_each, decode_request
from onefold.events.limits import Limits
from onefold.kernel.hashing import event_id
from tests.events.rows import RECEIVED, decoded, refused, row, track

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"


def test_everything_of_an_event_is_read() -> None:
    event = track(
        anonymousId="a1",
        context={
            "traits": {"email": "ada@example.com", "phone": 491234567},
            "device": {"id": "d1", "advertisingId": "ad1"},
            "externalIds": [{"id": "x1", "type": "crm:id", "collection": "users", "encoding": "none"}],
            "userAgent": CHROME,
        },
        timestamp="2026-11-22T02:46:42Z",
    )
    assert decoded(event) == Decoded(
        id=event_id(2, "m1"),
        source_id=2,
        kind=Kind.TRACK,
        name="Order Completed",
        ts=RECEIVED - 551_000,
        received_at=RECEIVED,
        trust=Trust.PUBLIC,
        flags=0,
        message_id="m1",
        user_id="u1",
        anonymous_id="a1",
        previous_id=None,
        group_id=None,
        email="ada@example.com",
        phone="491234567",
        device_id="d1",
        advertising_id="ad1",
        external_ids=(("crm:id", "x1"),),
        traits=msgspec.Raw(),
        body=json.dumps(event).encode(),
    )


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (None, Reason.NOT_AN_OBJECT),
        (7, Reason.NOT_AN_OBJECT),
        ([track()], Reason.NOT_AN_OBJECT),
        ("track", Reason.NOT_AN_OBJECT),
        ({}, Reason.TYPE_UNKNOWN),
        (track(type=None), Reason.TYPE_UNKNOWN),
        (track(type=["track"]), Reason.TYPE_UNKNOWN),
        (track(type="purchase"), Reason.TYPE_UNKNOWN),
        (track(type="link", rule="never", a=["email", "a"], b=["email", "b"]), Reason.TYPE_UNKNOWN),
        (track(type="retract", source=2, messageIds=["m"]), Reason.TYPE_UNKNOWN),
        (track(userId=None), Reason.NO_IDENTIFIER),
        (track(userId=""), Reason.NO_IDENTIFIER),
        (track(userId=None, context={"externalIds": []}), Reason.NO_IDENTIFIER),
        (track(event=None), Reason.NO_EVENT_NAME),
        (track(event="  "), Reason.NO_EVENT_NAME),
        ({"type": "group", "userId": "u"}, Reason.NO_GROUP_ID),
        ({"type": "group", "groupId": "g"}, Reason.NO_IDENTIFIER),
        ({"type": "alias", "userId": "u"}, Reason.NO_PREVIOUS_ID),
        ({"type": "alias", "previousId": "u", "anonymousId": "a"}, Reason.NO_IDENTIFIER),
        (track(userId="u" * 501), Reason.ID_TOO_LONG),
        (track(anonymousId="u" * 501), Reason.ID_TOO_LONG),
        ({"type": "group", "userId": "u", "groupId": "g" * 501}, Reason.ID_TOO_LONG),
        (track(context={"device": {"id": "d" * 501}}), Reason.ID_TOO_LONG),
        (track(context={"externalIds": [{"id": "d" * 501, "type": "t"}]}), Reason.ID_TOO_LONG),
        (track(messageId="m" * 101), Reason.MESSAGE_ID_TOO_LONG),
        ({"type": "identify", "userId": "u", "traits": {f"t{n}": n for n in range(301)}}, Reason.TOO_MANY_TRAITS),
        ({"type": "identify", "userId": "u", "traits": {"n": 10**25}}, Reason.NUMBER_OUT_OF_RANGE),
        ({"type": "identify", "userId": "u", "traits": {"n": {"m": [-(10**25)]}}}, Reason.NUMBER_OUT_OF_RANGE),
        (track(properties={"note": "x" * 32_768}), Reason.TOO_LARGE),
        (track(context={"externalIds": [{"id": "x", "type": "t"}] * 101}), Reason.TOO_LARGE),
        (track(userId=True), Reason.FIELD_WRONG_TYPE),
        (track(userId={"id": 1}), Reason.FIELD_WRONG_TYPE),
        (track(anonymousId=[]), Reason.FIELD_WRONG_TYPE),
        (track(messageId={}), Reason.FIELD_WRONG_TYPE),
        (track(event=5), Reason.FIELD_WRONG_TYPE),
        ({"type": "page", "userId": "u", "name": ["x"]}, Reason.FIELD_WRONG_TYPE),
        (track(properties=[]), Reason.FIELD_WRONG_TYPE),
        (track(context="web"), Reason.FIELD_WRONG_TYPE),
        (track(context={"traits": []}), Reason.FIELD_WRONG_TYPE),
        (track(context={"device": "iPhone"}), Reason.FIELD_WRONG_TYPE),
        (track(context={"device": {"id": {}}}), Reason.FIELD_WRONG_TYPE),
        (track(context={"externalIds": {"id": 1}}), Reason.FIELD_WRONG_TYPE),
        (track(context={"externalIds": [{"id": 1}]}), Reason.FIELD_WRONG_TYPE),
        (track(context={"externalIds": ["x"]}), Reason.FIELD_WRONG_TYPE),
        ({"type": "identify", "userId": "u", "traits": "rich"}, Reason.FIELD_WRONG_TYPE),
    ],
)
def test_a_bad_event_is_a_violation_with_its_reason(event: object, reason: Reason) -> None:
    violation = refused(event)
    assert violation.reason == reason
    assert violation.is_fatal
    assert violation.body == json.dumps(event).encode()[:32_768]
    assert violation.detail.endswith(".")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"type":"track","properties":{"n":1e999}}', Reason.NUMBER_OUT_OF_RANGE),
        (b'{"type":"track","context":{"n":-1e999}}', Reason.NUMBER_OUT_OF_RANGE),
        (b'{"type":"track","x":' + b"9" * 5_000 + b"}", Reason.NUMBER_OUT_OF_RANGE),
        (b'{"type":"track","x":' + b"[" * 64 + b"]" * 64 + b"}", Reason.NESTED_TOO_DEEP),
        (b'{"type":"track","userId":"\xff"}', Reason.MALFORMED),
    ],
)
def test_what_only_raw_json_can_hold(raw: bytes, reason: Reason) -> None:
    good, (bad,) = decode_request(row(b'{"batch":[%s]}' % raw))
    assert not good
    assert bad.reason == reason
    if reason != Reason.MALFORMED:
        assert bad.kind == "track"


def test_a_bad_event_does_not_harm_its_batch() -> None:
    events = [track(messageId="m1"), track(userId=None), 7, track(messageId="m2")]
    good, bad = decode_request(row({"batch": events}))
    assert [event.message_id for event in good] == ["m1", "m2"]
    assert [violation.reason for violation in bad] == [Reason.NO_IDENTIFIER, Reason.NOT_AN_OBJECT]
    assert [type(result) is Decoded for result in decode_each(row({"batch": events}))] == [True, False, False, True]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"batch":{}}', b'{"batch":[', b"\xff", b"[" * 100_000])
def test_a_row_that_is_no_batch_is_one_violation(body: bytes) -> None:
    good, (bad,) = decode_request(row(body))
    assert not good
    assert bad.reason in (Reason.MALFORMED, Reason.NESTED_TOO_DEEP)
    assert bad.body == body[:32_768]


def test_too_many_events_are_one_violation() -> None:
    _, (bad,) = decode_request(row({"batch": [{}] * 2_501}))
    assert bad.reason == Reason.TOO_MANY_EVENTS


def test_limits_are_a_parameter() -> None:
    big = row({"batch": [track(properties={"note": "x" * 40_000})]})
    assert len(decode_request(big, Limits(max_event_bytes=50_000))[0]) == 1


@pytest.mark.parametrize("message_id", [None, "", "  "])
def test_an_event_without_message_id_gets_one_from_its_place_in_the_log(message_id: str | None) -> None:
    good, _ = decode_request(row({"batch": [track(), track(messageId=message_id)]}))
    assert good[1].message_id == f"onefold-3-9-1-{good[1].received_at}"  # no sender can guess the receipt's µs
    assert good[1].id == event_id(2, good[1].message_id)


@pytest.mark.parametrize(("sent", "read"), [(12, "12"), (12.0, "12"), (1.5, "1.5"), (10**25, str(10**25)), (-3, "-3")])
def test_numbers_as_ids_are_texts(sent: float, read: str) -> None:
    event = decoded(track(userId=sent, messageId=sent))
    assert (event.user_id, event.message_id) == (read, read)


def test_context_of_the_batch_is_merged_under_the_events_own() -> None:
    shared = {"context": {"ip": "1.2.3.4", "app": {"name": "a"}}, "integrations": {"All": False}}
    event = decoded(track(context={"app": {"name": "b"}}, integrations=None), shared=shared)
    body = msgspec.json.decode(event.body)
    assert body["context"] == {"ip": "1.2.3.4", "app": {"name": "b"}}
    assert body["integrations"] == {"All": False}
    assert msgspec.json.decode(decoded(track(), shared=shared).body)["context"]["app"] == {"name": "a"}


def test_context_of_the_batch_can_not_be_used_to_blow_it_up() -> None:
    assert refused(track(), shared={"context": {"x": "y" * 4_096}}).reason == Reason.TOO_LARGE


@pytest.mark.parametrize("shared", [{"context": "web"}, {"context": [1]}, {"integrations": 5}])
def test_context_of_the_batch_that_is_none_is_left_out(shared: dict[str, Any]) -> None:
    assert decoded(track(), shared=shared).body == json.dumps(track()).encode()


def test_an_event_that_outgrows_its_limit_by_the_shared_context_is_refused() -> None:
    event = track(properties={"note": "x" * 32_000})
    assert refused(event, shared={"context": {"x": "y" * 1_000}}).reason == Reason.TOO_LARGE


def test_one_huge_trait_is_refused_by_name_and_many_small_ones_are_not() -> None:
    small = {f"t{n}": "x" * 100 for n in range(100)}
    assert decoded({"type": "identify", "userId": "u", "traits": small}).traits
    violation = refused({"type": "identify", "userId": "u", "traits": {**small, "bio": "x" * 20_000}})
    assert violation.reason is Reason.TRAIT_TOO_LARGE
    assert "'bio'" in violation.detail


def test_traits_of_an_identify() -> None:
    plain = decoded({"type": "identify", "userId": "u", "traits": {"email": "a@b.c", "age": 7}})
    assert (bytes(plain.traits), plain.email) == (b'{"email":"a@b.c","age":7}', "a@b.c")
    rudder = decoded({"type": "identify", "userId": "u", "context": {"traits": {"email": "a@b.c", "age": 7}}})
    assert (bytes(rudder.traits), rudder.email) == (b'{"email":"a@b.c","age":7}', "a@b.c")
    none = decoded({"type": "identify", "userId": "u"})
    assert (bytes(none.traits), none.email) == (b"{}", None)


def test_a_companys_email_is_not_the_persons() -> None:
    event = {"type": "group", "userId": "u", "groupId": 7, "traits": {"email": "info@acme.com"}}
    company = decoded(event)
    assert (company.group_id, company.email, bytes(company.traits)) == ("7", None, b'{"email":"info@acme.com"}')
    assert decoded(event | {"context": {"traits": {"email": "a@b.c"}}}).email == "a@b.c"


@pytest.mark.parametrize("value", [None, "", True, [], {"work": "a@b.c"}])
def test_an_email_that_is_none_names_nobody(value: object) -> None:
    assert decoded({"type": "identify", "userId": "u", "traits": {"email": value}}).email is None


def test_rudderstacks_spelling_of_external_ids() -> None:
    event = track(userId=None, context={"externalId": [{"id": 5, "type": "crm:id"}, {"id": None, "type": "x"}]})
    assert decoded(event).external_ids == (("crm:id", "5"),)


@pytest.mark.parametrize("kind", ["page", "screen"])
def test_names_of_pages(kind: str) -> None:
    assert decoded({"type": kind, "userId": "u", "name": "Home"}).name == "Home"
    assert decoded({"type": kind, "userId": "u", "properties": {"name": "Home"}}).name == "Home"
    assert decoded({"type": kind, "userId": "u", "properties": {"name": 5}}).name == ""


def test_the_case_of_a_type_does_not_matter() -> None:
    assert decoded(track(type="Track")).kind is Kind.TRACK
    assert refused(track(type="PURCHASE" * 20)).kind == ("purchase" * 20)[:40]


@pytest.mark.parametrize(
    ("user_agent", "is_bot"),
    [
        (CHROME, False),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True),
        ("Mozilla/5.0 AppleWebKit/537.36 HeadlessChrome/156.0.0.0 Safari/537.36", True),
        ("facebookexternalhit/1.1", True),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 Mobile Safari/537.36", False),
        ("analytics-python/2.4.0", False),
        ("", False),
    ],
)
def test_bots_are_marked(user_agent: str, is_bot: bool) -> None:
    assert (decoded(track(context={"userAgent": user_agent})).flags == Flag.BOT) is is_bot
    assert (decoded(track(), user_agent=user_agent).flags == Flag.BOT) is is_bot
    assert decoded(track(), user_agent=user_agent, trust=Trust.SECRET).flags == 0  # that is the server's library


def test_text_that_was_cleaned_is_marked_where_it_is() -> None:
    events = [track(event="a\ufffd"), track()]
    marked, plain = decode_request(row({"batch": events, "cleaned": True}))[0]
    assert (marked.flags, plain.flags) == (Flag.TEXT_CLEANED, 0)
    assert decoded(events[0]).flags == 0  # the sender wrote it himself


@pytest.mark.parametrize(
    "fields",
    [
        {"rule": "never", "a": ["email", "a@b.c"], "b": ["phone", "+49"]},
        {"rule": "always", "a": ["email", "a@b.c"], "b": ["phone", "+49"]},
        {"rule": "withdrawn", "a": ["email", "a@b.c"], "b": ["phone", "+49"]},
        {"rule": "never", "a": ["email", "a@b.c"], "b": ["email", "a@b.c"]},
    ],
)
def test_a_link_is_onefolds_own(fields: dict[str, Any]) -> None:
    event = {"type": "link", **fields}
    assert decoded(event, source_id=1).kind is Kind.LINK
    assert refused(event).reason == Reason.TYPE_UNKNOWN


@pytest.mark.parametrize(
    "event",
    [
        {"type": "link"},
        {"type": "link", "rule": "maybe", "a": ["email", "a"], "b": ["email", "b"]},
        {"type": "link", "rule": ["never"], "a": ["email", "a"], "b": ["email", "b"]},
        {"type": "link", "rule": "never", "a": ["email", "a"]},
        {"type": "link", "rule": "never", "a": ["email"], "b": ["email", "b"]},
        {"type": "link", "rule": "never", "a": ["email", 5], "b": ["email", "b"]},
        {"type": "link", "rule": "always", "a": ["email", "b"], "b": ["email", "b"]},
        {"type": "retract"},
        {"type": "retract", "source": "shop"},
        {"type": "retract", "source": True, "messageIds": ["m"]},
        {"type": "retract", "source": "shop", "messageIds": []},
        {"type": "retract", "source": "shop", "messageIds": [5]},
        {"type": "retract", "source": "shop", "messageIds": ["m"] * 2_501},
    ],
)
def test_a_rule_of_the_wrong_shape_is_refused(event: dict[str, Any]) -> None:
    assert refused(event, source_id=1).reason == Reason.RULE_INVALID


OF_ACME: Final = (
    {"type": "group", "groupId": "acme", "traits": {"email": "of@the.firm"}},
    {"type": "track", "event": "Deal Won", "groupId": 12},
)


@pytest.mark.parametrize("event", OF_ACME)
def test_onefolds_own_events_may_be_a_companys(event: dict[str, Any]) -> None:
    own = decoded(event, source_id=1)
    assert own.is_of_company
    assert own.space is None
    assert decoded(event | {"space": "shop"}, source_id=1).space == "shop"
    assert decoded(event | {"space": ""}, source_id=1).space == ""
    assert not decoded(event | {"userId": "u1"}, source_id=1).is_of_company
    refusal = refused(event)
    assert refusal.reason == Reason.NO_IDENTIFIER, "others' need somebody"
    assert decoded(event | {"userId": "u1", "space": 7}).space is None, "and name no space"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "group"},
        {"type": "track", "event": "Deal Won"},
        {"type": "identify", "groupId": "acme"},
        {"type": "page", "groupId": "acme"},
        {"type": "alias", "groupId": "acme", "previousId": "a"},
        {"type": "track", "event": "Deal Won", "groupId": ""},
        # an identifier that alone names nobody makes no company's event of it either
        {"type": "group", "groupId": "acme", "context": {"traits": {"email": "a@b.c"}}},
        {"type": "track", "event": "Deal Won", "groupId": "acme", "context": {"device": {"id": "d"}}},
    ],
)
def test_other_events_of_onefolds_own_name_somebody(event: dict[str, Any]) -> None:
    assert refused(event, source_id=1).reason in (Reason.NO_IDENTIFIER, Reason.NO_GROUP_ID)


@pytest.mark.parametrize("space", [7, ["shop"], "Shop", "a:b", "x" * 31])
def test_a_space_is_a_user_space(space: object) -> None:
    refusal = refused({"type": "group", "groupId": "acme", "space": space}, source_id=1)
    assert refusal.reason == Reason.FIELD_WRONG_TYPE
    assert "space" in refusal.detail


def test_a_retraction_may_be_larger_than_an_event() -> None:
    ids = [f"{number:036}" for number in range(2_500)]
    event = decoded({"type": "retract", "source": 4, "messageIds": ids}, source_id=1)
    assert msgspec.json.decode(event.body)["messageIds"] == ids


def test_an_accepted_event_is_read_again_whatever_limits_and_clocks_say_now() -> None:
    event = track(userId="u" * 400, timestamp="1969-01-01T00:00:00Z", sentAt="1969-01-01T00:00:01Z")
    first = decoded(event)
    without_batch = track(userId="u" * 400, timestamp="1969-01-01T00:00:00Z")
    stored = LogRow(0, 0, 0, 0, 2, Trust.PUBLIC, RECEIVED, 1, "", "", json.dumps(without_batch).encode())
    again = decode_accepted(stored, id_=first.id, message_id="m1", ts=first.ts, flags=first.flags)
    assert (again.ts, again.flags, again.user_id, again.id) == (first.ts, first.flags, first.user_id, first.id)


@pytest.mark.parametrize("kind", ["identify", "page", "group"])
def test_the_event_field_of_other_calls_is_nobodys_business(kind: str) -> None:
    assert decoded(track(type=kind, event=["Consent Updated"], groupId="g1")).consents == ()


@pytest.mark.parametrize(
    ("properties", "context", "page"),
    [
        ({"path": "/a?b=1#c"}, {"page": {"path": "/other"}}, "/a"),
        ({"path": 5}, {"page": {"path": "/there#x"}}, "/there"),
        ({}, {"page": "nothing"}, "Home"),
        ({"path": "/" + "x" * 300}, {}, "/" + "x" * 199),
    ],
)
def test_the_page_is_the_path_or_else_the_name(properties: dict[str, Any], context: dict[str, Any], page: str) -> None:
    assert decoded(track(type="page", name="Home", properties=properties, context=context)).page == page
    assert decoded(track(properties=properties, context=context)).page == ""
