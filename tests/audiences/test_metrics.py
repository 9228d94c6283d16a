"""Which metric is kept for what is asked: the same of all windows is one, kept for the longest of them."""

import gc
import weakref
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection

from onefold.audiences.actions import forget_metrics
from onefold.audiences.errors import RuleRejected
from onefold.audiences.folding import Folder, without_old
from onefold.audiences.live import load_live
from onefold.audiences.measuring import bound_of, least_bucket
from onefold.audiences.metrics import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    Keys,
    Metric,
    Moments,
    Stored,
    kept_of,
    key_of,
    metric_of,
    needed,
)
from onefold.audiences.series import rows_of, since
from onefold.audiences.settling import Look, settle
from onefold.audiences.states import Standing, load_standings
from onefold.filters import api as f
from onefold.kernel.instants import EPOCH, MICROSECOND
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.location import Location
from tests.audiences.asking import decoded
from tests.audiences.driving import NAMES, Play
from tests.audiences.oracle import Event
from tests.audiences.test_twin import SOME, demand_agreement
from tests.processor.driving import install
from tests.reference.strategies import deliveries, histories
from tests.reference.world import DAY, HOUR

SEEN: Final = f.EventMatch("Seen")


def counted(window: f.Window, event: f.EventMatch = SEEN) -> str:
    return key_of(metric_of(event, "count", window))


HOURLY, MONTHLY, YEARLY, EVER = (
    counted(window)
    for window in (
        f.Window(last=f.Span(2, "hours")), f.Window(last=f.Span(30)), f.Window(last=f.Span(365)), f.Window(),
    )
)  # fmt: skip


def test_what_is_kept_longer_serves() -> None:
    everything = Keys([HOURLY, MONTHLY, YEARLY, EVER])
    assert everything.readable_off(HOURLY) == [HOURLY, MONTHLY, YEARLY]
    assert everything.readable_off(YEARLY) == [YEARLY]
    assert everything.readable_off(EVER) == [EVER]
    assert Keys([HOURLY, YEARLY]).serving(HOURLY) == YEARLY
    assert Keys([HOURLY, MONTHLY]).serving(MONTHLY) == MONTHLY
    assert Keys([HOURLY, EVER, counted(f.Window(last=f.Span(30)), f.EventMatch("Other"))]).serving(MONTHLY) is None
    assert needed([HOURLY, EVER], [MONTHLY]) == {MONTHLY, EVER}
    assert needed([HOURLY, YEARLY], []) == {YEARLY}
    filling = Stored([(1, HOURLY, False), (2, MONTHLY, True), (3, YEARLY, False)])
    assert [filling.read(kept_of(key))[0] for key in (HOURLY, MONTHLY, YEARLY)] == [2, 2, 3]
    assert Stored([(1, YEARLY, False)]).read(kept_of(HOURLY)) == (1, kept_of(YEARLY))
    with pytest.raises(RuleRejected):
        filling.read(kept_of(EVER))
    assert filling.serving([HOURLY]) == {MONTHLY, YEARLY}
    complete = Stored([(2, MONTHLY, True), (3, YEARLY, True), (4, EVER, True)])
    assert [complete.read(kept_of(key)) for key in (HOURLY, EVER)] == [(3, kept_of(YEARLY)), (4, kept_of(EVER))]
    assert complete.superseded() == [2]


def test_moments_of_more_events_serve() -> None:
    """In whatever order, and as they were kept before each stood once."""
    bought, paid = f.EventMatch("Bought"), f.EventMatch("Paid")
    two, three = key_of(Moments.of([SEEN, bought, SEEN])), key_of(Moments.of([paid, SEEN, bought]))
    before, other = key_of(Moments((SEEN, bought, SEEN))), key_of(Moments.of([SEEN, paid]))
    assert two == key_of(Moments.of([bought, SEEN]))
    assert Keys([two, three, other, HOURLY]).serving(two) == three
    assert Keys([two, other]).serving(three) is None
    assert Keys([before, other]).serving(two) == before
    assert needed([two], [before]) == {two}
    assert Stored([(1, before, True), (2, two, True), (3, other, True)]).superseded() == [1]
    assert Moments((SEEN, bought, SEEN)).bit_of(bought) == 0b10


def test_what_is_kept_otherwise_serves_itself_alone() -> None:
    key = key_of(Metric(SEEN, "extremes", MINUTE_US, "price"))
    assert Keys([HOURLY, key, key_of(Metric(SEEN, "extremes", HOUR_US, "price"))]).readable_off(key) == [key]


