"""Consent: what events say, what counts of it, and that neither order nor repetition matters."""

import random
from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from onefold.events.api import Decoded, Flag, LogRow, Reason, Source, Trust, decode_request
from onefold.kernel.hashing import identifier_hash
from onefold.privacy.api import Entry, Key, Origin, Said, allowing, consents_of, may
from onefold.privacy.consent import NO_STATEMENT, in_force
from onefold.programs.collector.caller import Caller
from onefold.programs.processor.context import load_context
from onefold.programs.processor.rebuild import find_differences, rebuild
from tests.processor.driving import NOWHERE
from tests.web.conftest import NOW, Shop

ANNA = identifier_hash("user_id", "anna")


def stamped(message_id: str, user_id: str = "anna", /, **preferences: Any) -> dict[str, Any]:
    """A track call with a consent banner's preferences, as Segment's wrapper adds them."""
    context = {"consent": {"categoryPreferences": preferences}}
    return {"type": "track", "event": "Looked", "userId": user_id, "messageId": message_id, "context": context}


def stated(message_id: str, user_id: str = "anna", /, **purposes: Any) -> dict[str, Any]:
    """A decision of its own."""
    properties = {"purposes": purposes, "wording": "v3: We send a letter a week.", "form": "footer", "locale": "sv"}
    return {
        "type": "track", "event": "Consent Updated", "userId": user_id, "messageId": message_id,
        "properties": properties,
    }  # fmt: skip


def sent(shop: Shop, at_s: int, *events: dict[str, Any], source: Source | None = None) -> None:
    at = NOW + timedelta(seconds=at_s)
    shop.send(*({"timestamp": at.isoformat(), **event} for event in events), at=at, source=source)


def differences(conn: Connection[Any]) -> list[str]:
    with conn.transaction():
        return [found.sentence() for found in find_differences(conn, load_context(conn), NOWHERE)]


def decoded(body: bytes, trust: Trust = Trust.PUBLIC) -> tuple[list[Decoded], list[Any]]:
    return decode_request(LogRow(1, 1, 1, 0, 2, trust, 1_700_000_000_000_000, 1, "", "", body))


class TestWhatCounts:
    def entry(self, ts: int, *, granted: bool, origin: Origin = Origin.STATEMENT, n: int = 1) -> Entry:
        statement = bytes([n] * 16) if origin is Origin.STATEMENT else NO_STATEMENT
        return Entry(Key("advertising", origin, 2, granted, statement), Said(ts, ts, ts, bytes([n] * 16), ""))

    def counts(self, *entries: Entry) -> bool:
        answers = {in_force(random.sample(entries, len(entries)), {})["advertising"].key.is_granted for _ in range(10)}
        assert len(answers) == 1
        return answers.pop()

    def test_the_latest_statement(self) -> None:
        assert self.counts(self.entry(1, granted=False), self.entry(2, granted=True))
        assert not self.counts(self.entry(1, granted=True), self.entry(2, granted=False))

    def test_of_two_at_one_instant_the_denial(self) -> None:
        assert not self.counts(self.entry(1, granted=True, n=9), self.entry(1, granted=False, n=1))

    def test_a_stamp_grants_only_where_nothing_was_stated(self) -> None:
        grant = self.entry(9, granted=True, origin=Origin.STAMP)
        assert self.counts(grant)
        assert self.counts(grant, self.entry(5, granted=False, origin=Origin.STAMP))
        assert not self.counts(grant, self.entry(5, granted=False))

    @pytest.mark.parametrize("origin", [Origin.STAMP, Origin.GPC])
    def test_a_later_stamp_or_signal_denies_what_was_stated(self, origin: Origin) -> None:
        assert not self.counts(self.entry(5, granted=True), self.entry(6, granted=False, origin=origin))
        assert self.counts(self.entry(5, granted=True), self.entry(4, granted=False, origin=origin))

    def test_nothing_said_is_nothing(self) -> None:
        assert in_force([], {}) == {}


class TestAtTheDoor:
    def test_an_event_whose_own_consent_denies_analytics_is_refused_and_not_kept(self) -> None:
        good, bad = decoded(
            b'{"batch":[{"type":"track","event":"X","userId":"secret-anna","messageId":"m1",'
            b'"context":{"consent":{"categoryPreferences":{"Analytics":false}}}}]}'
        )
        assert good == []
        assert [(fault.reason, fault.message_id, fault.body) for fault in bad] == [(Reason.CONSENT_DENIED, "m1", b"")]

    def test_the_batchs_shared_consent_counts_for_each_event(self) -> None:
        good, bad = decoded(
            b'{"batch":[{"type":"track","event":"X","userId":"anna"}],'
            b'"context":{"consent":{"categoryPreferences":{"analytics":false}}}}'
        )
        assert (good, [fault.reason for fault in bad]) == ([], [Reason.CONSENT_DENIED])

    def test_the_decision_itself_is_kept_though_it_denies_analytics(self) -> None:
        good, bad = decoded(
            b'{"batch":[{"type":"track","event":"Segment Consent Preference Updated","userId":"anna",'
            b'"context":{"consent":{"categoryPreferences":{"analytics":false,"Advertising":true}}}}]}'
        )
        assert bad == []
        assert good[0].consents == (("advertising", True), ("analytics", False))

    def test_a_statement_that_cant_be_understood_is_refused(self) -> None:
        good, bad = decoded(
            b'{"batch":[{"type":"track","event":"Consent Updated","userId":"anna",'
            b'"properties":{"purposes":{"advertising":"yes"}}}]}'
        )
        assert good == []
        assert bad[0].reason == Reason.FIELD_WRONG_TYPE
        assert "properties.purposes.advertising is a text; it must be true or false" in bad[0].detail

    @pytest.mark.parametrize(
        "consent", [b'"no"', b"[]", b'{"categoryPreferences":[]}', b'{"categoryPreferences":{"a":1}}']
    )
    def test_odd_consent_on_another_event_says_nothing(self, consent: bytes) -> None:
        good, bad = decoded(
            b'{"batch":[{"type":"track","event":"X","userId":"anna","context":{"consent":%s}}]}' % consent
        )
        assert bad == []
        assert good[0].consents == ()

    def test_gpc_is_marked(self) -> None:
        good, _ = decoded(b'{"batch":[{"type":"track","event":"X","userId":"anna"}],"gpc":true}')
        assert good[0].flags & Flag.GPC
        assert not decoded(b'{"batch":[{"type":"track","event":"X","userId":"anna"}]}')[0][0].flags & Flag.GPC

    def test_callers_without_the_header_have_no_wish(self) -> None:
        assert not Caller("", "", 0).has_gpc


