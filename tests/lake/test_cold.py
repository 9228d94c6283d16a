"""Events that left PostgreSQL are found, taken back and erased like all others."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from onefold.config import LakeSettings, load_settings
from onefold.events.api import Kind, stored_event
from onefold.kernel.errors import Unavailable
from onefold.kernel.hashing import company_hash, event_id, identifier_hash
from onefold.lake import cold, thaw
from onefold.lake.cold import HistoryInLake, cold_fragments, demand_history, is_history_wanted
from onefold.lake.compact import compact
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from onefold.lake.verify import verify
from onefold.privacy.api import has_history_come
from onefold.profiles.companies import company_timeline
from onefold.profiles.timeline import timeline_page
from onefold.programs.doctor import examine_running
from onefold.programs.lake import _thaw
from onefold.programs.processor.context import load_context
from onefold.programs.processor.erase import erase_piece
from onefold.programs.processor.rebuild import find_differences
from onefold.programs.processor.retract import take_back_pending
from onefold.programs.upkeep import EVENTS, cool_events, make_partitions
from tests.lake.events import RECEIVED_US, SUPPRESSION_KEY, rows_in_snapshot, send, track

DAY_US = 86_400_000_000
LATER = datetime(2026, 3, 15, tzinfo=UTC)
LATER_US = RECEIVED_US + 72 * DAY_US
ANA = identifier_hash("user_id", "ana")
BEN = identifier_hash("user_id", "ben")


@pytest.fixture
def cooled(own_pg_url: str, location: Location, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database whose events of January left it a week ago, and those of March are there."""
    from onefold.infra.postgres import connect

    monkeypatch.setenv("ONEFOLD_LAKE_URL", location.url)
    monkeypatch.setenv("ONEFOLD_LAKE_STORAGE", ",".join(f"{name}={value}" for name, value in location.options.items()))
    with connect(own_pg_url, "tests", autocommit=True) as conn:
        for day in range(10):
            events = [track("ana", f"Seen {day}", day) | {"anonymousId": "a"}, track("ben", "Seen", 100 + day)]
            send(conn, events, RECEIVED_US + day * DAY_US)
        traits = {"type": "identify", "userId": "ana", "traits": {"plan": "old"}, "messageId": "i"}
        group = {"type": "group", "userId": "ana", "groupId": "acme", "traits": {"name": "Acme"}, "messageId": "g"}
        send(conn, [traits, group], RECEIVED_US + 10 * DAY_US)
        link = {"type": "link", "rule": "never", "a": ["user_id", "ana"], "b": ["user_id", "ben"], "messageId": "l"}
        send(conn, [link], RECEIVED_US + 11 * DAY_US)
        send(conn, [track("ana", "Seen late", 50)], LATER_US)
        make_partitions(conn, LATER)
        flush(conn, own_pg_url, location)
        compact(conn, location, everything=True)
        cool(conn)
        assert not cool_events(conn, LakeSettings(hot_days=30), LATER), "what is dropped once is gone"
        yield conn, own_pg_url


def check_profiles(conn: Connection[Any], location: Location) -> None:
    """Profiles are what the events say, wherever these are."""
    with conn.transaction():
        assert find_differences(conn, load_context(conn), location) == []


def cool(conn: Connection[Any]) -> None:
    """Both runs: the one that says so, and the one that drops."""
    lake = LakeSettings(hot_days=30)
    assert cool_events(conn, lake, LATER) == []
    conn.execute("update lake_progress set cooled_at = cooled_at - interval '1 hour', hot_since = hot_since")
    conn.execute("update lake_progress set cooled_at = %s", [LATER - timedelta(hours=1)])
    assert cool_events(conn, lake, LATER)


