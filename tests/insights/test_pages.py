"""The page of SQL over what the real processor stored: run, stop, save, take out; who may, and what is noted."""

import re
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client, override_settings

from onefold.config import Settings
from onefold.insights.api import forget_queries
from tests.waiting import wait_until
from tests.web.conftest import Shop, signed_in, track


@pytest.fixture(autouse=True)
def _lake(shop: Shop, settings: Settings) -> Iterator[None]:
    shop.identify("1", name="Ada", email="ada@example.com")
    shop.send(track("m-1", properties={"total": 12.5}), track("m-2"))
    with override_settings(ONEFOLD=settings):
        yield


@pytest.fixture
def eve(transactional_users: Any) -> Client:
    """An editor who sees no personal data."""
    from onefold.accounts.models import User

    user = transactional_users("eve", is_admin=False)
    User.objects.filter(pk=user.pk).update(role="editor", personal_data="masked")
    return signed_in(User.objects.get(pk=user.pk))


def ran(client: Client, sql: str, **more: str) -> str:
    response = client.post("/sql/run", {"sql": sql, **more})
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def last_audit(shop: Shop) -> Any:
    return shop.conn.execute(
        "select actor, action, details from audit where action = 'sql.run' order by id desc limit 1"
    ).fetchone()


def test_a_query_shows_rows_types_and_how_fresh_they_are(alice: Client, shop: Shop) -> None:
    html = alice.post(
        "/sql/run", {"sql": "select profile_id, name, count(*) as n from events group by all order by n desc"}
    )
    text = html.content.decode()
    assert "bigint" in text
    assert re.search(r'<a class="link mono" href="/people/[0-9a-f]{16}">', text)
    assert '<td class="n">2</td>' in text
    assert "complete until" in text
    assert '<b class="num">2</b>' in text


def test_people_are_there_before_the_lake_was_ever_written(alice: Client, shop: Shop) -> None:
    assert "Ada ada@example.com" in ran(alice, "select name, email from profiles")
    assert "1 row" in ran(alice, "select value from identifiers where value = 'ada@example.com'")


def test_a_fault_stands_at_its_place(alice: Client, shop: Shop) -> None:
    html = alice.post("/sql/run", {"sql": "select name,\n  nme\nfrom events"}).content.decode()
    assert 'data-line="2" data-column="3"' in html
    assert "  nme\n  ^" in html
    assert "Referenced column" in html
    assert "There is no table “/etc/passwd”" in ran(alice, "from '/etc/passwd'")
    assert "A query has from 1 to" in ran(alice, " ")


def test_who_was_in_which_audience_can_be_asked(alice: Client, eve: Client, shop: Shop) -> None:
    for kind, cause in ((1, 1), (2, 2), (1, 3)):
        change = "insert into membership_move (audiences, profile, kinds, at, cause, versions)"
        shop.conn.execute(
            f"{change} values ('{{7}}', 5, array[%s]::smallint[], now(), %s, '{{1}}')".encode(), [kind, cause]
        )
    asked = "select audience_id, entered_cause, left_cause from memberships order by left_at nulls last"
    for one in (alice, eve):
        assert "7 event time 7 rule null" in ran(one, asked)
    assert "memberships" in eve.get("/sql").content.decode()


def test_whoever_sees_no_personal_data_gets_none(eve: Client, alice: Client, shop: Shop) -> None:
    assert "null null 3" in ran(eve, "select max(user_id), max(body), count(*) from events")
    assert "1 {" in ran(alice, "select max(user_id), max(body), count(*) from events")
    page = eve.get("/sql").content.decode()
    assert "Null for you: personal data" in page
    assert "Null for you: personal data" not in alice.get("/sql").content.decode()


def test_every_run_is_audited_without_its_text(alice: Client, shop: Shop) -> None:
    ran(alice, "select count(*) from events where user_id = 'ada@example.com'")
    actor, _, details = last_audit(shop)
    assert actor == "user:alice"
    assert "ada" not in str(details)
    assert details.items() >= {"outcome": "done", "rows": 1, "tables": ["events"], "masked": False}.items()
    ran(alice, "select nonsense")
    assert last_audit(shop)[2]["outcome"] == "rejected"
    assert "rows" not in last_audit(shop)[2]


def test_runs_are_ones_own(alice: Client, eve: Client, shop: Shop) -> None:
    run = str(uuid4())
    ran(alice, "select 41 + 1", run=run)
    assert "select 41 + 1" in alice.get("/sql").content.decode()
    assert "select 41 + 1" not in eve.get("/sql").content.decode()
    assert "select 41 + 1" in alice.get(f"/sql/runs/{run}").content.decode()
    assert eve.get(f"/sql/runs/{run}").status_code == 404
    assert "begun already" in ran(alice, "select 2", run=run)


