"""Reports on sales: figures against plain loops over all rows, the lists that each leads to, rights."""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import pytest
from django.test import Client
from psycopg import Connection

from onefold.accounts.api import Role
from onefold.crm.catalogue import Asking
from onefold.crm.listing import Question, totals_of
from onefold.crm.pipelines import load_pipelines
from onefold.crm.policy import set_fields, set_reaches
from onefold.crm.report_asking import ReportAsked
from onefold.crm.report_making import ReportTooSlow, answer_of, csv_of, make_report
from onefold.crm.report_state import REPORTS, ReportRejected, days_of, report_state
from onefold.crm.report_tables import Report, ReportRow
from onefold.crm.teams import add_member, add_team
from onefold.crm.viewer import Doing, FieldRight, Reach
from onefold.filters.api import from_json, in_all
from onefold.infra.postgres import connect
from tests.crm.api import Api
from tests.crm.floor import Floor
from tests.crm.sales_reference import KINDS, Reference, fill

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY: Final = NOW.date()


@pytest.fixture
def sales(floor: Floor) -> Floor:
    """Sam's floor, with two years of sales of all owners."""
    floor.enter(Role.EDITOR)
    chance = Random(6)  # noqa: S311 the same for every run
    fill(floor.conn, chance, [*(user.pk for user in floor.users.values()), None], NOW)
    return floor


def ask(conn: Connection[Any], asking: Asking, **given: str) -> ReportAsked:
    pipelines = load_pipelines(conn)
    return ReportAsked(
        conn=conn, asking=asking, pipelines=pipelines, state=report_state(given, pipelines, TODAY), now=NOW
    )


def made(floor: Floor, **given: str) -> Report:
    return make_report(ask(floor.conn, floor.asking(), **given))


def reference(floor: Floor, **given: str) -> Reference:
    asked = ask(floor.conn, floor.asking(), **given)
    owner = given.get("owner", "")
    owners: dict[str, set[int | None] | None] = {
        "": None,
        "me": {floor.users["own"].pk},
        f"team:{floor.team}": {floor.users["own"].pk, floor.users["mate"].pk},
    }
    pipelines = [one.id for one in asked.chosen]
    return Reference(floor.conn, pipelines, owners[owner], asked.state.first, asked.state.last, TODAY)


def check(row: ReportRow, expected: dict[str, Any]) -> None:
    found = {
        name: None if row.figures[name].value is None else float(row.figures[name].value or 0) for name in expected
    }
    wanted = {name: None if value is None else float(value) for name, value in expected.items()}
    assert found == pytest.approx(wanted), row.title


