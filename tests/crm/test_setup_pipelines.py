"""What administrators do with pipelines, stages and exchange rates, and what becomes of deals meanwhile."""

from decimal import Decimal
from typing import Any

import pytest

from onefold.crm.errors import SetupMissing, SetupRejected, StageRefused
from onefold.crm.jobs import reckon_all
from onefold.crm.objects import STANDARD
from onefold.crm.pipeline_setup import (
    add_pipeline,
    archive_pipeline,
    order_pipelines,
    rename_pipeline,
    restore_pipeline,
)
from onefold.crm.pipelines import Stage, load_pipelines
from onefold.crm.rates import load_rates, remove_rate, set_rate
from onefold.crm.reckoning import AT_ONCE
from onefold.crm.records import create_records, load_record
from onefold.crm.stage_setup import (
    MAX_STAGES,
    StageWanted,
    add_stage,
    archive_stage,
    change_stage,
    order_stages,
    restore_stage,
)
from onefold.crm.viewer import Viewer
from tests.crm.conftest import new
from tests.web.conftest import Shop

ADMIN = "user:mia"
Team = dict[str, Viewer]


def stages_of(shop: Shop, pipeline: int | None = None) -> dict[str, Stage]:
    """Those that aren't archived, by name, in order."""
    known = load_pipelines(shop.conn)
    one = known.usual if pipeline is None else known.pipeline(pipeline)
    assert one is not None
    return {stage.name: stage for stage in one.stages}


def amounts(shop: Shop, *deals: int) -> list[tuple[Any, Any]]:
    rows = shop.conn.execute("select home_amount, weighted from deal where id = any(%s) order by id", [list(deals)])
    return rows.fetchall()


def actions(shop: Shop) -> list[str]:
    return [action for (action,) in shop.conn.execute("select action from audit where actor = 'user:mia' order by id")]


class TestPipelines:
    def test_a_new_one_has_what_every_pipeline_needs(self, shop: Shop, team: Team) -> None:
        number = add_pipeline(shop.conn, "  Rental   fleet ", acting_user=ADMIN)
        one = load_pipelines(shop.conn).pipeline(number)
        assert one is not None
        assert one.name == "Rental fleet"
        assert [(stage.state, stage.probability) for stage in one.stages] == [("open", 20), ("won", 100), ("lost", 0)]
        new(shop.conn, "deal", team["mia"], name="Kayaks", stage=str(one.first.id))
        assert actions(shop)[0] == "pipeline.added"

    def test_names_are_told_apart(self, shop: Shop) -> None:
        number = add_pipeline(shop.conn, "Rental", acting_user=ADMIN)
        for name in ("rental", "", "x" * 10_000, None):
            with pytest.raises(SetupRejected) as fault:
                add_pipeline(shop.conn, name, acting_user=ADMIN)  # type: ignore[arg-type]  # as programs send it
            assert "name" in fault.value.faults
        with pytest.raises(SetupRejected, match="of this name already"):
            rename_pipeline(shop.conn, number, "SALES", acting_user=ADMIN)
        rename_pipeline(shop.conn, number, "Rentals <b>", acting_user=ADMIN)
        rename_pipeline(shop.conn, number, "Rentals <b>", acting_user=ADMIN)
        assert actions(shop) == ["pipeline.added", "pipeline.renamed"], "what changes nothing isn't told"

    def test_the_first_is_where_deals_go(self, shop: Shop) -> None:
        first = load_pipelines(shop.conn).usual.id
        second = add_pipeline(shop.conn, "Rental", acting_user=ADMIN)
        order_pipelines(shop.conn, [second, first], acting_user=ADMIN)
        assert load_pipelines(shop.conn).usual.id == second
        for wrong in ([second], [second, first, 99], [second, second]):
            with pytest.raises(SetupRejected, match="each of them once"):
                order_pipelines(shop.conn, wrong, acting_user=ADMIN)

    def test_one_that_deals_need_stays(self, shop: Shop, team: Team) -> None:
        first = load_pipelines(shop.conn).usual
        with pytest.raises(SetupRejected, match="the only pipeline"):
            archive_pipeline(shop.conn, first.id, acting_user=ADMIN)
        second = add_pipeline(shop.conn, "Rental", acting_user=ADMIN)
        new(shop.conn, "deal", team["mia"], name="Tents")
        with pytest.raises(SetupRejected, match="1 open deals go through “Sales”"):
            archive_pipeline(shop.conn, first.id, acting_user=ADMIN)
        archive_pipeline(shop.conn, second, acting_user=ADMIN)
        assert [one.name for one in load_pipelines(shop.conn).live] == ["Sales"]
        restore_pipeline(shop.conn, second, acting_user=ADMIN)
        assert [one.name for one in load_pipelines(shop.conn).live] == ["Sales", "Rental"]
        with pytest.raises(SetupMissing):
            restore_pipeline(shop.conn, 99, acting_user=ADMIN)


