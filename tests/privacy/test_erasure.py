"""Erasing a person: nothing of them is left anywhere, nobody else is hurt, and they don't come back unless let."""

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.identity.api import DEFAULT_CONFIG, Extractor
from onefold.kernel.errors import Broken
from onefold.kernel.hashing import identifier_hash
from onefold.privacy.redact import Redactor
from onefold.privacy.suppression import digest_of, key_id, load_suppressions
from onefold.programs.processor.context import load_context
from onefold.programs.processor.rebuild import find_differences
from tests.processor.driving import NOWHERE
from tests.web.conftest import NOW, SUPPRESSION_KEY, Shop

EMAIL, PHONE, USER, DEVICE = "anna@tindra.example", "+46701740601", "anna-4711", "device-of-anna"


def request_erasure(shop: Shop, namespace: str, value: str, *, kind: str = "erase", suppress: bool = True) -> Any:
    """What the web program logs, processed; the report."""
    row = shop.conn.execute(
        "insert into privacy_request (kind, requested_by, identifier, is_suppressed) values (%s, 'test', %s, %s)"
        " returning id",
        [kind, json.dumps([namespace, value]), suppress],
    ).fetchone()
    assert row is not None
    process_request(shop, row[0])
    done = shop.conn.execute("select done_at, identifier, report from privacy_request where id = %s", row).fetchone()
    assert done is not None
    assert done[0] is not None
    assert done[1] is None
    return done[2]


def process_request(shop: Shop, request_id: int) -> None:
    shop.send_raw(
        json.dumps({"batch": [{"type": "request", "request": request_id, "messageId": f"r{request_id}"}]}).encode(),
        source=shop.internal,
        at=NOW + timedelta(minutes=5),
    )


def differences(conn: Connection[Any]) -> list[str]:
    with conn.transaction():
        return [found.sentence() for found in find_differences(conn, load_context(conn), NOWHERE)]


def holding(conn: Connection[Any], needle: str) -> list[str]:
    """Every table and column that holds the text, in whatever type: `table.column`."""
    columns = conn.execute(
        "select c.table_name, c.column_name from information_schema.columns c"
        " join pg_class r on r.relname = c.table_name and r.relnamespace = 'public'::regnamespace"
        " where c.table_schema = 'public' and r.relkind in ('r', 'p') and not r.relispartition"
        " and c.data_type in ('text', 'bytea', 'jsonb', 'json', 'ARRAY', 'character varying')"
    ).fetchall()
    assert len(columns) > 50
    found = []
    for table, column in columns:
        text = SQL(
            "case when pg_typeof({0})::text = 'bytea' then encode({0}::text::bytea, 'escape') else {0}::text end"
        )
        where = text.format(Identifier(column))
        query = SQL("select 1 from {} where position(%s in lower({})) > 0 limit 1").format(Identifier(table), where)
        if conn.execute(query, [needle.lower()]).fetchone():
            found.append(f"{table}.{column}")
    return found


def history(shop: Shop) -> None:
    """Anna over two devices, with a company, a colleague who once wrote her address, and refused events."""
    context = {"consent": {"categoryPreferences": {"advertising": True}}}
    page = {"type": "page", "name": "Start", "anonymousId": DEVICE, "messageId": "p1", "context": context}
    shop.log(page, source=shop.web)
    traits = {"email": "Anna@Tindra.example", "phone": "+46 70-174 06 01", "name": "Anna Holm"}
    anna = {"userId": USER, "anonymousId": DEVICE}
    shop.log({"type": "identify", **anna, "traits": traits, "messageId": "i1"})
    shop.log(page, source=shop.web)  # it came again
    shop.log({"type": "group", "userId": USER, "groupId": "tindra", "traits": {"name": "Tindra AB"}, "messageId": "g1"})
    shop.log({"type": "track", "event": "Bought", "userId": USER, "messageId": "t1", "properties": {"total": 42}})
    shop.log({"type": "track", "userId": USER, "messageId": "bad1", "properties": {"note": f"ask {EMAIL}"}})  # no name
    colleague = {"type": "identify", "userId": "bert", "messageId": "b1"}
    shop.log({**colleague, "traits": {"email": EMAIL, "name": "Bert", "colleague": f"Anna <{EMAIL}>"}})
    shop.log({"type": "track", "event": "Bought", "userId": "bert", "messageId": "b2", "properties": {"total": 7}})
    shop.log({"type": "group", "userId": "bert", "groupId": "tindra", "messageId": "b3"})
    a, b = ["user_id", USER], ["user_id", "somebody-else"]
    shop.log({"type": "link", "rule": "never", "a": a, "b": b, "messageId": "l1"}, source=shop.internal)
    shop.conn.execute(
        "with made as (insert into people_export (owner, user_id, address, is_masked)"
        " values ('user:alice', 1, '', false) returning id) insert into people_export_piece select id, 0, %s from made",
        [f"id,name,email\n1,Anna Holm,{EMAIL}\n"],
    )