class TestLedger:
    def test_missing_means_no(self, shop: Shop) -> None:
        shop.identify("anna")
        assert not may(shop.conn, ANNA, "email_marketing")
        assert not may(shop.conn, 12345, "email_marketing")

    def test_a_statement_grants_and_another_withdraws(self, shop: Shop) -> None:
        sent(shop, 1, stated("m1", email_marketing=True))
        assert may(shop.conn, ANNA, "email_marketing")
        assert not may(shop.conn, ANNA, "advertising")
        sent(shop, 2, stated("m2", email_marketing=False))
        assert not may(shop.conn, ANNA, "email_marketing")
        assert "v3: We send" in consents_of(shop.conn, ANNA)["email_marketing"].said.details
        assert differences(shop.conn) == []

    def test_what_is_stamped_is_one_row_a_source_and_answer(self, shop: Shop) -> None:
        for n in range(30):
            sent(shop, n, stamped(f"m{n}", advertising=n < 20))
        rows = shop.conn.execute("select is_granted, ts - first_ts from consent order by 1").fetchall()
        assert rows == [(False, 9_000_000), (True, 19_000_000)]
        assert not may(shop.conn, ANNA, "advertising")
        assert differences(shop.conn) == []

    def test_order_of_arrival_does_not_matter(self, shop: Shop) -> None:
        events = [
            (1, stated("a", advertising=True)), (2, stamped("b", advertising=False)),
            (3, stamped("c", advertising=True)),
            (4, stated("d", sms_marketing=True)), (4, stated("e", sms_marketing=False)),
        ]  # fmt: skip
        found = set()
        for turn in range(4):
            with shop.conn.transaction(force_rollback=True):
                for at, event in random.sample(events, len(events)):
                    # received at one time, so that only what happened differs
                    ts = (NOW - timedelta(hours=1) + timedelta(seconds=at)).isoformat()
                    shop.send({"timestamp": ts, **event}, at=NOW)
                found.add(
                    tuple(
                        shop.conn.execute(
                            "select purpose, origin, is_granted, first_ts, ts, event from consent order by 1,2,3,6"
                        )
                    )
                )
                assert not may(shop.conn, ANNA, "advertising"), turn
                assert not may(shop.conn, ANNA, "sms_marketing"), turn
        assert len(found) == 1

    def test_over_the_identifiers_of_a_person_the_latest_counts(self, shop: Shop) -> None:
        device = {"type": "track", "event": "Consent Updated", "anonymousId": "device-1", "messageId": "d1"}
        sent(shop, 5, {**device, "properties": {"purposes": {"email_marketing": False}}})
        sent(shop, 1, stated("m1", email_marketing=True))
        assert may(shop.conn, ANNA, "email_marketing")
        sent(shop, 6, {"type": "identify", "userId": "anna", "anonymousId": "device-1", "messageId": "i1"})
        joined = shop.conn.execute("select prof from node where h = %s", [ANNA]).fetchone()
        assert joined is not None
        assert not may(shop.conn, joined[0], "email_marketing")

    def test_allowing_asks_for_many(self, shop: Shop) -> None:
        sent(shop, 1, stated("m1", advertising=True), stated("m2", "bert", advertising=False))
        bert, carl = identifier_hash("user_id", "bert"), identifier_hash("user_id", "carl")
        assert allowing(shop.conn, [ANNA, bert, carl], "advertising") == {ANNA}

    def test_a_statement_taken_back_counts_no_longer(self, shop: Shop) -> None:
        sent(shop, 1, stated("m1", advertising=True))
        sent(shop, 2, stated("m2", advertising=False))
        retraction = {"type": "retract", "source": "back-end", "messageIds": ["m2"], "messageId": "r1"}
        sent(shop, 3, retraction, source=shop.internal)
        assert may(shop.conn, ANNA, "advertising")
        assert differences(shop.conn) == []

    def test_rebuild_mends_the_ledger(self, shop: Shop) -> None:
        sent(shop, 1, stated("m1", advertising=True), stamped("m2", analytics=True))
        shop.conn.execute("update consent set is_granted = false where origin = 1")
        shop.conn.execute("delete from consent where origin = 2")
        assert len(differences(shop.conn)) == 3  # one too many, two missing
        rebuild(shop.conn, NOWHERE, is_check=False)
        assert differences(shop.conn) == []
        assert may(shop.conn, ANNA, "advertising")

    def test_gpc_denies_advertising(self, shop: Shop) -> None:
        sent(shop, 1, stated("m1", advertising=True))
        shop.send_raw(
            b'{"batch":[{"type":"page","userId":"anna","messageId":"p1"}],"gpc":true}', at=NOW + timedelta(seconds=5)
        )
        found = consents_of(shop.conn, ANNA)["advertising"]
        assert (found.key.origin, found.key.is_granted) == (Origin.GPC, False)
        assert differences(shop.conn) == []