QUESTIONS: Final = (
    {"pipeline": "all", "period": "365d"},
    {"period": "days", "first": "2025-03-10", "last": "2026-01-17", "owner": "team"},
    {"pipeline": "all", "period": "last_year", "owner": "me"},
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_figures_are_those_of_plain_loops(question: dict[str, str], sales: Floor) -> None:
    given = question | ({"owner": f"team:{sales.team}"} if question.get("owner") == "team" else {})
    slow = reference(sales, **given)
    for row in made(sales, report="stages", **given).tables[0].rows:
        if not row.is_total:
            check(row, slow.stage(int(row.key)))
    for row in made(sales, report="conversion", **given).tables[0].rows:
        check(row, slow.conversion(int(row.key)))
    for row in made(sales, report="velocity", **given).tables[0].rows:
        slow.deals, every = [one for one in slow.deals if one["pipeline"] == int(row.key)], slow.deals
        check(row, slow.velocity())
        slow.deals = every
    results = made(sales, report="results", **given)
    for row in results.tables[0].rows:
        check(row, slow.month(row.key))
    for row in results.tables[1].rows:
        months = {name: slow.reasons(name)[row.key] for name in row.figures if name[0] == "2"}
        check(row, {"lost": slow.reasons("total")[row.key], **months})
    for row in made(sales, report="forecast", **given).tables[0].rows:
        check(row, slow.forecast(row.key))
    people = made(sales, report="people", **given)
    by_name: dict[str, set[int | None] | None] = {user.username: {user.pk} for user in sales.users.values()}
    for row in people.tables[0].rows:
        check(row, slow.person((by_name | {"": {None}, "total": None})[row.key]))
    check(people.tables[1].rows[0], slow.person({sales.users["own"].pk, sales.users["mate"].pk}))


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_figure_leads_to_just_what_it_counts(report: str, question: dict[str, str], sales: Floor) -> None:
    given = question | ({"owner": f"team:{sales.team}"} if question.get("owner") == "team" else {})
    lead_somewhere(sales, made(sales, report=report, **given))


def lead_somewhere(floor: Floor, report: Report, least: int = 3) -> None:
    asking = floor.asking()
    counted = 0
    for table in report.tables:
        for row in table.rows:
            for column in table.columns:
                figure = row.figures[column.name]
                if figure.filter and figure.value is not None:
                    tree = in_all(from_json(figure.filter))
                    kind = asking.objects[figure.object]
                    found = totals_of(floor.conn, Question(asking=asking, kind=kind, tree=tree, now=NOW))
                    assert found.count == figure.value, (table.name, row.title, column.name)
                    counted += figure.value > 0
    assert counted >= least


@pytest.mark.parametrize("see", [Reach.OWN, Reach.TEAM])
def test_reports_are_of_what_the_reader_may_see(see: Reach, sales: Floor) -> None:
    for name in ("deal", "activity", "task"):
        set_reaches(sales.conn, "editor", {(name, Doing.SEE): see}, acting_user="test")
    mine = {"own"} if see is Reach.OWN else {"own", "mate"}
    slow = reference(sales, pipeline="all", period="365d")
    slow.owners = {sales.users[one].pk for one in mine}
    slow.__post_init__()
    people = made(sales, report="people", pipeline="all", period="365d").tables[0]
    assert {row.key for row in people.rows} == {sales.users[one].username for one in mine} | {"total"}
    check(people.rows[-1], slow.person(None))
    for row in made(sales, report="stages", pipeline="all").tables[0].rows[:-1]:
        check(row, slow.stage(int(row.key)))
    for row in made(sales, report="conversion", pipeline="all", period="365d").tables[0].rows:
        check(row, slow.conversion(int(row.key)))
    for name in REPORTS:
        lead_somewhere(sales, made(sales, report=name, pipeline="all", period="365d"), least=1)


def test_who_sees_no_activities_is_told_none(sales: Floor) -> None:
    set_reaches(sales.conn, "editor", {("activity", Doing.SEE): Reach.NONE}, acting_user="test")
    people = made(sales, report="people", pipeline="all", period="365d").tables[0]
    assert [one.name for one in people.columns] == ["tasks", "made", "won", "lost", "won_sum"]
    assert [people.rows[-1].figures[kind].value for kind in KINDS] == [0] * len(KINDS)


@pytest.mark.parametrize("report", REPORTS)
def test_hidden_amounts_make_no_sums(report: str, sales: Floor) -> None:
    set_fields(sales.conn, "editor", sales.kind("deal"), {"amount": FieldRight.HIDDEN}, acting_user="test")
    asked = ask(sales.conn, sales.asking(), report=report, pipeline="all", period="365d")
    found = make_report(asked)
    assert all(column.kind != "money" for table in found.tables for column in table.columns)
    told = str(answer_of(asked, found))
    assert "sum" not in told
    assert {"average", "by_day"}.isdisjoint(column.name for table in found.tables for column in table.columns)
    lead_somewhere(sales, found, least=1)


@pytest.mark.parametrize(("field", "report", "tables"), [("close_on", "forecast", 0), ("lost_reason", "results", 1)])
def test_what_is_hidden_is_in_no_report(field: str, report: str, tables: int, sales: Floor) -> None:
    set_fields(sales.conn, "editor", sales.kind("deal"), {field: FieldRight.HIDDEN}, acting_user="test")
    assert len(made(sales, report=report, pipeline="all", period="365d").tables) == tables


def test_a_team_counts_with_those_below_it(sales: Floor) -> None:
    upper = add_team(sales.conn, "All of sales", acting_user="test")
    sales.conn.execute("update sales_team set parent = %s where id = %s", [upper, sales.team])
    add_member(sales.conn, upper, "stranger", acting_user="test")
    teams = made(sales, report="people", pipeline="all", period="365d").tables[1]
    assert [(row.title, row.depth) for row in teams.rows] == [("All of sales", 0), ("North", 1)]
    slow = reference(sales, pipeline="all", period="365d")
    check(teams.rows[0], slow.person({user.pk for user in sales.users.values()}))
    lead_somewhere(sales, made(sales, report="stages", pipeline="all", owner=f"team:{upper}"))


def test_pages_csv_and_api_say_the_same(
    sales: Floor, make_api: Callable[..., Api], browser_of: Callable[..., Client]
) -> None:
    browser, api = browser_of("ann"), make_api("uma")
    for name in REPORTS:
        address = f"/sales/reports?report={name}&pipeline=all&period=last_year"
        page = browser.get(address)
        assert page.status_code == 200
        lines = browser.get(address.replace("reports?", "reports.csv?")).content.decode().splitlines()
        told = api.get(f"reports/{name}?pipeline=all&period=last_year")
        assert len(lines) == len(told["tables"][0]["rows"]) + 1
        assert told["tables"][0]["rows"][0]["title"].encode() in page.content
    refused = browser.get("/sales/reports?report=weather")
    assert refused.status_code == 400
    assert "stages, conversion" in refused.content.decode()


def test_cells_of_csv_are_no_formulas(sales: Floor) -> None:
    sales.conn.execute("update stage set name = '=1+1' where name = 'Qualified'")
    assert "'=1+1" in csv_of(made(sales, report="stages").tables[0])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"report": "x"}, "There are: stages"),
        ({"period": "x"}, "30d"),
        ({"pipeline": "99"}, "all"),
        ({"period": "days", "first": "2026-01-01"}, "2026-05-17"),
        ({"period": "days", "first": "2026-02-01", "last": "2026-01-01"}, "1,100"),
        ({"period": "days", "first": "2020-02-01", "last": "2026-01-01"}, "1,100"),
    ],
)
def test_a_question_that_cant_be_asked_is_told_what_can(given: dict[str, str], said: str, sales: Floor) -> None:
    with pytest.raises(ReportRejected, match=said):
        ask(sales.conn, sales.asking(), **given)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("30d", "2026-10-25", "2026-11-23"),
        ("month", "2026-11-01", "2026-11-23"),
        ("last_month", "2026-10-01", "2026-10-31"),
        ("quarter", "2026-10-01", "2026-11-23"),
        ("last_quarter", "2026-07-01", "2026-09-30"),
        ("year", "2026-01-01", "2026-11-23"),
        ("last_year", "2025-01-01", "2025-12-31"),
    ],
)
def test_periods_are_whole_days(period: str, first: str, last: str) -> None:
    assert [one.isoformat() for one in days_of(period, TODAY)] == [first, last]


def test_a_deal_that_came_back_into_a_stage_counts_once(sales: Floor) -> None:
    assert sales.conn.execute(
        "select count(*) from (select from deal_stay group by deal, stage having count(*) > 1) again"
    ).fetchone() != (0,), "the random deals have such ones"


def test_what_takes_too_long_says_what_to_choose(sales: Floor, pg_url: str) -> None:
    asked = ask(sales.conn, sales.asking(), report="conversion", pipeline="all", period="365d")
    with connect(pg_url, "tests", autocommit=True) as other, other.transaction():
        other.execute("lock table deal_stay in access exclusive mode")
        sales.conn.execute("set statement_timeout = '50ms'")
        with pytest.raises(ReportTooSlow, match="shorter period"):
            make_report(asked)