class TestErase:
    def test_nothing_is_left_in_any_table(self, shop: Shop) -> None:
        history(shop)
        for needle in (EMAIL, USER, DEVICE, "Anna Holm", "70-174"):
            assert "event.body" in holding(shop.conn, needle), needle
            assert "event_log.body" in holding(shop.conn, needle), needle
        report = request_erasure(shop, "email", EMAIL)
        for needle in (EMAIL, USER, DEVICE, "Anna Holm", "70-174", PHONE):
            assert holding(shop.conn, needle) == [], needle
        assert differences(shop.conn) == []
        assert report == {
            "identifiers": {"anonymous_id": 1, "email": 1, "phone": 1, "user_id": 1},
            "companies": 1,
            "consents": 1,
            "events": {"group": 1, "identify": 1, "link": 1, "page": 1, "track": 1},
            "events_of_others": {"redacted": 1, "deleted": 0},
            "moves": report["moves"],
            "duplicates": 1,
            "violations": 1,
            "log_events": 8,
            "suppressed": 4,
        }

    def test_saved_views_that_ask_for_them_go(self, shop: Shop) -> None:
        history(shop)
        add = "insert into saved_view (owner, name, address, seen_by, place) values ('user:a', %s, %s, 'all', 1)"
        for name, address in (("Hers", "q=Anna%40Tindra.example"), ("Anna-4711", ""), ("Swedes", "filter=%7B%7D")):
            shop.conn.execute(add, [name, address])
        assert request_erasure(shop, "email", EMAIL)["views"] == 2
        assert shop.conn.execute("select name from saved_view").fetchall() == [("Swedes",)]

    def test_pages_that_nobody_else_viewed_are_forgotten(self, shop: Shop) -> None:
        history(shop)
        for n, (who, path) in enumerate(((DEVICE, "/account/anna-holm"), (DEVICE, "/boots"), ("another", "/boots"))):
            view = {"type": "page", "anonymousId": who, "properties": {"path": path}, "messageId": f"view{n}"}
            shop.log(view, source=shop.web)
        request_erasure(shop, "email", EMAIL)
        assert shop.conn.execute("select page, n from page_tally").fetchall() == [("/boots", 1)]

    def test_others_stay_as_they_are(self, shop: Shop) -> None:
        history(shop)
        request_erasure(shop, "user_id", USER)
        bert = shop.conn.execute("select name, email, traits, company from profile").fetchall()
        assert bert == [("Bert", "", {"name": "Bert"}, bert[0][3])]
        assert shop.conn.execute("select name, n from company").fetchall() == [("", 1)]
        assert shop.conn.execute(
            "select count(*) from event where fragment = %s", [identifier_hash("user_id", "bert")]
        ).fetchone() == (3,)
        log_bodies = b" ".join(row[0] for row in shop.conn.execute("select body from event_log", binary=True))
        assert b'"b2"' in log_bodies
        assert log_bodies.count(b'{"erased":true}') == 8

    def test_who_was_erased_does_not_come_back(self, shop: Shop) -> None:
        history(shop)
        request_erasure(shop, "email", EMAIL)
        named: list[dict[str, Any]] = [{"userId": USER}, {"anonymousId": DEVICE}]
        for names in (*named, {"userId": "new", "traits": {"email": EMAIL.upper()}}):
            shop.send({"type": "identify", **names})
        link = {"type": "link", "rule": "always", "a": ["email", EMAIL], "b": ["user_id", "bert"], "messageId": "l2"}
        shop.send(link, source=shop.internal)
        assert shop.conn.execute("select name from profile").fetchall() == [("Bert",)]
        assert shop.conn.execute("select reason, body from violation").fetchall() == [("suppressed", b"")] * 4
        count = "select sum(n) from source_count where outcome = 'violation:suppressed'"
        assert shop.conn.execute(count).fetchone() == (4,)
        assert differences(shop.conn) == []

    def test_released_they_may_come_back(self, shop: Shop) -> None:
        history(shop)
        request_erasure(shop, "email", EMAIL)
        assert request_erasure(shop, "phone", PHONE, kind="release") == {"released": 4}
        shop.identify(USER, name="Anna again")
        assert ("Anna again",) in shop.conn.execute("select name from profile").fetchall()

    def test_without_suppression_they_may_come_back_at_once(self, shop: Shop) -> None:
        history(shop)
        request_erasure(shop, "email", EMAIL, suppress=False)
        assert holding(shop.conn, EMAIL) == []
        shop.identify(USER, name="Anna again")
        assert ("Anna again",) in shop.conn.execute("select name from profile").fetchall()

    def test_a_second_request_finds_nobody_and_harms_nobody(self, shop: Shop) -> None:
        history(shop)
        request_erasure(shop, "email", EMAIL)
        again = request_erasure(shop, "email", EMAIL)
        assert again == {"identifiers": {}, "violations": 0, "log_events": 0, "suppressed": 0}
        before = shop.conn.execute("select report from privacy_request where id = 1").fetchone()
        process_request(shop, 1)  # the log read again
        process_request(shop, 12345)  # a request that was never made
        assert shop.conn.execute("select report from privacy_request where id = 1").fetchone() == before

    def test_somebody_unknown_is_suppressed(self, shop: Shop) -> None:
        shop.identify("bert")
        report = request_erasure(shop, "email", "never@seen.example")
        assert report["suppressed"] == 1
        shop.identify("carl", email="Never@seen.example")
        assert shop.conn.execute("select count(*) from profile").fetchone() == (1,)
        assert holding(shop.conn, "never@seen") == []

    def test_a_shared_device_is_nobodys_to_erase(self, shop: Shop) -> None:
        for user in ("u1", "u2", "u3"):
            shop.send({"type": "track", "event": "X", "userId": user, "anonymousId": "kiosk", "messageId": user})
        shop.send({"type": "page", "anonymousId": "kiosk", "messageId": "k1"})
        assert request_erasure(shop, "anonymous_id", "kiosk") == {"is_shared": True}
        assert shop.conn.execute("select count(*) from event").fetchone() == (4,)
        assert shop.conn.execute("select count(*) from suppression").fetchone() == (0,)
        request_erasure(shop, "user_id", "u1")
        assert shop.conn.execute("select count(*) from event").fetchone() == (3,)
        assert differences(shop.conn) == []

    def test_an_event_of_which_nothing_usable_is_left_goes(self, shop: Shop) -> None:
        """Its strongest identifier is somebody else's address; the only id that makes it valid is the erased one's."""
        shop.send({"type": "identify", "userId": "u1", "anonymousId": "d-of-u1", "messageId": "1"})
        shop.send({"type": "identify", "userId": "u2", "traits": {"email": "two@x.example"}, "messageId": "2"})
        shop.send(
            {"type": "identify", "anonymousId": "d-of-u1", "traits": {"email": "two@x.example"}, "messageId": "3"}
        )
        report = request_erasure(shop, "user_id", "u1")
        assert report["events_of_others"] == {"redacted": 0, "deleted": 1}
        assert holding(shop.conn, "d-of-u1") == []
        assert differences(shop.conn) == []

    def test_requests_and_events_of_one_batch(self, shop: Shop) -> None:
        """What comes in the very batch of the request is older in the log than its end: it goes, too."""
        history(shop)
        shop.conn.execute(
            "insert into privacy_request (kind, requested_by, identifier) values ('erase', 'test', %s)",
            [json.dumps(["email", EMAIL])],
        )
        late = {"type": "track", "event": "Late", "userId": USER, "messageId": "late"}
        request = {"type": "request", "request": 1, "messageId": "r"}
        shop.send(request, {**late}, source=shop.internal)
        assert holding(shop.conn, USER) == []
        assert differences(shop.conn) == []