def test_events_leave_postgresql_and_stay_in_every_answer(cooled: Any, location: Location) -> None:
    conn, url = cooled
    left = conn.execute("select kind, name from event order by ts").fetchall()
    assert left == [(Kind.LINK, ""), (Kind.TRACK, "Seen late")], "decisions stay"
    assert len(rows_in_snapshot(take_snapshot(url, location))) == 24
    assert cold_fragments(conn, [ANA, BEN]) == [ANA, BEN] or cold_fragments(conn, [ANA, BEN]) == [BEN, ANA]
    page = timeline_page(conn, [ANA], limit=5)
    assert [entry.name for entry in page.entries] == ["Seen late", "", "", "Seen 9", "Seen 8"]
    rest = timeline_page(conn, [ANA], after=page.next_place, limit=50)
    assert [entry.name for entry in rest.entries] == [f"Seen {day}" for day in range(7, -1, -1)]
    assert page.entries[1].kind in (Kind.IDENTIFY, Kind.GROUP)
    assert cold_fragments(conn, [ANA, BEN]) == [BEN]
    assert verify(url, location).faults == []
    timeline_page(conn, [BEN])
    check_profiles(conn, location)


def test_what_was_thawed_stays_through_upkeep_and_goes_after_a_day(cooled: Any, location: Location) -> None:
    conn, _url = cooled
    timeline_page(conn, [ANA])
    make_partitions(conn, LATER)
    cool_events(conn, LakeSettings(hot_days=30), datetime.now(UTC))
    ((here,),) = conn.execute("select count(*) from event where fragment = %s", [ANA]).fetchall()
    assert here == 13
    assert not [one.text for one in examine_running(load_settings(), conn) if "holds rows" in one.text]
    conn.execute("update lake_thaw set thawed_at = thawed_at - interval '25 hours'")
    cool_events(conn, LakeSettings(hot_days=30), datetime.now(UTC))
    ((here,),) = conn.execute("select count(*) from event where fragment = %s", [ANA]).fetchall()
    assert here == 1
    assert ANA in cold_fragments(conn, [ANA])
    assert len(timeline_page(conn, [ANA]).entries) == 13


def test_an_event_that_is_in_the_lake_only_is_taken_back(cooled: Any, location: Location) -> None:
    conn, url = cooled
    retract = {"type": "retract", "source": 1, "messageIds": ["m3", "i", "g", "never came"], "messageId": "r"}
    send(conn, [retract], LATER_US + DAY_US)
    for _ in range(3):  # the group call wants its members' histories, too
        _thaw(conn, location)
        with conn.transaction():
            take_back_pending(conn, load_context(conn))
    assert conn.execute("select * from pending_retraction").fetchall() == []
    assert conn.execute(
        "select traits from profile where id = %s", [identifier_hash("anonymous_id", "a")]
    ).fetchone() in (
        None,
        ({},),
    )
    assert conn.execute("select * from company").fetchall() == []
    names = [entry.name for entry in timeline_page(conn, [ANA]).entries]
    assert "Seen 3" not in names
    assert len(names) == 10
    assert len(rows_in_snapshot(take_snapshot(url, location))) == 24 - 3 + 1
    flush(conn, url, location)
    compact(conn, location, everything=True)
    assert verify(url, location).faults == []
    timeline_page(conn, [BEN])
    check_profiles(conn, location)


def test_what_isnt_in_the_lake_yet_is_taken_back_from_somebody_whose_history_is(
    cooled: Any, location: Location
) -> None:
    conn, _url = cooled
    send(conn, [track("ana", "Seen now", 60)], LATER_US + DAY_US)
    retract = {"type": "retract", "source": 1, "messageIds": ["m60"], "messageId": "r"}
    send(conn, [retract], LATER_US + 2 * DAY_US)
    for _ in range(3):
        _thaw(conn, location)
        with conn.transaction():
            take_back_pending(conn, load_context(conn))
    assert conn.execute("select * from pending_retraction").fetchall() == []
    assert conn.execute("select count(*) from event where message_id = 'm60'").fetchone() == (0,)
    assert "Seen now" not in [entry.name for entry in timeline_page(conn, [ANA], limit=50).entries]
    timeline_page(conn, [BEN])
    check_profiles(conn, location)


def test_nothing_leaves_while_somebody_relies_on_it(cooled: Any, location: Location) -> None:
    from onefold.infra.postgres import connect

    conn, url = cooled
    timeline_page(conn, [ANA])
    conn.execute("update lake_thaw set thawed_at = thawed_at - interval '25 hours'")
    with connect(url, "processor") as other:
        demand_history(other, [ANA])
        with pytest.raises(Unavailable, match="has been changed"):
            cool_events(conn, LakeSettings(hot_days=30), datetime.now(UTC))
        demand_history(other, [ANA])
    cool_events(conn, LakeSettings(hot_days=30), datetime.now(UTC))
    assert ANA in cold_fragments(conn, [ANA])


