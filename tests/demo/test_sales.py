"""The sample shop's sales side: everything belongs together, lies where it must in time, and is there once."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import pytest

from onefold.infra.postgres import load_queries
from tests.demo.shop import Demo, demo_folder
from tests.demo.test_demo import kill
from tests.waiting import wait_until

NOW: Final = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
TEAM: Final = ["aino.korpela", "hedda.lund", "isak.berg", "linnea.strom", "mikkel.holm"]
FAULTS: Final = load_queries("tests.demo", "faults.sql")
COUNTS: Final = (
    "select (select count(*) from deal), (select count(*) from activity), (select count(*) from task),"
    " (select count(*) from product), (select count(*) from pipeline), (select count(*) from exchange_rate)"
)


@pytest.fixture(scope="module")
def selling() -> Iterator[Demo]:
    """Killed in the midst of it and started again: its sales side there."""
    with demo_folder() as one:
        one.has_sales = True
        one.start()
        wait_until(lambda: one.value("select count(*) from deal") > 0, 60, "first deals")
        kill(one)
        one.start()
        wait_until(lambda: is_complete(one), 90, "the sales side")
        one.settle()
        yield one


def is_complete(demo: Demo) -> bool:
    assert "not complete" not in demo.said(), demo.said()
    return bool(demo.value("select count(distinct owner) from deal") == len(TEAM))


def test_a_sales_team_with_half_a_year_of_work(selling: Demo) -> None:
    assert selling.query(COUNTS) == [(800, 2_000, 400, 20, 2, 3)]
    users = selling.query("select username, role, password like '!%%' from accounts_user where last_login is not null")
    roles = {"hedda.lund": "manager", "mikkel.holm": "manager"}
    assert sorted(users) == [(name, roles.get(name, "sales"), True) for name in TEAM]
    teams = selling.query(
        "select t.name, count(*) from sales_team t join sales_team_member m on m.team = t.id group by 1 order by 1"
    )
    assert teams == [("Corporate gear", 2), ("Wholesale", 3)]
    assert selling.value("select count(*) from company where traits ? 'domain' and traits ? 'employees'") == 300
    assert selling.value("select count(*) from company where traits ? 'parent'") > 10
    kinds = dict(selling.query("select kind, count(*) from activity group by kind"))
    assert min(kinds[kind] for kind in ("call", "email", "meeting", "note")) > 150
    assert selling.value("select count(distinct outcome) from activity where kind = 'call'") == 5
    currencies = dict(selling.query("select currency, count(*) from deal group by currency"))
    assert set(currencies) == {"EUR", "NOK", "SEK", "USD"}
    assert currencies["EUR"] > 400
    in_stages = selling.query(
        "select s.name, count(d.id) from stage s left join deal d on d.stage = s.id group by s.id"
    )
    assert len(in_stages) == 12
    assert min(count for _, count in in_stages) >= 5


def test_it_is_there_once_and_stays_as_it_was_left(selling: Demo) -> None:
    with selling.connection() as conn:
        conn.execute("update pipeline set name = 'Shops' where name = 'Wholesale'")
    before = selling.query(COUNTS), selling.value("select count(*) from event_log")
    selling.stop()
    selling.start()
    assert "sales team" not in selling.said()
    assert (selling.query(COUNTS), selling.value("select count(*) from event_log")) == before
    assert selling.value("select count(*) from accounts_user") == 6


@pytest.mark.parametrize("fault", FAULTS)
def test_everything_belongs_together(selling: Demo, fault: str) -> None:
    assert selling.query(FAULTS[fault]) == []


def test_deals_are_as_far_back_and_as_full_as_they_should_be(selling: Demo) -> None:
    age_days = selling.value("select extract(epoch from now() - min(created_at)) / 86400 from deal")
    assert 150 < age_days < 190
    assert selling.value("select count(distinct deal) from deal_item") > 400
    assert selling.value("select count(distinct record) from record_person") > 300
    overdue, later = selling.query(
        "select count(*) filter (where close_on < now()), count(*) filter (where close_on > now())"
        " from deal where state = 'open'"
    )[0]
    assert 10 < overdue < later


def test_deals_are_done_with_people_who_are_known_from_the_shop(selling: Demo) -> None:
    known = selling.value(
        "select count(distinct d.person) from deal d join node n on n.h = d.person where n.ns = 2 and n.val like 'C-%%'"
    )
    assert known > 50
    person = selling.value("select val from node join deal d on d.person = h where ns = 2 order by d.id limit 1")
    timeline = selling.api(f"/profiles/user_id:{person}", include="events", limit="200")["events"]
    names = {one["name"] for one in timeline}
    assert "Deal Created" in names
    assert names & {"Product Viewed", "Home", "Signed Up"}


def test_people_are_somebodys_and_as_far_as_their_deals(selling: Demo) -> None:
    owned = "from profile_traits t join accounts_user u on t.traits -> 'owner' = to_jsonb(u.id)"
    assert selling.value(f"select count(distinct u.id) {owned}") == 5
    stages = dict(selling.query(f"select t.traits ->> 'lifecycle_stage', count(*) {owned} group by 1"))
    assert min(stages[one] for one in ("lead", "qualified", "opportunity", "customer")) >= 10
    far = "join node n on n.prof = t.id join deal d on d.person = n.h where d.state = 'open'"
    assert selling.value(f"select count(*) {owned} {far} and t.traits ->> 'lifecycle_stage' = 'visitor'") == 0


def test_calls_that_reached_somebody_differ(selling: Demo) -> None:
    texts = [text for (text,) in selling.query("select transcript from activity where transcript <> ''")]
    assert len(texts) > 400
    assert len(set(texts)) == len(texts)
    assert min(len(text.splitlines()) for text in texts) >= 5


def test_there_is_something_to_do_today(selling: Demo) -> None:
    todo = "select count(*) from task where done_at is null and "
    assert selling.value(todo + "due_at::date = now()::date") == 30
    assert selling.value(todo + "due_at::date < now()::date") == 45
    assert selling.value(todo + "due_at::date > now()::date") == 150
    assert selling.value("select count(*) from task where done_at between created_at and now()") == 175
    of_demo = "select count(*) from task t join accounts_user u on u.id = t.owner where u.username = 'demo'"
    assert 5 < selling.value(of_demo) < 40


def test_the_log_tells_all_of_it(selling: Demo) -> None:
    told = dict(selling.query("select name, count(*) from event where source_id = 1 and name <> '' group by name"))
    assert told["Deal Created"] == 800
    assert told["Deal Won"] + told["Deal Lost"] == selling.value("select count(*) from deal where state <> 'open'")
    assert told["Call Logged"] == selling.value("select count(*) from activity where kind = 'call'")
    assert told["Task Completed"] == 175
    assert selling.value("select count(*) from violation where source_id = 1") == 0


def test_the_same_moment_makes_the_same_work(django_access: None) -> None:
    from onefold.programs.demo.sales.customers import accounts, events  # the CRM needs Django to be set up
    from onefold.programs.demo.sales.lives import deals_of
    from onefold.programs.demo.sales.team import TEAM as MEMBERS
    from onefold.programs.demo.sales.work import activities_of, tasks_of

    def made() -> list[Any]:
        rng = Random(1)  # noqa: S311 as the demo
        deals = deals_of(rng, MEMBERS[0], accounts()[MEMBERS[0].username], NOW)
        return [deals, activities_of(rng, MEMBERS[0], deals, NOW), tasks_of(rng, MEMBERS[0], deals, NOW, UTC)]

    assert made() == made()
    assert events(NOW) == events(NOW)
    told = Counter(event["messageId"] for event in events(NOW))
    assert max(told.values()) == 1


@pytest.mark.parametrize("hour", [0, 7, 12, 23])
@pytest.mark.parametrize("weekday", [0, 4, 5, 6])
def test_whenever_it_is_made_it_lies_in_the_past(django_access: None, hour: int, weekday: int) -> None:
    from onefold.programs.demo.sales.customers import accounts
    from onefold.programs.demo.sales.lives import deals_of
    from onefold.programs.demo.sales.team import TEAM as MEMBERS
    from onefold.programs.demo.sales.work import ACTIVITIES_EACH, TASKS_EACH, activities_of, tasks_of

    now = datetime(2026, 3, 2, hour, 10, tzinfo=UTC) + timedelta(days=weekday)
    for member in MEMBERS:
        rng = Random(hour * 7 + weekday)  # noqa: S311 as the demo
        deals = deals_of(rng, member, accounts()[member.username], now)
        for deal in deals:
            way = [deal.created_at, *(move.at for move in deal.moves)]
            assert way == sorted(set(way))
            assert way[-1] < now
        activities, tasks = activities_of(rng, member, deals, now), tasks_of(rng, member, deals, now, UTC)
        assert (len(activities), len(tasks)) == (ACTIVITIES_EACH, TASKS_EACH)
        for work in (*activities, *tasks):
            assert deals[work.deal].created_at <= work.at <= deals[work.deal].until < now
            assert work.done_at is None or work.at <= work.done_at <= deals[work.deal].until
