"""`why`: which events, links and rules led to a value, a membership, a merge or a refused one; now and in the past."""

from datetime import datetime
from typing import Any

from django.test import Client

from onefold.events.api import NewSource, Trust, create_source
from onefold.profiles import links
from onefold.profiles.naming import names_in_force
from tests.web.conftest import NOW, Shop, days_ago


def ask(client: Client, path: str, **query: str) -> Any:
    response = client.get(f"/api/profiles/{path}", query)
    assert response.status_code == 200, response.content
    return response.json()


def refused(client: Client, path: str, status: int, **query: str) -> Any:
    response = client.get(f"/api/profiles/{path}", query)
    assert response.status_code == status, response.content
    return response.json()


def person(message: str, *, at: datetime, user: str | None = None, anon: str | None = None, **traits: Any) -> Any:
    """An identify call."""
    event: dict[str, Any] = {"type": "identify", "messageId": message, "timestamp": at.isoformat(), "traits": traits}
    return event | ({"userId": user} if user else {}) | ({"anonymousId": anon} if anon else {})


class TestTraits:
    """Why a value counts."""

    def test_each_claim_says_where_it_comes_from_and_what_it_lost_by(self, robot: Client, shop: Shop) -> None:
        at = days_ago(9)
        shop.send(person("m1", at=at, user="7", city="Oslo"), source=shop.web, at=at)
        shop.send(person("m2", at=days_ago(8), user="7", city="Bergen"), source=shop.back_end, at=days_ago(8))
        shop.send(person("m3", at=days_ago(7), user="7", city="Moss"), source=shop.web, at=days_ago(7))
        answer = ask(robot, "user_id:7/why", trait="city")
        assert (answer["about"], answer["value"], answer["is_complete"]) == ("trait", "Bergen", True)
        said = [(one["value"], one["source"], one["priority"], one["lost_by"]) for one in answer["values"]]
        assert said == [("Bergen", "back-end", 50, None), ("Moss", "web-shop", 100, "priority")]
        assert answer["values"][0]["event"]["message_id"] == "m2"
        assert answer["values"][0]["fragment"] == "user_id:7"
        assert "priority 100, the value that counts has 50" in answer["values"][1]["sentence"]
        assert [(one["message_id"], one["value"]) for one in answer["changes"]] == [
            ("m3", "Moss"),
            ("m2", "Bergen"),
            ("m1", "Oslo"),
        ]

    def test_a_source_that_was_made_a_moment_ago_has_its_name(self, robot: Client, shop: Shop) -> None:
        shop.send(person("m1", at=days_ago(9), user="7", anon="a", city="Oslo"))
        ask(robot, "user_id:7/why", trait="city")  # from now on the sources are known for a while
        new = create_source(shop.conn, NewSource(slug="new", name="New", kind="server"), acting_user="test")
        shop.send(person("m2", at=days_ago(8), user="7", anon="b", town="Moss"), source=new)
        assert ask(robot, "user_id:7/why", trait="town")["values"][0]["source"] == "new"
        newer = create_source(shop.conn, NewSource(slug="newer", name="N", kind="server"), acting_user="test")
        shop.send(person("m3", at=days_ago(7), user="7", anon="c"), source=newer)
        answer = ask(robot, "user_id:7/why", pair="user_id:7,anonymous_id:c")
        assert [link["event"]["source"] for link in answer["links"]] == ["newer"]

    def test_an_older_claim_of_the_same_source_under_another_identifier_lost(self, robot: Client, shop: Shop) -> None:
        shop.send(person("m1", at=days_ago(3), anon="a", city="Oslo"), at=days_ago(3))
        shop.send(person("m2", at=days_ago(2), user="7", anon="a", city="Moss"), at=days_ago(2))
        answer = ask(robot, "user_id:7/why", trait="city")
        assert [(one["value"], one["fragment"], one["lost_by"]) for one in answer["values"]] == [
            ("Moss", "user_id:7", None),
            ("Oslo", "anonymous_id:a", "older"),
        ]

    def test_what_a_source_took_back_is_shown_as_withdrawn(self, robot: Client, shop: Shop) -> None:
        shop.send(person("m1", at=days_ago(3), user="7", city="Oslo"), source=shop.web, at=days_ago(3))
        shop.send(person("m2", at=days_ago(2), user="7", city=None), source=shop.back_end, at=days_ago(2))
        answer = ask(robot, "user_id:7/why", trait="city")
        assert answer["value"] == "Oslo"
        assert [(one["value"], one["lost_by"]) for one in answer["values"]] == [("Oslo", None), (None, "withdrawn")]

    def test_nothing_is_said_of_a_trait_that_nobody_named(self, robot: Client, shop: Shop) -> None:
        shop.identify("7", city="Oslo")
        assert refused(robot, "user_id:7/why", 404, trait="town")["code"] == "not_found"