def test_what_was_fetched_goes_again_when_nothing_more_shall_leave(cooled: Any, location: Location) -> None:
    conn, _url = cooled
    timeline_page(conn, [ANA])
    conn.execute("update lake_thaw set thawed_at = thawed_at - interval '25 hours'")
    assert cool_events(conn, LakeSettings(hot_days=0), datetime.now(UTC)) == []
    assert ANA in cold_fragments(conn, [ANA])


def test_an_event_that_left_is_shown_by_its_id(cooled: Any, location: Location) -> None:
    conn, _url = cooled
    shown = stored_event(conn, UUID(bytes=event_id(1, "m3")))
    assert shown is not None
    assert stored_event(conn, UUID(int=7)) is None


def test_somebody_whose_events_are_in_the_lake_only_is_erased(cooled: Any, location: Location) -> None:
    conn, url = cooled
    row = conn.execute(
        "insert into privacy_request (kind, requested_by, identifier, is_suppressed)"
        " values ('erase', 'test', '[\"user_id\", \"ana\"]', true) returning id"
    ).fetchone()
    send(conn, [{"type": "request", "request": row[0], "messageId": "q"}], LATER_US + DAY_US)
    state = "select done_at is not null, is_waiting, report from privacy_request"
    assert conn.execute(state).fetchone()[:2] == (False, True)
    assert not has_history_come(conn)
    _thaw(conn, location)
    assert has_history_come(conn)
    context = load_context(conn, suppression_key=SUPPRESSION_KEY)
    while True:
        with conn.transaction():
            if not erase_piece(conn, context):
                break
    assert conn.execute("select * from link_rule").fetchall() == []
    is_done, is_waiting, report = conn.execute(state).fetchone()
    assert (is_done, is_waiting) == (True, False)
    assert report["events"] == {"group": 1, "identify": 1, "link": 1, "track": 11}
    assert not any("ana" in row.body for row in rows_in_snapshot(take_snapshot(url, location)))
    flush(conn, url, location)
    compact(conn, location, everything=True)
    assert verify(url, location).faults == []
    timeline_page(conn, [BEN])
    check_profiles(conn, location)


def test_a_week_that_is_not_in_the_lake_stays(own_pg_url: str, location: Location) -> None:
    from onefold.infra.postgres import connect

    with connect(own_pg_url, "tests", autocommit=True) as conn:
        send(conn, [track("ana", "Seen", 1)])
        make_partitions(conn, LATER)
        conn.execute("update lake_progress set hot_since = %s, cooled_at = %s", [LATER, LATER - timedelta(hours=1)])
        assert cool_events(conn, LakeSettings(hot_days=30), LATER) == []
        name = EVENTS.partition(EVENTS.start_of(datetime(2026, 1, 1, tzinfo=UTC)))
        assert conn.execute("select to_regclass(%s)", [name]).fetchone() != (None,)
        ((left,),) = conn.execute("select count(*) from event").fetchall()
        assert left == 1


def test_a_history_under_a_name_that_is_forgotten_comes_back_whole(cooled: Any, location: Location) -> None:
    """Whom they were parted from was erased: then no move says any more under whose name events were written."""
    conn, _url = cooled
    conn.execute("update node set prof = prof + 1 where h = %s", [BEN])
    assert len(timeline_page(conn, [BEN], limit=50).entries) == 10