class TestStages:
    def test_an_open_one_comes_before_those_that_close(self, shop: Shop) -> None:
        wanted = StageWanted(name="Contract", probability=90, required=("amount",), checklist=("Signed", " Signed "))
        number = add_stage(shop.conn, load_pipelines(shop.conn).usual.id, wanted, acting_user=ADMIN)
        assert list(stages_of(shop)) == ["Qualified", "Meeting", "Proposal", "Negotiation", "Contract", "Won", "Lost"]
        one = load_pipelines(shop.conn).stages[number]
        assert (one.required, one.checklist) == (("amount",), ("Signed",))

    @pytest.mark.parametrize(
        ("wanted", "what"),
        [
            (StageWanted(name="meeting"), "name"),
            (StageWanted(name="x" * 10_000), "name"),
            (StageWanted(name="X", state="paused"), "state"),
            (StageWanted(name="X", probability=101), "probability"),
            (StageWanted(name="X", required=("stage",)), "required"),
            (StageWanted(name="X", required=("no_such",)), "required"),
            (StageWanted(name="X", checklist=["x" * 201]), "checklist"),
            (StageWanted(name="X", stale_days=0), "stale_days"),
        ],
    )
    def test_what_cannot_be_is_said(self, wanted: StageWanted, what: str, shop: Shop) -> None:
        with pytest.raises(SetupRejected) as fault:
            add_stage(shop.conn, load_pipelines(shop.conn).usual.id, wanted, acting_user=ADMIN)
        assert set(fault.value.faults) == {what}
        assert len(stages_of(shop)) == 6

    def test_there_are_not_too_many(self, shop: Shop) -> None:
        pipeline = load_pipelines(shop.conn).usual.id
        for n in range(MAX_STAGES - 6):
            add_stage(shop.conn, pipeline, StageWanted(name=f"S{n}"), acting_user=ADMIN)
        with pytest.raises(SetupRejected, match="up to 30 stages"):
            add_stage(shop.conn, pipeline, StageWanted(name="One more"), acting_user=ADMIN)

    def test_another_probability_is_another_weighted_amount(self, shop: Shop, team: Team) -> None:
        deals = [new(shop.conn, "deal", team["mia"], name="Tents", amount="1000.05", currency="EUR") for _n in range(2)]
        stage = stages_of(shop)["Qualified"]
        change_stage(shop.conn, stage.id, StageWanted(name="Qualified", probability=50), acting_user=ADMIN)
        half = (Decimal("1000.05"), Decimal("500.03"))  # half a cent is rounded up, as for one deal
        assert amounts(shop, *deals) == [half, half]
        assert new(shop.conn, "deal", team["mia"], name="One more", amount="1000.05", currency="EUR")
        last = shop.conn.execute("select weighted from deal order by id desc limit 1").fetchone()
        assert last == (Decimal("500.03"),)

    def test_the_worker_goes_on_with_very_many(self, shop: Shop, pg_url: str) -> None:
        stage = stages_of(shop)["Qualified"]
        shop.conn.execute(
            "insert into deal (name, pipeline, stage, state, amount, currency, home_amount, weighted, created_by)"
            " select 'D', %s, %s, 'open', n, 'EUR', n, n * 0.2, 'test' from generate_series(1, %s) n",
            [stage.pipeline, stage.id, AT_ONCE + 10],
        )
        change_stage(shop.conn, stage.id, StageWanted(name="Qualified", probability=30), acting_user=ADMIN)
        stale = "select count(*) from deal where weighted <> round(home_amount * 0.3, 2)"
        assert shop.conn.execute(stale).fetchone() == (10,)
        assert shop.conn.execute("select count(*) from procrastinate_jobs").fetchone() == (1,), "the worker is asked"
        assert reckon_all(pg_url) == 10
        assert shop.conn.execute(stale).fetchone() == (0,)
        assert reckon_all(pg_url) == 0, "safe to repeat"

    def test_won_and_lost_are_certain(self, shop: Shop) -> None:
        number = add_stage(
            shop.conn,
            load_pipelines(shop.conn).usual.id,
            StageWanted(name="Won by phone", state="won", probability=3, stale_days=5),
            acting_user=ADMIN,
        )
        one = load_pipelines(shop.conn).stages[number]
        assert (one.probability, one.stale_days) == (100, None)

    def test_deals_do_not_become_won_by_their_stage(self, shop: Shop, team: Team) -> None:
        new(shop.conn, "deal", team["mia"], name="Tents")
        stages = stages_of(shop)
        with pytest.raises(SetupRejected, match="1 deals stand in “Qualified”"):
            change_stage(shop.conn, stages["Qualified"].id, StageWanted(name="Q", state="won"), acting_user=ADMIN)
        with pytest.raises(SetupRejected, match="needs a stage that is open, one won and one lost"):
            change_stage(shop.conn, stages["Won"].id, StageWanted(name="Won", state="open"), acting_user=ADMIN)
        change_stage(shop.conn, stages["Meeting"].id, StageWanted(name="Bought", state="won"), acting_user=ADMIN)
        assert stages_of(shop)["Bought"].probability == 100

    def test_they_are_ordered(self, shop: Shop) -> None:
        stages = stages_of(shop)
        turned = [one.id for one in reversed(stages.values())]
        order_stages(shop.conn, stages["Won"].pipeline, turned, acting_user=ADMIN)
        assert list(stages_of(shop)) == list(reversed(stages))
        with pytest.raises(SetupRejected, match="each of them once"):
            order_stages(shop.conn, stages["Won"].pipeline, turned[1:], acting_user=ADMIN)

    def test_deals_of_an_archived_stage_go_where_one_says_and_come_back(self, shop: Shop, team: Team) -> None:
        mia, stages = team["mia"], stages_of(shop)
        deals = [new(shop.conn, "deal", mia, name=f"D{n}") for n in range(3)]
        with pytest.raises(SetupRejected, match=r"3 deals stand in “Qualified”\. Say which stage they go to") as fault:
            archive_stage(shop.conn, stages["Qualified"].id, to=None, viewer=mia)
        assert "to" in fault.value.faults
        assert "Qualified" in stages_of(shop)
        act = archive_stage(shop.conn, stages["Qualified"].id, to=stages["Meeting"].id, viewer=mia)
        assert act is not None
        assert "Qualified" not in stages_of(shop)
        kind = STANDARD["deal"]

        def where() -> set[int]:
            return {load_record(shop.conn, kind, one, viewer=mia).values["stage"] for one in deals}

        assert where() == {stages["Meeting"].id}
        restore_stage(shop.conn, stages["Qualified"].id, act=act, viewer=mia)
        assert where() == {stages["Qualified"].id}
        assert list(stages_of(shop))[-1] == "Qualified"

    def test_a_stage_that_asks_for_more_refuses_the_deals_of_another(self, shop: Shop, team: Team) -> None:
        new(shop.conn, "deal", team["mia"], name="Tents")
        stages = stages_of(shop)
        with pytest.raises(StageRefused, match="amount"):
            archive_stage(shop.conn, stages["Qualified"].id, to=stages["Proposal"].id, viewer=team["mia"])
        assert "Qualified" in stages_of(shop), "nothing is half done"
        other = add_pipeline(shop.conn, "Rental", acting_user=ADMIN)
        there = next(iter(stages_of(shop, other).values()))
        with pytest.raises(SetupRejected, match="same pipeline"):
            archive_stage(shop.conn, stages["Qualified"].id, to=there.id, viewer=team["mia"])

    def test_the_last_of_its_kind_stays(self, shop: Shop, team: Team) -> None:
        with pytest.raises(SetupRejected, match="“Won” is the only one of its kind"):
            archive_stage(shop.conn, stages_of(shop)["Won"].id, to=None, viewer=team["mia"])