class TestIdentity:
    """Why identifiers are one person or not."""

    def test_a_member_is_led_to_by_the_links_and_their_first_events(self, robot: Client, shop: Shop) -> None:
        shop.send({"type": "page", "anonymousId": "a", "messageId": "p1"}, at=days_ago(3))
        shop.send(person("m1", at=days_ago(2), user="7", anon="a"), at=days_ago(2))
        shop.send(person("m2", at=days_ago(1), user="7", email="ada@example.com"), at=days_ago(1))
        answer = ask(robot, "user_id:7/why", identifier="email:Ada@example.com")
        assert (answer["about"], answer["is_one_person"], answer["obstacles"]) == ("identifier", True, [])
        assert [(one["a"], one["b"], one["by"]) for one in answer["links"]] == [
            ("anonymous_id:a", "user_id:7", "seen_together"),
            ("user_id:7", "email:ada@example.com", "seen_together"),
        ]
        assert [one["event"]["message_id"] for one in answer["links"]] == ["m1", "m2"]
        assert [one["trust"] for one in answer["links"]] == ["secret", "secret"]

    def test_a_limit_names_the_values_that_would_be_too_many(self, robot: Client, shop: Shop) -> None:
        shop.send(person("m1", at=days_ago(3), user="7", email="ada@example.com"), at=days_ago(3))
        shop.send(person("m2", at=days_ago(2), user="8", email="ada@example.com"), at=days_ago(2))
        answer = ask(robot, "user_id:7/why", pair="user_id:8,email:ada@example.com")
        assert answer["is_one_person"] is False
        assert [one["reason"] for one in answer["obstacles"]] == ["limit"]
        assert "2 of user_id (8, 7), and a person has 1" in answer["obstacles"][0]["sentence"]
        assert answer["links"][0]["event"]["message_id"] == "m2"
        assert ask(robot, "user_id:7/why", pair="user_id:7,user_id:8")["obstacles"][0]["reason"] == "limit"

    def test_a_decision_names_who_made_it(self, robot: Client, shop: Shop, processor: None) -> None:
        shop.send(person("m1", at=days_ago(3), user="7", email="ada@example.com"), at=days_ago(3))
        names = names_in_force(shop.conn)
        links.decide(shop.conn, names, rule="never", a="user_id:7", b="email:ada@example.com", acting_user="user:alice")
        answer = ask(robot, "user_id:7/why", pair="user_id:7,email:ada@example.com")
        assert answer["obstacles"][0]["reason"] == "never"
        assert answer["obstacles"][0]["decision"]["acting_user"] == "user:alice"
        assert [(one["identifier"], one["cause"] is None) for one in answer["moves"]]
        whole = ask(robot, "user_id:7/why")
        assert (whole["about"], whole["links"]) == ("person", [])
        assert whole["refused"][0]["obstacle"]["reason"] == "never"

    def test_an_always_link_is_told_as_a_decision(self, robot: Client, shop: Shop, processor: None) -> None:
        shop.identify("7", at=days_ago(3))
        shop.send({"type": "page", "anonymousId": "a"}, at=days_ago(2))
        names = names_in_force(shop.conn)
        links.decide(shop.conn, names, rule="always", a="user_id:7", b="anonymous_id:a", acting_user="user:alice")
        answer = ask(robot, "user_id:7/why", identifier="anonymous_id:a")
        assert [(one["by"], one["event"]["acting_user"]) for one in answer["links"]] == [("decision", "user:alice")]

    def test_a_shared_device_is_named(self, robot: Client, shop: Shop) -> None:
        for n in (1, 2):
            shop.send({"type": "track", "event": "X", "userId": f"{n}", "context": {"device": {"id": "kiosk"}}})
        answer = ask(robot, "user_id:1/why", pair="user_id:1,device_id:kiosk")
        assert [one["reason"] for one in answer["obstacles"]] == ["shared"]
        assert ask(robot, "user_id:1/why")["refused"][0]["obstacle"]["reason"] == "shared"

    def test_strangers_are_linked_by_nothing(self, robot: Client, shop: Shop) -> None:
        shop.identify("7")
        shop.identify("a,b")
        answer = ask(robot, "user_id:7/why", pair="user_id:a,b,user_id:7")
        assert [one["reason"] for one in answer["obstacles"]] == ["unlinked"]
        assert (answer["a"], answer["b"]) == ("user_id:a,b", "user_id:7")

    def test_a_public_key_is_believed_less_and_says_so(self, robot: Client, shop: Shop) -> None:
        shop.send({"type": "track", "event": "X", "userId": "1", "anonymousId": "a"}, trust=Trust.PUBLIC)
        assert ask(robot, "user_id:1/why")["links"][0]["trust"] == "public"

    def test_questions_that_cannot_be_answered_are_refused_in_words(self, robot: Client, shop: Shop) -> None:
        shop.identify("7")
        assert refused(robot, "user_id:7/why", 400, trait="a", pair="b")["code"] == "query_invalid"
        assert refused(robot, "user_id:7/why", 400, pair="user_id:7")["code"] == "query_invalid"
        assert refused(robot, "user_id:7/why", 404, identifier="user_id:99")["code"] == "not_found"
        assert refused(robot, "user_id:99/why", 404)["code"] == "not_found"


