"""Whoever is delivered what in whatever order: who is in an audience is what the slow reference says, at every step."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from onefold.filters import api as f
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.location import Location
from tests.audiences.counting import demand_counts
from tests.audiences.drawing import field_leaves, grouped
from tests.audiences.driving import NAMES, Play
from tests.processor.driving import install
from tests.reference.strategies import History, deliveries, histories
from tests.reference.world import DAY, HOUR, SECOND

SOME: Final = settings(
    max_examples=int(os.environ.get("TWIN_EXAMPLES", "12")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
_numbers: Final = itertools.count()
_wheres = st.one_of(st.none(), st.none(), field_leaves(st.sampled_from(("total", "category"))))
_matches = st.builds(f.EventMatch, st.sampled_from(NAMES[:2]), st.just("track"), _wheres)
_spans = st.builds(f.Span, st.sampled_from((1, 7, 24, 49)), st.just("hours"))
_windows = st.one_of(st.just(f.EVER), st.builds(f.Window, last=_spans))
_ops = st.sampled_from(("ge", "ge", "eq", "lt"))
_leaves = st.one_of(
    st.builds(f.Did, _matches, window=_windows, op=_ops, value=st.sampled_from((0, 1, 2, 3))),
    st.builds(f.Did, _matches, st.sampled_from(("sum", "max", "average", "distinct")), st.just("total"),
              st.just("number"), _windows, _ops, st.sampled_from((0, 1, 1.5))),
    st.builds(
        lambda a, b, within, without, idle: f.Sequence((f.Step(a), f.Step(b, within, without)), idle, f.Span(30)),
        _matches, _matches, st.none() | _spans, st.none() | _matches,
        st.none() | st.builds(f.ThenNot, _matches, _spans),
    ),
    field_leaves(st.sampled_from(("trait:t0", "trait:t1"))),
    st.builds(f.Consents, st.sampled_from(("ads", "post")), st.sampled_from(("given", "denied", "unknown"))),
    st.builds(f.AtCompany, field_leaves(st.sampled_from(("trait:t0", "trait:t1")))),
    st.builds(f.Sample, st.just(50.0)),
)  # fmt: skip
rules = grouped(_leaves, 4)


def demand_agreement(play: Play) -> None:
    assert play.members() == play.expected_members()
    demand_counts(play.conn)


@st.composite
def stories(draw: st.DrawFn) -> tuple[History, list[Any]]:
    """Batches of a history; between them rules begin or change, and time goes by."""
    history = draw(histories(max_events=40))
    steps: list[Any] = []
    acts = st.one_of(st.sampled_from((SECOND, HOUR, 25 * HOUR, 40 * DAY)), st.tuples(st.booleans(), rules))
    for batch in draw(deliveries(history.events, is_log_order=True)):
        steps += [batch, *draw(st.lists(acts, max_size=1))]
    return history, steps


@SOME
@given(data=st.data())
def test_members_are_what_the_reference_says_at_every_step(
    conn: Connection[Any],
    pg_url: str,
    clean_database: Callable[[], None],
    engine: DuckDBEngine,
    tmp_path: Path,
    data: st.DataObject,
) -> None:
    clean_database()
    history, steps = data.draw(stories())
    install(conn, history.config)
    play = Play(conn, pg_url, Location(f"{tmp_path}/lake{next(_numbers)}"), engine, history)
    play.begin(data.draw(rules))
    play.fill()
    for step in steps:
        match step:
            case list():
                play.deliver(step)
            case int():
                play.pass_time(step)
            case (is_change, rule):
                play.begin(rule, 1 if is_change and 1 in play.rules else None)
                play.fill()
        play.look()
        demand_agreement(play)


_of_companies = st.one_of(
    field_leaves(st.sampled_from(("trait:t0", "trait:t1"))),
    st.builds(f.PeopleIn, st.just(1), _ops, st.sampled_from((0, 1, 2))),
    st.builds(f.PeopleIn, st.just(1), _ops, st.sampled_from((1, 2))),
    st.builds(f.Recent, st.just("last_seen"), st.sampled_from(("within", "longer_ago")), st.just(1)),
)


@SOME
@given(data=st.data())
def test_companies_and_who_asks_for_them_are_what_the_reference_says_at_every_step(
    conn: Connection[Any],
    pg_url: str,
    clean_database: Callable[[], None],
    engine: DuckDBEngine,
    tmp_path: Path,
    data: st.DataObject,
) -> None:
    """Audience 1 is of people; one of companies counts it, and people are asked for both through their company."""
    clean_database()
    history, steps = data.draw(stories())
    install(conn, history.config)
    play = Play(conn, pg_url, Location(f"{tmp_path}/lake{next(_numbers)}"), engine, history)
    play.begin(data.draw(rules))
    companies = play.begin_companies(data.draw(grouped(_of_companies, 3)))
    play.fill()
    asked = st.one_of(_of_companies, st.builds(f.InAudience, st.just(companies), st.booleans()))
    begins_at = data.draw(st.integers(0, len(steps) // 2))
    for i, step in enumerate(steps):
        if i == begins_at:
            play.begin(data.draw(st.builds(f.AtCompany, grouped(asked, 3))))
            play.fill()
        match step:
            case list():
                play.deliver(step)
            case int():
                play.pass_time(step)
            case (is_change, rule):
                play.begin(rule, 1 if is_change else None)
                play.fill()
        play.look()
        demand_agreement(play)