@pytest.mark.parametrize("grain", [MINUTE_US, HOUR_US, DAY_US])
@given(
    now_us=st.integers(20_000 * DAY_US, 20_200 * DAY_US),
    ages=st.lists(st.integers(0, 200 * 24 * 60), min_size=1, max_size=30, unique=True),
)
def test_counts_become_coarser_when_no_window_can_tell(grain: int, now_us: int, ages: list[int]) -> None:
    """Whatever a window counted before, it counts after; and rows are fewer."""
    kept = Metric(SEEN, "count", grain)
    buckets = sorted((now_us - age * MINUTE_US) // MINUTE_US for age in ages)
    fine = [number for bucket in buckets for number in (bucket, 1)]
    coarse = without_old({1: kept}, {1: fine}, now_us).get(1, [])
    spans = [f.Span(n, unit) for unit, most in _LONGEST[grain].items() for n in (1, 2, most)]  # type: ignore[arg-type]  # mypy takes a text for any text
    for span in spans:
        least = least_bucket(kept, bound_of(f.Window(last=span), lambda *_: None)(None, now_us))
        counted = [sum(n for at, n in rows_of(since(one, 2, least), 2)) for one in (fine, coarse)]
        assert counted[0] == counted[1], span
    assert len(coarse) <= len(fine)
    assert without_old({1: kept}, {1: coarse}, now_us).get(1, []) == coarse


_LONGEST: Final[dict[int, dict[str, int]]] = {
    MINUTE_US: {"minutes": 1_440, "hours": 24},
    HOUR_US: {"minutes": 1_440, "hours": 24, "days": 90},
    DAY_US: {"minutes": 1_440, "hours": 24, "days": 150},
}
"""Windows that are read off a metric that is kept so long."""


def test_old_counts_are_one_a_day() -> None:
    now_us = 20_000 * DAY_US
    fine = [number for minute in range(100 * 24 * 60) for number in (now_us // MINUTE_US - 100 * 24 * 60 + minute, 1)]
    coarse = without_old({1: Metric(SEEN, "count", DAY_US)}, {1: fine}, now_us)[1]
    assert len(coarse) // 2 < 25 * 60 + 90 * 24 + 20
    assert sum(coarse[1::2]) == 100 * 24 * 60


@SOME
@given(data=st.data())
def test_a_wider_metric_takes_over_and_stays_while_anybody_asks(
    conn: Connection[Any],
    pg_url: str,
    clean_database: Callable[[], None],
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    clean_database()
    history = data.draw(histories(max_events=30))
    batches = data.draw(deliveries(history.events, is_log_order=True))
    install(conn, history.config)
    play = Play(conn, pg_url, Location(f"{tmp_path_factory.mktemp('lake')}/lake"), engine, history)
    event = f.EventMatch(NAMES[0], "track")
    rules = [f.Did(event, window=f.Window(last=span)) for span in (f.Span(3, "hours"), f.Span(60), f.Span(400))]
    places = sorted(data.draw(st.integers(0, len(batches))) for _ in rules)
    for place, batch in enumerate([*batches, []]):
        for rule in [one for one, begins in zip(rules, places, strict=True) if begins == place]:
            play.begin(rule)
            play.fill()
            demand_agreement(play)
        if batch:
            play.deliver(batch)
        play.pass_time(data.draw(st.sampled_from((HOUR, 26 * HOUR, 95 * DAY))))
        demand_agreement(play)
    play.look()
    assert [row[0] for row in conn.execute("select key from metric where key like '%%\"count\"%%'")] == [
        counted(f.Window(last=f.Span(400)), event)
    ]
    (widest,) = [number for number, rule in play.rules.items() if rule is rules[-1]]
    trash = "update audience set trashed_at = now(), state = 'paused', live_version = null where id = %s"
    conn.execute(trash, [widest])
    assert forget_metrics(conn) == 0  # the others are read off it


def test_nothing_is_kept_when_nobody_asks(db: Connection[Any]) -> None:
    db.execute("insert into metric (key) select unnest(%s::text[])", [[HOURLY, YEARLY]])
    assert forget_metrics(db) == 2


def test_what_is_kept_of_whoever_comes_often_stays_short(db: Connection[Any]) -> None:
    """Where nothing changes by time alone nobody is swept; what is long is made short when it is read."""
    now = 20_000 * DAY_US
    db.execute("insert into metric (key, since, state) values (%s, 0, 'complete')", [MONTHLY])
    standing = Standing(7, is_changed=True)
    minutes = range((now - 89 * DAY_US) // MINUTE_US, now // MINUTE_US, 7)
    with db.transaction():
        live = load_live(db)
        (number,) = live.metrics
        standing.fragments = {7: {number: [n for minute in minutes for n in (minute, 1)]}}
        standing.pack()
        assert len(standing.doc) > 100_000
        counted = live.folder.count(decoded(Event(1, 7, 7, EPOCH + now * MICROSECOND, SEEN.name)))
        assert counted is not None
        settle(db, live, {7: Look(standing, [(7, counted)])}, now, {})
    found = load_standings(db, {7})[7]
    assert len(found.doc) < 20_000
    series = found.fragments[7][number]
    assert sum(series[1::2]) == len(minutes) + 1


def test_what_folds_is_let_go_with_its_configuration() -> None:
    """Nothing leads back to it: else each change of configuration leaves one until Python looks for such rings."""
    folder = Folder({1: kept_of(YEARLY)})
    assert folder.count(decoded(Event(1, 7, 7, EPOCH, SEEN.name))) is not None
    (plan,) = (one for part in gc.get_referents(folder.__dict__) if type(part) is dict for one in part.values())
    gone = weakref.ref(plan)
    gc.disable()
    try:
        del folder, plan
        assert gone() is None
    finally:
        gc.enable()
