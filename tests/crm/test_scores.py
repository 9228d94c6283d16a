"""Scores: against a plain reference, as people do things and time passes, and from rules to pages and lists."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection

from onefold.accounts.api import Role
from onefold.crm.errors import SetupMissing, SetupRejected
from onefold.crm.score_setup import MAX_RULES, RuleWanted, add_rule, archive_rule, change_rule
from onefold.crm.scores import archived_rules, load_rules, reckon_scores, score_now
from onefold.crm.scoring import HORIZON, Deed, Earns, ScoreRule, score_of
from onefold.events.api import Kind
from onefold.kernel.hashing import identifier_hash
from onefold.profiles.api import to_text
from tests.crm.api import Api
from tests.web.conftest import NOW, Shop

START: Final = datetime(2026, 6, 1, tzinfo=UTC)
ADMIN: Final = "user:admin"
NAMES: Final = ("Form Submitted", "Order Completed", "Other")


def whose(conn: Connection[Any], user: str) -> int:
    row = conn.execute("select prof from node where h = %s", [identifier_hash("user_id", user)]).fetchone()
    assert row is not None
    return int(row[0])


def stored(conn: Connection[Any]) -> dict[int, int]:
    for _ in range(5):
        reckon_scores(conn)
    return dict(conn.execute("select person, points from lead_score").fetchall())


def plain(rules: list[ScoreRule], deeds: list[Deed], now: datetime) -> float:
    """Rule by rule, event by event, without cleverness."""
    total = 0.0
    for rule in rules:
        mine = []
        for deed in deeds:
            is_page = rule.kind is Earns.PAGE and deed.kind in (Kind.PAGE, Kind.SCREEN)
            is_event = rule.kind is Earns.EVENT and deed.kind == Kind.TRACK and deed.name == rule.subject
            if (is_page or is_event) and deed.at > now - HORIZON:
                mine.append(deed)
        mine.sort(key=lambda deed: deed.at)
        for deed in mine[-rule.most :]:
            days = max((now - deed.at) / timedelta(days=1), 0)
            total += rule.points * (1 if rule.half_life_days is None else 2 ** (-days / rule.half_life_days))
    return total


_DEEDS: Final = st.lists(
    st.builds(
        lambda kind, name, hours: Deed(kind, name, START + timedelta(hours=hours)),
        st.sampled_from([Kind.TRACK, Kind.PAGE, Kind.SCREEN, Kind.IDENTIFY]),
        st.sampled_from(NAMES),
        st.integers(-9_000, 100),
    ),
    max_size=30,
    unique_by=lambda deed: deed.at,
)
_RULES: Final = st.lists(
    st.builds(
        lambda kind, name, points, half, most: ScoreRule(1, kind, name, "", points, half, most),
        st.sampled_from([Earns.PAGE, Earns.EVENT]),
        st.sampled_from(NAMES),
        st.integers(-50, 50).filter(bool),
        st.one_of(st.none(), st.integers(1, 365)),
        st.integers(1, 5),
    ),
    max_size=5,
)


class TestReckoning:
    @given(_RULES, _DEEDS, st.randoms(use_true_random=False))
    def test_as_the_plain_reference_says_in_any_order(
        self, rules: list[ScoreRule], deeds: list[Deed], random: Any
    ) -> None:
        shuffled = list(deeds)
        random.shuffle(shuffled)
        score = score_of(rules, {}, shuffled, START)
        assert sum(one.points for one in score.reasons) == pytest.approx(plain(rules, deeds, START), abs=1e-6)

    def test_points_are_halved_each_half_life(self) -> None:
        rule = ScoreRule(1, Earns.EVENT, "Other", "", 80, 10, 5)
        deeds = [Deed(Kind.TRACK, "Other", START)]
        points = [score_of([rule], {}, deeds, START + timedelta(days=days)).points for days in (0, 10, 20, 364, 366)]
        assert points == [80, 40, 20, 0, 0]

    @pytest.mark.parametrize(
        ("held", "wanted", "is_held"),
        [
            ("Pro", "pro", True),
            ("Pro", "", True),
            ("", "", False),
            (None, "", False),
            (0, "0", True),
            (False, "false", True),
            (["a", "B"], "b", True),
            ([], "", False),
            ({"a": 1}, "b", False),
        ],
    )
    def test_a_trait_earns_once_for_a_value_or_the_one_wanted(self, held: Any, wanted: str, *, is_held: bool) -> None:
        rule = ScoreRule(1, Earns.TRAIT, "plan", wanted, 7, None, 1)
        assert score_of([rule], {"plan": held}, [], START).points == (7 if is_held else 0)


class TestFollowing:
    def test_scores_follow_what_people_do(self, shop: Shop) -> None:
        conn = shop.conn
        shop.identify("1", email="ada@example.com", title="Countess")
        shop.identify("2", name="Ben")
        assert stored(conn) == {whose(conn, "1"): 10}
        for number in range(5):  # the newest three count
            shop.send({"type": "track", "userId": "2", "event": "Form Submitted", "messageId": f"m{number}"})
        shop.send({"type": "track", "anonymousId": "nobody", "event": "Form Submitted"})
        assert stored(conn) == {whose(conn, "1"): 10, whose(conn, "2"): 60}
        assert score_now(conn, whose(conn, "2")).points == 60
        assert reckon_scores(conn) == 0, "nothing came since"

    def test_what_fades_is_reckoned_anew_after_a_day_and_who_has_nothing_left_leaves(self, shop: Shop) -> None:
        conn = shop.conn
        shop.identify("1", name="Ada")
        day = NOW - timedelta(days=30)
        shop.send({"type": "track", "userId": "1", "event": "Form Submitted", "timestamp": day.isoformat()}, at=day)
        assert stored(conn) == {whose(conn, "1"): 10}
        conn.execute("update lead_score set at = now() - interval '2 days', points = 20")
        assert stored(conn) == {whose(conn, "1"): 10}
        conn.execute("delete from event")
        conn.execute("update lead_score set at = now() - interval '2 days'")
        assert stored(conn) == {}

    def test_who_is_gone_leaves(self, shop: Shop) -> None:
        conn = shop.conn
        shop.identify("1", email="ada@example.com")
        assert stored(conn)
        conn.execute("delete from profile")
        conn.execute("update people_follower set after = -9223372036854775808")
        assert stored(conn) == {}

    def test_merged_people_have_one_score(self, shop: Shop) -> None:
        conn = shop.conn
        shop.identify("1", email="ada@example.com")
        shop.send({"type": "track", "anonymousId": "a", "event": "Form Submitted"})
        shop.send({"type": "identify", "userId": "1", "anonymousId": "a"})
        assert stored(conn) == {whose(conn, "1"): 25}


class TestRules:
    def test_a_change_is_reckoned_for_everybody(self, shop: Shop) -> None:
        conn = shop.conn
        shop.send({"type": "track", "userId": "1", "event": "Call Asked"})
        assert stored(conn) == {}
        number = add_rule(conn, RuleWanted(kind="event", subject=" Call Asked ", points=-30, most=2), acting_user=ADMIN)
        assert stored(conn) == {whose(conn, "1"): -30}
        change_rule(conn, number, RuleWanted(kind="event", subject="Call Asked", points=30), acting_user=ADMIN)
        assert stored(conn) == {whose(conn, "1"): 30}
        archive_rule(conn, number, is_archived=True, acting_user=ADMIN)
        assert (stored(conn), [one.id for one in archived_rules(conn)]) == ({}, [number])
        archive_rule(conn, number, is_archived=False, acting_user=ADMIN)
        assert stored(conn) == {whose(conn, "1"): 30}

    @pytest.mark.parametrize(
        "fields",
        [
            {"kind": "magic"},
            {"subject": " \0"},
            {"subject": "x" * 10_000},
            {"kind": "trait", "value": "x" * 201},
            {"points": 0},
            {"points": 1_001},
            {"half_life_days": 0},
            {"half_life_days": 366},
            {"most": 0},
            {"most": 101},
        ],
    )
    def test_what_a_rule_cannot_be_is_said(self, shop: Shop, fields: dict[str, Any]) -> None:
        before = load_rules(shop.conn)
        given: dict[str, Any] = {"kind": "event", "subject": "Other", "points": 5, **fields}
        with pytest.raises(SetupRejected):
            add_rule(shop.conn, RuleWanted(**given), acting_user=ADMIN)
        assert load_rules(shop.conn) == before

    def test_there_may_be_so_many(self, shop: Shop) -> None:
        conn = shop.conn
        wanted = RuleWanted(kind="page", subject="", points=1)
        added = [add_rule(conn, wanted, acting_user=ADMIN) for _ in range(MAX_RULES - len(load_rules(conn)))]
        with pytest.raises(SetupRejected, match="Archive one first"):
            add_rule(conn, wanted, acting_user=ADMIN)
        archive_rule(conn, added[-1], is_archived=True, acting_user=ADMIN)
        add_rule(conn, wanted, acting_user=ADMIN)
        with pytest.raises(SetupRejected, match="Archive one first"):
            archive_rule(conn, added[-1], is_archived=False, acting_user=ADMIN)
        with pytest.raises(SetupMissing):
            change_rule(conn, 10**9, wanted, acting_user=ADMIN)


class TestPages:
    def test_from_a_rule_to_a_list(self, people: Shop, browser_of: Callable[..., Client]) -> None:
        conn = people.conn
        admin = browser_of("root", Role.ADMIN)
        sent = {"kind": "event", "subject": "<b>Called</b>", "points": "40", "half_life_days": "30", "most": "2"}
        assert admin.post("/settings/crm/scores", sent).status_code == 302
        assert "&lt;b&gt;Called&lt;/b&gt;" in admin.get("/settings/crm/scores").content.decode()
        people.send({"type": "track", "userId": "1", "event": "<b>Called</b>"})
        people.identify("9", name="Zoe")
        reckon_scores(conn)
        html = admin.get(f"/records/of/person/{to_text(whose(conn, '1'))}/fields").content.decode()
        assert 'class="n strong">45<' in html
        assert "&lt;b&gt;Called&lt;/b&gt;" in html
        field = "trait:lead_score"
        for op, expected in (("gt", {"Ada"}), ("lt", set())):
            tree = {"type": "all", "of": [{"type": "number", "field": field, "op": op, "value": 40}]}
            address = urlencode({"filter": json.dumps({"v": 1, "where": tree}), "col": ["name", field]}, doseq=True)
            html = admin.get(f"/people?{address}").content.decode()
            assert {name for name in ("Ada", "Zoe") if f">{name}</a>" in html} == expected
            assert (">45<" in html) is bool(expected)
        html = admin.get(f"/people?sort=-{field}&col=name&col={field}").content.decode()
        assert html.index(">Ada</a>") < html.index(">Zoe</a>")

    @pytest.mark.parametrize("points", ["", "many", "1.5", "9" * 40, "0"])
    def test_awful_points_are_said_beside_the_form(self, browser_of: Callable[..., Client], points: str) -> None:
        admin = browser_of("root", Role.ADMIN)
        answer = admin.post("/settings/crm/scores", {"kind": "event", "subject": "x", "points": points})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()

    def test_programs_are_told_why(self, people: Shop, api: Api) -> None:
        told = api.get("profiles/user_id:1/fields")["score"]
        assert told == {
            "points": 5,
            "reasons": [{"kind": "trait", "subject": "email", "times": 1, "points": 5}],
        }