class TestSuppression:
    def test_only_keyed_hashes_are_kept(self, shop: Shop) -> None:
        request_erasure(shop, "email", EMAIL)
        rows = shop.conn.execute("select digest, namespace, key_id from suppression").fetchall()
        assert rows == [(digest_of(SUPPRESSION_KEY, "email", EMAIL), "email", key_id(SUPPRESSION_KEY))]

    def test_another_key_stops_the_processor(self, shop: Shop) -> None:
        request_erasure(shop, "email", EMAIL)
        with pytest.raises(Broken, match="suppression key isn't the one"):
            load_suppressions(shop.conn, b"another key")

    def test_one_version_is_loaded_once(self, shop: Shop) -> None:
        first = load_suppressions(shop.conn, SUPPRESSION_KEY)
        assert load_suppressions(shop.conn, SUPPRESSION_KEY, first) is first
        request_erasure(shop, "email", EMAIL)
        second = load_suppressions(shop.conn, SUPPRESSION_KEY, first)
        assert second is not first
        assert second.holds(1, "email", EMAIL)
        assert not second.holds(2, "email", "bert@tindra.example")

    def test_a_failed_erasure_leaves_everything(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        history(shop)
        before = shop.conn.execute("select count(*), sum(length(body)) from event").fetchone()

        def fails(*_: Any) -> Any:
            raise psycopg.errors.DataError("no")

        with monkeypatch.context() as patch:
            patch.setattr("onefold.programs.processor.erase.forget_deliveries", fails)
            with pytest.raises(psycopg.Error):
                request_erasure(shop, "email", EMAIL)
        assert shop.conn.execute("select count(*), sum(length(body)) from event").fetchone() == before
        process_request(shop, 1)
        assert holding(shop.conn, EMAIL) == []


class TestRedactor:
    def redactor(self) -> Redactor:
        names = [("email", EMAIL), ("phone", PHONE), ("user_id", "42"), ("anonymous_id", DEVICE)]
        return Redactor(names, Extractor(DEFAULT_CONFIG, {}))

    @pytest.mark.parametrize(
        ("value", "left"),
        [
            ({"userId": "42", "n": 1}, {"n": 1}),
            ({"userId": 42.0, "n": 1}, {"n": 1}),
            ({"a": {"email": "ANNA@Tindra.Example ", "n": 1}}, {"a": {"n": 1}}),
            ({"a": ["x", f"Anna <{EMAIL}>", {"y": DEVICE}]}, {"a": ["x", {}]}),
            ({"to": "+46 (70) 174-06 01"}, {}),
            ({EMAIL: True, "n": 1}, {"n": 1}),
        ],
    )
    def test_what_names_them_goes(self, value: Any, left: Any) -> None:
        redacted = self.redactor().redacted(json.dumps(value).encode())
        assert redacted is not None
        assert json.loads(redacted) == left

    @pytest.mark.parametrize(
        "value",
        [{"total": 42}, {"order": "42"}, {"userId": "4242"}, {"phone": "+46701740602"}, {"email": "x@y.example"}],
    )
    def test_what_only_looks_alike_stays(self, value: Any) -> None:
        assert self.redactor().redacted(json.dumps(value).encode()) is None

    def test_what_is_no_json(self) -> None:
        assert self.redactor().redacted(b'{"email": "ANNA@tindra.example", ') == b""
        assert self.redactor().redacted(b'{"userId": "42", ') is None
        assert self.redactor().redacted(b"[" * 100_000 + DEVICE.encode()) == b""


def test_companies_own_events_stay(shop: Shop) -> None:
    own = {"type": "group", "groupId": "acme", "messageId": "own", "traits": {"name": "Acme", "owner": EMAIL}}
    put = {"type": "group", "groupId": "acme", "messageId": "put", "userId": USER, "traits": {"size": 8}}
    shop.send(own, put, {"type": "track", "event": "Won", "groupId": "acme", "messageId": "won"}, source=shop.internal)
    shop.identify(USER, email=EMAIL)
    request_erasure(shop, "user_id", USER)
    assert shop.conn.execute("select traits, n from company").fetchall() == [({"name": "Acme", "owner": EMAIL}, 2)]
    assert shop.conn.execute("select message_id from event order by 1").fetchall() == [("own",), ("won",)]
    again = own | {"messageId": "again", "traits": {"size": 9}}
    shop.send(again, put | {"messageId": "put again"}, source=shop.internal, at=NOW + timedelta(hours=1))
    assert shop.conn.execute("select traits->'size', n from company").fetchall() == [(9, 3)], "it isn't suppressed"
    assert differences(shop.conn) == []