class TestRates:
    def test_deals_follow_a_rate(self, shop: Shop, team: Team) -> None:
        deal = new(shop.conn, "deal", team["mia"], name="Tents", amount="100", currency="SEK")
        assert amounts(shop, deal) == [(None, None)]
        assert load_rates(shop.conn).missing == {"SEK": 1}
        set_rate(shop.conn, "sek", "0.0875", acting_user=ADMIN)
        assert amounts(shop, deal) == [(Decimal("8.75"), Decimal("1.75"))]
        found = load_rates(shop.conn)
        assert (found.home, found.rates, found.missing) == ("EUR", {"SEK": Decimal("0.0875")}, {})
        assert remove_rate(shop.conn, "SEK", acting_user=ADMIN) == Decimal("0.0875")
        assert amounts(shop, deal) == [(None, None)]
        assert actions(shop)[-2:] == ["rate.set", "rate.removed"]

    @pytest.mark.parametrize(
        ("currency", "rate", "what"),
        [
            ("EUR", "1", "currency"),
            ("euro", "1", "currency"),
            ("", "1", "currency"),
            ("SEK", "0", "rate"),
            ("SEK", "-1", "rate"),
            ("SEK", "much", "rate"),
            ("SEK", "", "rate"),
            ("SEK", "1e12", "rate"),
            ("SEK", True, "rate"),
        ],
    )
    def test_what_is_no_rate_is_said(self, currency: str, rate: object, what: str, shop: Shop, team: Team) -> None:
        with pytest.raises(SetupRejected) as fault:
            set_rate(shop.conn, currency, rate, acting_user=ADMIN)
        assert set(fault.value.faults) == {what}

    def test_what_is_too_much_to_be_kept_has_no_converted_amount(self, shop: Shop, team: Team) -> None:
        deal = new(shop.conn, "deal", team["mia"], name="Tents", amount="900000000000000", currency="SEK")
        set_rate(shop.conn, "SEK", "1000000", acting_user=ADMIN)
        assert amounts(shop, deal) == [(None, None)]
        with pytest.raises(SetupMissing):
            remove_rate(shop.conn, "NOK", acting_user=ADMIN)


def test_a_deal_with_half_a_cent_is_as_its_writer_says(shop: Shop, team: Team, pg_url: str) -> None:
    rows = [{"name": "D", "amount": f"0.{n:02}", "currency": "EUR"} for n in range(100)]
    create_records(shop.conn, STANDARD["deal"], rows, viewer=team["mia"])
    assert reckon_all(pg_url) == 0, "one deal and many are reckoned alike"