class TestPast:
    """`as_of`: what had been received by then."""

    def test_a_merge_is_undone_before_it_happened(self, robot: Client, shop: Shop) -> None:
        shop.send(person("m1", at=days_ago(9), user="7", city="Oslo"), at=days_ago(9))
        shop.send({"type": "group", "userId": "7", "groupId": "acme", "traits": {"name": "Acme"}}, at=days_ago(8))
        shop.send({"type": "page", "anonymousId": "a", "messageId": "p1"}, at=days_ago(5))
        shop.send(person("m2", at=days_ago(2), user="7", anon="a", city="Moss"), at=days_ago(2))
        everything = {"include": "traits,identifiers,companies,events"}
        then = ask(robot, "user_id:7", as_of=days_ago(4).isoformat(), **everything)
        assert then["traits"] == {"city": "Oslo"}
        assert [one["value"] for one in then["identifiers"]] == ["7"]
        assert [one["name"] for one in then["companies"]] == ["Acme"]
        assert [one["type"] for one in then["events"]] == ["group", "identify"]
        alone = ask(robot, "anonymous_id:a", as_of=days_ago(4).isoformat())
        assert alone["is_known"] is False
        assert alone["profile_id"] != then["profile_id"]
        now = ask(robot, "anonymous_id:a", **everything)
        assert now["profile_id"] == then["profile_id"]
        assert len(now["identifiers"]) == 2
        why = ask(robot, "user_id:7/why", trait="city", as_of=days_ago(4).isoformat())
        assert (why["value"], len(why["changes"])) == ("Oslo", 1)
        apart = ask(robot, "user_id:7/why", pair="user_id:7,anonymous_id:a", as_of=days_ago(4).isoformat())
        assert (apart["is_one_person"], apart["obstacles"][0]["reason"]) == (False, "unlinked")

    def test_moments_that_are_none_and_people_not_known_yet(self, robot: Client, shop: Shop) -> None:
        shop.identify("7", at=days_ago(1))
        assert refused(robot, "user_id:7", 404, as_of=days_ago(3).isoformat())["code"] == "not_found"
        assert refused(robot, "user_id:7", 400, as_of="yesterday")["code"] == "as_of_invalid"
        assert refused(robot, "user_id:7", 400, as_of="9998-01-01")["code"] == "as_of_invalid"
        assert ask(robot, "user_id:7", as_of=NOW.isoformat())["as_of"]

    def test_what_was_late_is_not_in_it_and_what_was_taken_back_never_was(
        self, robot: Client, bob: Client, shop: Shop
    ) -> None:
        shop.send(person("m1", at=days_ago(9), user="7", city="Oslo"), at=days_ago(9))
        shop.send(person("m2", at=days_ago(8), user="7", city="Moss"), at=days_ago(2))  # six days late
        shop.send(person("m3", at=days_ago(7), user="7", plan="gold", email="a@example.com"), at=days_ago(7))
        shop.send({"type": "retract", "source": "back-end", "messageIds": ["m3"]}, source=shop.internal)
        then = ask(robot, "user_id:7", as_of=days_ago(5).isoformat(), include="traits,identifiers,events")
        assert then["traits"] == {"city": "Oslo"}
        assert [one["namespace"] for one in then["identifiers"]] == ["user_id"]
        assert [one["message_id"] for one in then["events"]] == ["m1"]
        now = ask(robot, "user_id:7", as_of=days_ago(1).isoformat())
        assert now["traits"] == {"city": "Moss"}
        page = f"/people/{then['profile_id']}"
        html = bob.get(f"{page}?as_of={days_ago(5):%Y-%m-%dT%H:%M:%S}").content.decode()
        assert ">Oslo<" in html
        assert not any(word in html for word in ("Moss", "gold", "a@example.com"))

    def test_a_person_is_whole_again_before_they_were_unmerged(self, robot: Client, shop: Shop) -> None:
        shop.send(person("m1", at=days_ago(9), user="7", anon="a", city="Oslo"), at=days_ago(9))
        rule = {"type": "link", "rule": "never", "a": ["user_id", "7"], "b": ["anonymous_id", "a"]}
        shop.send({**rule, "messageId": "r1"}, source=shop.internal, at=days_ago(4))
        assert ask(robot, "user_id:7")["profile_id"] != ask(robot, "anonymous_id:a")["profile_id"]
        before = {"as_of": days_ago(5).isoformat()}
        whole = ask(robot, "anonymous_id:a", include="identifiers", **before)
        assert len(whole["identifiers"]) == 2
        assert ask(robot, "user_id:7/why", pair="user_id:7,anonymous_id:a", **before)["is_one_person"] is True
        after = ask(robot, "user_id:7/why", pair="user_id:7,anonymous_id:a", as_of=days_ago(3).isoformat())
        assert [one["reason"] for one in after["obstacles"]] == ["never"]

    def test_of_many_events_only_those_that_say_something_are_read(
        self, robot: Client, shop: Shop, monkeypatch: Any
    ) -> None:
        shop.send(person("m1", at=days_ago(9), user="7", anon="a", city="Oslo"), at=days_ago(9))
        shop.send(*({"type": "track", "event": "X", "userId": "7"} for _ in range(5)), at=days_ago(8))
        shop.send({"type": "group", "userId": "7", "groupId": "acme", "traits": {"name": "Acme"}}, at=days_ago(7))
        shop.send(person("m2", at=days_ago(2), user="7", city="Moss"), at=days_ago(2))
        asked = {"as_of": days_ago(5).isoformat(), "include": "traits,identifiers,companies"}
        whole = ask(robot, "user_id:7", **asked)
        monkeypatch.setattr("onefold.profiles.standing.MAX_FOLDED", 3)
        assert ask(robot, "user_id:7", **asked) == whole
        assert (whole["traits"], len(whole["companies"])) == ({"city": "Oslo"}, 1)

    def test_a_conflict_among_too_many_events_cannot_be_told(self, robot: Client, shop: Shop, monkeypatch: Any) -> None:
        shop.send(person("m1", at=days_ago(3), user="7", email="ada@example.com"), at=days_ago(3))
        shop.send(person("m2", at=days_ago(2), user="8", email="ada@example.com"), at=days_ago(2))
        shop.send(*({"type": "track", "event": "X", "userId": "7"} for _ in range(3)), at=days_ago(1))
        assert ask(robot, "user_id:7", as_of=NOW.isoformat())["profile_id"]
        monkeypatch.setattr("onefold.profiles.standing.MAX_FOLDED", 4)
        assert refused(robot, "user_id:7", 400, as_of=NOW.isoformat())["code"] == "too_many_events"