def test_old_runs_go(alice: Client, shop: Shop) -> None:
    ran(alice, "select 1")
    shop.conn.execute("update sql_run set asked_at = now() - interval '8 days'")
    ran(alice, "select 2")
    assert shop.conn.execute("select sql from sql_run").fetchall() == [("select 2",)]


def test_a_run_is_stopped_by_whoever_began_it(alice: Client, eve: Client, shop: Shop, django_db_blocker: Any) -> None:
    run, said = str(uuid4()), []

    def endless() -> None:
        with django_db_blocker.unblock():
            said.append(ran(alice, "select count(*) from range(1000000000000)", run=run))
            connections.close_all()  # the thread's own

    thread = threading.Thread(target=endless)
    thread.start()
    wait_until(lambda: shop.conn.execute("select 1 from sql_run where id = %s", [run]).fetchone())
    assert eve.post(f"/sql/runs/{run}/cancel").status_code == 204
    assert shop.conn.execute("select is_cancel_asked from sql_run where id = %s", [run]).fetchone() == (False,)
    assert alice.post(f"/sql/runs/{run}/cancel").status_code == 204
    thread.join(20)
    assert "Stopped. Nothing was changed." in said[0]
    assert last_audit(shop)[2]["outcome"] == "cancelled"


def test_a_query_is_saved_changed_deleted_and_brought_back(alice: Client, eve: Client, shop: Shop) -> None:
    made = alice.post("/sql/queries", {"name": " Days  of ", "sql": "select 1", "shared": ""})
    place = made.headers["Location"]
    assert "Days of" in alice.get(place).content.decode()
    assert eve.get(place).status_code == 404
    changed = {"name": "Days", "sql": "select 2", "shared": "yes"}
    assert alice.post(f"{place}/change", changed).headers["Location"] == place
    assert "select 2" in eve.get(place).content.decode()
    assert eve.post(f"{place}/change", {"name": "Mine", "sql": "x"}).status_code == 403
    assert eve.post(f"{place}/delete").status_code == 403
    assert alice.post(f"{place}/delete").headers["Location"] == "/sql"
    page = alice.get("/sql").content.decode()
    assert f'action="{place}/restore"' in page
    assert f'href="{place}"' not in page
    assert alice.post(f"{place}/restore").headers["Location"] == place
    assert f'href="{place}"' in eve.get("/sql").content.decode()
    actions = shop.conn.execute("select action from audit where target like 'query:%' order by id").fetchall()
    assert [one for (one,) in actions] == ["query.saved", "query.changed", "query.deleted", "query.restored"]


@pytest.mark.parametrize("given", [{"name": "", "sql": "select 1"}, {"name": "x", "sql": " "}])
def test_a_query_without_name_or_text_is_not_saved(given: dict[str, str], alice: Client, shop: Shop) -> None:
    assert alice.post("/sql/queries", given).status_code == 400
    assert shop.conn.execute("select count(*) from sql_query").fetchone() == (0,)


def test_downloads_are_files(alice: Client, eve: Client, shop: Shop, tmp_path: Any) -> None:
    import pyarrow.parquet as pq

    asked = {"sql": "select name, count(*) as n from events group by all order by n desc"}
    csv = alice.post("/sql/download", asked | {"format": "csv"})
    assert b"".join(csv.streaming_content) == b'"name","n"\n"Bought",2\n"",1\n'  # type: ignore[attr-defined]  # streams
    parquet = None
    for client in (alice, eve):  # whoever is masked gets the bytes as they are: the views masked them
        parquet = client.post("/sql/download", asked | {"format": "parquet"})
        (tmp_path / "x").write_bytes(b"".join(parquet.streaming_content))  # type: ignore[attr-defined]  # as above
        assert pq.read_table(tmp_path / "x").to_pylist()[0] == {"name": "Bought", "n": 2}
    assert parquet is not None
    assert parquet.headers["X-Rows"] == "2"
    assert alice.post("/sql/download", {"sql": "selec"}).status_code == 400


def test_who_is_erased_leaves_queries_and_runs(alice: Client, shop: Shop) -> None:
    ran(alice, "select 1 as n -- ada@example.com")
    ran(alice, "select 2")
    alice.post("/sql/queries", {"name": "Ada", "sql": "select 'ADA@example.com'"})
    assert forget_queries(shop.conn, lambda text: "ada@example.com" in text.lower()) == 2
    assert shop.conn.execute("select sql from sql_run").fetchall() == [("select 2",)]
    assert shop.conn.execute("select count(*) from sql_query").fetchone() == (0,)


def test_a_viewer_has_no_sql(bob: Client) -> None:
    assert bob.get("/sql").status_code == 403
    assert 'href="/sql"' not in bob.get("/events").content.decode()
