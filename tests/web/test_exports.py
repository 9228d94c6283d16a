"""Exports of long lists: asked for, made by the worker, told, taken, removed; and what befalls them on the way."""

import csv
import io
import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from psycopg.errors import LockNotAvailable

from onefold.infra.postgres import connect
from onefold.profiles import export_answers, exports, jobs
from onefold.profiles.exports import remove_all_exports
from onefold.profiles.people_state import people_state
from tests.waiting import wait_until
from tests.web.conftest import Shop
from tests.web.reading import found, page


@pytest.fixture
def crowd(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Five people, where two are many."""
    monkeypatch.setattr(export_answers, "MAX_AT_ONCE", 2)
    for n in range(5):
        shop.identify(str(n), name=f"P{n}", email=f"p{n}@example.com")
    return shop


def ask(client: Client, **sent: str) -> None:
    response = client.post("/people/export", {"address": "", "all": "yes", **sent})
    assert (response.status_code, response["Location"]) == (302, "/exports")


def state_of(shop: Shop) -> tuple[Any, ...] | None:
    return shop.conn.execute("select state, written, tries from people_export").fetchone()


def rows_at(client: Client, path: str) -> list[list[str]]:
    response = client.get(path)
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))  # type: ignore[attr-defined]  # Django's test client says HttpResponse


def test_a_long_list_is_made_told_taken_and_removed(crowd: Shop, alice: Client, pg_url: str) -> None:
    ask(alice, address="col=name&q=p")
    html = page(alice, "/exports")
    assert "Waiting" in html
    assert 'hx-trigger="every 2s"' in html
    assert crowd.conn.execute("select task_name, queueing_lock, status from procrastinate_jobs").fetchall() == [
        ("exports:make_exports", "exports:make_exports", "todo")
    ]
    assert jobs.make_exports(pg_url) == 1
    html = page(alice, "/exports", **{"HX-Request": "true"})
    assert "<html" not in html
    assert "hx-trigger" not in html
    path = found(r'href="(/exports/[0-9a-f-]{36}\.csv)"', html)
    assert sorted(row[1] for row in rows_at(alice, path)) == ["P0", "P1", "P2", "P3", "P4", "name"]
    assert "Your export is ready: 5 people" in page(alice, "/notifications")
    actions = [row[0] for row in crowd.conn.execute("select action from audit order by id desc limit 2")]
    assert actions == ["export.downloaded", "people.exported"]
    alice.post(path.replace(".csv", "/remove"))
    assert alice.get(path).status_code == 404
    assert "No exports." in page(alice, "/exports")
    assert crowd.conn.execute("select count(*) from people_export_piece").fetchone() == (0,)
    assert crowd.conn.execute("select count(*) from notification where ended_at is null").fetchone() == (0,)


def test_it_holds_what_its_owner_might_see_and_is_nobody_elses(
    crowd: Shop, alice: Client, bob: Client, pg_url: str
) -> None:
    from onefold.accounts.models import User

    User.objects.filter(username="bob").update(role="editor")
    ask(bob)
    jobs.make_exports(pg_url)
    path = found(r'href="(/exports/[^"]+csv)"', page(bob, "/exports"))
    assert {row[2] for row in rows_at(bob, path)[1:]} == {"p•••@e•••.com"}
    assert alice.get(path).status_code == 404
    alice.post(path.replace(".csv", "/remove"))
    assert bob.get(path).status_code == 200
    User.objects.filter(username="bob").update(role="viewer")
    assert bob.get(path).status_code == 403
    ask(alice)
    jobs.make_exports(pg_url)
    own = found(r'href="(/exports/[^"]+csv)"', page(alice, "/exports"))
    assert "p0@example.com" in str(rows_at(alice, own))
    User.objects.filter(username="alice").update(personal_data="masked")
    assert alice.get(own).status_code == 403


def test_three_at_a_time_and_not_before_they_are_ready(crowd: Shop, alice: Client) -> None:
    for _ in range(exports.MAX_OPEN):
        ask(alice)
    response = alice.post("/people/export", {"address": "", "all": "yes"})
    assert response.status_code == 400
    assert crowd.conn.execute("select count(*) from people_export").fetchone() == (3,)
    (one,) = crowd.conn.execute("select id from people_export limit 1").fetchall()
    assert alice.get(f"/exports/{one[0]}.csv").status_code == 400


def test_lists_longer_than_the_bound_are_cut_off_and_it_is_said(
    crowd: Shop, alice: Client, pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MAX_SIZE", 10)
    monkeypatch.setattr(jobs, "PIECE_LENGTH", 1)
    monkeypatch.setattr("onefold.profiles.people_export.ROWS_AT_ONCE", 2)
    ask(alice)
    jobs.make_exports(pg_url)
    assert "cut off" in page(alice, "/exports")
    path = found(r'href="(/exports/[^"]+csv)"', page(alice, "/exports"))
    assert len(rows_at(alice, path)) < 6


def test_removed_in_the_middle_it_stops(
    crowd: Shop, alice: Client, pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(alice)
    real = exports.add_piece

    def and_then_somebody_is_erased(*args: Any) -> bool:
        with crowd.conn.transaction():
            assert remove_all_exports(crowd.conn) == 1
        return real(*args)

    monkeypatch.setattr(jobs, "add_piece", and_then_somebody_is_erased)
    assert jobs.make_exports(pg_url) == 0
    assert state_of(crowd) is None
    assert crowd.conn.execute("select count(*) from notification").fetchone() == (0,)


def test_none_is_asked_for_while_somebody_is_erased(crowd: Shop, alice: Client, pg_url: str) -> None:
    with connect(pg_url, "t", autocommit=True) as other, crowd.conn.transaction():
        assert remove_all_exports(crowd.conn) == 0
        other.execute("set lock_timeout = 50")
        with pytest.raises(LockNotAvailable):
            exports.ask_export(other, people_state(), exports.Wanted("user:alice", 1, is_masked=False))
        assert exports.exports_of(other, 1) == []
    ask(alice)


def test_one_whose_field_is_gone_fails_with_a_sentence(crowd: Shop, alice: Client, pg_url: str) -> None:
    ask(alice)
    crowd.conn.execute("update people_export set address = 'sort=salary'")
    assert jobs.make_exports(pg_url) == 0
    html = page(alice, "/exports")
    assert "Failed" in html
    assert "Lists are sorted by" in html
    assert "could not be made" in page(alice, "/notifications")


def test_old_ones_go(crowd: Shop, alice: Client, pg_url: str) -> None:
    ask(alice)
    crowd.conn.execute("update people_export set asked_at = now() - %s", [exports.KEPT + timedelta(seconds=1)])
    jobs.make_exports(pg_url)
    assert state_of(crowd) is None


SLOW_WORKER = """
import sys, time
from onefold.profiles import jobs
real = jobs.add_piece
def slow(*args):
    done = real(*args)
    print("began", flush=True)
    time.sleep(60)
    return done
jobs.add_piece = slow
jobs.make_exports(sys.argv[1])
"""


def test_killed_in_the_middle_it_is_made_again(
    crowd: Shop, alice: Client, pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(alice)
    worker = subprocess.Popen([sys.executable, "-c", SLOW_WORKER, pg_url], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"began\n"
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    worker.stdout.close()
    assert state_of(crowd) == ("running", 5, 1)
    assert jobs.make_exports(pg_url) == 0  # it may still be at it
    monkeypatch.setattr(exports, "SILENT", timedelta(0))
    assert jobs.make_exports(pg_url) == 1
    assert state_of(crowd) == ("done", 5, 2)
    path = found(r'href="(/exports/[^"]+csv)"', page(alice, "/exports"))
    assert len(rows_at(alice, path)) == 6


def test_after_three_deaths_it_is_said_to_have_failed(
    crowd: Shop, alice: Client, pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(alice)
    monkeypatch.setattr(exports, "SILENT", timedelta(0))
    crowd.conn.execute("update people_export set state = 'running', tries = 3, touched_at = now() - interval '1 hour'")
    assert jobs.make_exports(pg_url) == 0
    assert "stopped in the middle, 3 times" in page(alice, "/exports")


def test_the_worker_makes_it_at_once(crowd: Shop, alice: Client, pg_url: str) -> None:
    command = [sys.executable, "-m", "onefold.programs.cli", "run", "worker"]
    worker = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": pg_url}, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: crowd.conn.execute("select 1 from procrastinate_workers").fetchone() is not None)
        began = time.monotonic()
        ask(alice)
        wait_until(lambda: (state_of(crowd) or ("",))[0] == "done")
        assert time.monotonic() - began < 20
        assert re.search(r"5</td>", page(alice, "/exports"))
    finally:
        worker.terminate()
        worker.wait(30)