def test_a_compaction_while_a_history_is_fetched_brings_nothing_back_that_was_taken_back(
    cooled: Any, location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn, url = cooled
    timeline_page(conn, [ANA])
    send(conn, [{"type": "retract", "source": 1, "messageIds": ["m3"], "messageId": "r"}], LATER_US + DAY_US)
    conn.execute("update lake_thaw set thawed_at = thawed_at - interval '25 hours'")
    cool_events(conn, LakeSettings(hot_days=30), datetime.now(UTC))
    pieces = thaw._pieces

    def read_later(*arguments: Any) -> Any:
        from onefold.infra.postgres import connect

        with connect(url, "tests", autocommit=True) as other:
            compact(other, location)
            assert other.execute("select * from event_gone").fetchall() == []
        return pieces(*arguments)

    monkeypatch.setattr(thaw, "_pieces", read_later)
    assert "Seen 3" not in [entry.name for entry in timeline_page(conn, [ANA], limit=50).entries]


def test_a_long_history_comes_piece_by_piece(cooled: Any, location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    conn, _url = cooled
    monkeypatch.setattr(thaw, "PIECE", 3)
    assert len(timeline_page(conn, [ANA], limit=50).entries) == 13
    check_profiles(conn, location)


def test_who_asks_for_a_very_long_history_is_told_to_come_back(
    cooled: Any, location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn, _url = cooled
    monkeypatch.setattr(cold, "MAX_HERE", 12)
    with pytest.raises(HistoryInLake, match="Try again in a minute"):
        timeline_page(conn, [ANA])
    assert len(timeline_page(conn, [BEN], limit=50).entries) == 10
    assert is_history_wanted(conn)
    _thaw(conn, location)
    assert len(timeline_page(conn, [ANA], limit=50).entries) == 13
    assert not is_history_wanted(conn)


def test_a_companys_own_events_leave_and_are_found_and_taken_back(
    own_pg_url: str, location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onefold.infra.postgres import connect

    monkeypatch.setenv("ONEFOLD_LAKE_URL", location.url)
    monkeypatch.setenv("ONEFOLD_LAKE_STORAGE", ",".join(f"{name}={value}" for name, value in location.options.items()))
    acme = company_hash("", "acme")
    own = {"type": "group", "groupId": "acme"}
    with connect(own_pg_url, "tests", autocommit=True) as conn:
        send(conn, [own | {"traits": {"name": "Acme", "size": 1}, "messageId": "m1"}])
        send(
            conn,
            [own | {"traits": {"size": 2}, "messageId": "m2"}, own | {"userId": "ana", "messageId": "m3"}],
            RECEIVED_US + DAY_US,
        )
        won = {"type": "track", "event": "Deal Won", "groupId": "acme", "messageId": "m4"}
        send(conn, [won], RECEIVED_US + 2 * DAY_US)
        send(conn, [won | {"messageId": "m5"}, track("ana", "Seen", 50)], LATER_US)
        make_partitions(conn, LATER)
        flush(conn, own_pg_url, location)
        compact(conn, location, everything=True)
        rows = [row for row in rows_in_snapshot(take_snapshot(own_pg_url, location)) if row.fragment_id == acme]
        assert [(row.profile_id, row.kind) for row in sorted(rows, key=lambda row: row.ts)] == [
            (acme, "group"), (acme, "group"), (acme, "track"), (acme, "track"),
        ]  # fmt: skip
        cool(conn)
        assert conn.execute("select count(*) from event where fragment = %s", [acme]).fetchone() == (1,)
        assert cold_fragments(conn, [acme]) == [acme]
        check_profiles(conn, location)
        assert verify(own_pg_url, location).faults == []
        page = company_timeline(conn, "", "acme", limit=3)
        assert [entry.message_id for entry in page.entries] == ["m5", "m4", "m2"]
        assert cold_fragments(conn, [acme]) == []
        conn.execute("update lake_thaw set thawed_at = thawed_at - interval '25 hours'")
        cool_events(conn, LakeSettings(hot_days=30), datetime.now(UTC))
        assert cold_fragments(conn, [acme]) == [acme]
        send(conn, [{"type": "retract", "source": 1, "messageIds": ["m2", "m5"], "messageId": "r"}], LATER_US + DAY_US)
        for _ in range(3):  # one of the two wants the other's history
            _thaw(conn, location)
            with conn.transaction():
                take_back_pending(conn, load_context(conn))
        assert conn.execute("select * from pending_retraction").fetchall() == []
        assert conn.execute("select traits, n from company").fetchall() == [({"name": "Acme", "size": 1}, 3)]
        flush(conn, own_pg_url, location)
        compact(conn, location, everything=True)
        assert verify(own_pg_url, location).faults == []
        check_profiles(conn, location)
