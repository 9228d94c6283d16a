"""Lists of records taken out: read back they are what was in the list, and nothing that its reader may not see."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from django.test import Client

from onefold.accounts.api import Role
from onefold.crm.jobs import rows_of_export
from onefold.crm.policy import set_fields, set_reaches
from onefold.crm.viewer import Doing, FieldRight, Reach, Viewer
from onefold.profiles import export_answers, export_files
from onefold.profiles.jobs import make_exports
from tests.crm.conftest import new
from tests.crm.floor import Floor
from tests.web.conftest import Shop, signed_in
from tests.web.reading import found, page

Team = dict[str, Viewer]
AWFUL = (
    '=HYPERLINK("x")',
    "@SUM(1)",
    "-2+3",
    "+1+1",
    "\u202e\u0645\u0631\u062d\u0628\u0627 \U0001f3bf",
    'a "b", c',
)
"""Names, of which spreadsheets take four for formulas."""


@pytest.fixture
def ann(browser_of: Callable[..., Client]) -> Client:
    """An editor's browser; she sees personal data."""
    return browser_of("ann")


def taken(client: Client, path: str, **sent: str) -> bytes:
    answer = client.post(path, {"address": "", "all": "yes", **sent})
    assert answer.status_code == 200, answer.content[:500]
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # Django's test client says HttpResponse


def from_csv(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def from_sheet(body: bytes) -> tuple[list[dict[str, Any]], Any]:
    book = openpyxl.load_workbook(io.BytesIO(body))
    sheet = book.active
    head, *rows = sheet.iter_rows(values_only=True)
    book.close()
    return [dict(zip(head, row, strict=True)) for row in rows], sheet


@pytest.fixture
def deals(people: Shop, team: Team) -> Shop:
    """Deals with awful names, two of whom are about somebody."""
    for n, name in enumerate(AWFUL):
        about = {"person": "user_id:1", "company": ":acme"} if n < 2 else {}
        new(people.conn, "deal", team["rob"], name=name, amount=f"{n + 1}000.50", close_on=f"2026-12-0{n + 1}", **about)
    return people


SORTED = "sort=close_on&col=name&col=stage&col=amount&col=close_on&col=company&col=person&col=created_at"


def test_what_is_read_back_of_parquet_is_what_was_written(deals: Shop, ann: Client) -> None:
    body = taken(ann, "/deals/export", address=SORTED, format="parquet")
    rows = pq.read_table(io.BytesIO(body)).to_pylist()
    assert [row["name"] for row in rows] == list(AWFUL), "untouched, in the order of the list"
    assert [row["amount"] for row in rows] == [Decimal(f"{n + 1}000.50") for n in range(len(AWFUL))]
    assert rows[0]["close_on"] == date(2026, 12, 1)
    assert rows[0]["created_at"].tzinfo is not None
    assert (rows[0]["company"], rows[0]["company_name"], rows[0]["person_name"]) == (":acme", "Acme", "Ada")
    assert (rows[0]["stage_name"], rows[2]["company_name"]) == ("Qualified", "")
    assert list(pd.read_parquet(io.BytesIO(body)).name) == list(AWFUL)


def test_a_sheet_holds_the_same_and_runs_nothing(deals: Shop, ann: Client) -> None:
    rows, sheet = from_sheet(taken(ann, "/deals/export", address=SORTED, format="xlsx"))
    assert [row["name"] for row in rows] == list(AWFUL)
    assert [row["amount"] for row in rows] == [(n + 1) * 1000 + 0.5 for n in range(len(AWFUL))], "numbers"
    assert rows[0]["close_on"] == datetime(2026, 12, 1)  # noqa: DTZ001  (spreadsheets know no zones)
    cells = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}, "texts, no formulas"
    assert [cell.quotePrefix for cell in cells] == [True] * 4 + [False] * 2
    frame = pd.read_excel(io.BytesIO(taken(ann, "/deals/export", address=SORTED, format="xlsx")))
    assert frame.amount.sum() == sum((n + 1) * 1000 + 0.5 for n in range(len(AWFUL)))


def test_csv_is_disarmed_and_otherwise_the_same(deals: Shop, ann: Client) -> None:
    rows = from_csv(taken(ann, "/deals/export", address=SORTED, format="csv"))
    assert [row["name"] for row in rows] == [*(f"'{name}" for name in AWFUL[:4]), *AWFUL[4:]]
    assert [row["amount"] for row in rows] == [f"{n + 1}000.50" for n in range(len(AWFUL))]
    assert rows[0]["close_on"] == "2026-12-01"


def test_a_filter_a_selection_and_every_column(deals: Shop, ann: Client, team: Team) -> None:
    tree = {"type": "number", "field": "amount", "op": "ge", "value": 5000}
    address = "filter=" + json.dumps({"v": 1, "where": {"type": "all", "of": [tree]}})
    assert len(from_csv(taken(ann, "/deals/export", address=address))) == 2
    number = from_csv(taken(ann, "/deals/export", address=SORTED))[2]["id"]
    (row,) = from_csv(taken(ann, "/deals/export", address=address, all="", ids=number, columns="all"))
    assert row["id"] == number, "what is selected is taken, whatever the filter says now"
    assert {"weighted", "owner", "state", "next_step"} <= set(row)
    assert ann.post("/deals/export", {"address": "", "ids": ""}).status_code == 400
    assert ann.post("/deals/export", {"address": "", "all": "yes", "format": "exe"}).status_code == 400
    action = deals.conn.execute(
        "select action, target, details ->> 'format' from audit where action like %s order by id desc limit 1",
        ["%exported"],
    ).fetchone()
    assert action == ("records.exported", "deal:list", "csv")


def test_an_object_with_a_field_of_every_kind(team: Team, custom: Shop, ann: Client) -> None:
    body = {"name": "Ada's", "t_number": 0.1, "t_day": "2026-12-01", "t_choices": ["a", "b"], "t_flag": False}
    custom.conn.execute(
        "insert into custom_record (object, name, custom, created_by) select id, 'Ada''s', %s, 't' from custom_object",
        [json.dumps({key: value for key, value in body.items() if key != "name"})],
    )
    (row,) = pq.read_table(io.BytesIO(taken(ann, "/records/boat/export", format="parquet", columns="all"))).to_pylist()
    assert (row["t_number"], row["t_day"], row["t_choices"], row["t_flag"]) == (
        0.1, date(2026, 12, 1), ["a", "b"], False,
    )  # fmt: skip
    assert (row["t_text"], row["t_money"], row["t_moment"], row["t_deal"]) == ("", None, None, None)


def test_fields_and_rows_that_are_hidden_are_not_in_it(floor: Floor) -> None:
    sam = signed_in(floor.enter(Role.MANAGER))
    floor.fill("deal")
    set_reaches(floor.conn, "manager", {("deal", Doing.SEE): Reach.OWN}, acting_user="test")
    set_fields(floor.conn, "manager", floor.kind("deal"), {"amount": FieldRight.HIDDEN}, acting_user="test")
    rows = from_csv(taken(sam, "/deals/export", columns="all"))
    assert [row["name"] for row in rows] == ["deal of own"]
    assert not {"amount", "weighted", "home_amount", "currency"} & set(rows[0])
    mates = str(floor.ids["deal"]["mate"])
    assert from_csv(taken(sam, "/deals/export", all="", ids=mates)) == []


def test_personal_data_is_masked_for_who_may_not_see_it(
    people: Shop, team: Team, make_user: Callable[..., Any]
) -> None:
    new(people.conn, "activity", team["rob"], kind="call", name="Call", at="2026-11-01T10:00:00Z",
        number="+40721123456", body="ask ada@example.com", person="user_id:1")  # fmt: skip
    user = make_user("eve")
    user.personal_data = "masked"
    user.save()
    (row,) = from_csv(taken(signed_in(user), "/activities/export", columns="all"))
    assert (row["number"], row["body"]) == ("'+40•••56", "ask a•••@e•••.com")
    user.personal_data = "shown"
    user.save()
    (row,) = from_csv(taken(signed_in(user), "/activities/export", columns="all"))
    assert (row["number"], row["body"]) == ("+40721123456", "ask ada@example.com")


def test_companies_with_their_people_and_open_deals(deals: Shop, ann: Client) -> None:
    address = "col=name&col=people&col=open_deals"
    (row,) = pq.read_table(io.BytesIO(taken(ann, "/companies/export", address=address, format="parquet"))).to_pylist()
    assert row == {"id": ":acme", "name": "Acme", "people": 1, "open_deals": 2, "open_deals_sum": Decimal("3001.00")}


WORKER = """
import sys
from onefold.crm.jobs import rows_of_export
from onefold.profiles.jobs import make_exports
print(make_exports(sys.argv[1], rows_of_export))
"""


def test_a_long_list_is_made_by_the_worker_as_its_owner_may_see_it(
    deals: Shop, ann: Client, pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_answers, "MAX_AT_ONCE", 2)
    answer = ann.post("/deals/export", {"address": SORTED, "all": "yes", "format": "xlsx"})
    assert (answer.status_code, answer["Location"]) == (302, "/exports")
    # a process of its own: the worker has no Django
    done = subprocess.run([sys.executable, "-c", WORKER, pg_url], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "1", done.stdout
    path = found(r'href="(/exports/[0-9a-f-]{36}\.xlsx)"', page(ann, "/exports"))
    rows, _sheet = from_sheet(b"".join(ann.get(path).streaming_content))  # type: ignore[attr-defined]  # as above
    assert [row["name"] for row in rows] == list(AWFUL)
    assert "Your export is ready: 6 records" in page(ann, "/notifications")
    assert ann.get(path.replace("xlsx", "csv")).status_code == 404
    assert "Failed" not in page(ann, "/exports")


def test_who_lost_the_right_meanwhile_gets_none_and_a_sheet_ends_where_sheets_end(
    deals: Shop, ann: Client, pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onefold.accounts.models import User

    monkeypatch.setattr(export_answers, "MAX_AT_ONCE", 2)
    short = export_files.Format("xlsx", "x/y", 4, export_files.FORMATS["xlsx"].write)
    monkeypatch.setitem(export_files.FORMATS, "xlsx", short)
    ann.post("/deals/export", {"address": SORTED, "all": "yes", "format": "xlsx"})
    assert make_exports(pg_url, rows_of_export) == 1
    html = page(ann, "/exports")
    assert "cut off" in html
    path = found(r'href="(/exports/[0-9a-f-]{36}\.xlsx)"', html)
    rows, _sheet = from_sheet(b"".join(ann.get(path).streaming_content))  # type: ignore[attr-defined]  # as above
    assert len(rows) == 4
    ann.post("/deals/export", {"address": SORTED, "all": "yes"})
    User.objects.filter(username="ann").update(role="sales")
    assert make_exports(pg_url, rows_of_export) == 0
    assert deals.conn.execute("select fault from people_export where state = 'failed'").fetchone() == (
        "Whoever asked for this may not export any more.",
    )


def test_a_hundred_thousand_rows_stream_through(tmp_path: Any) -> None:
    """In every format; memory isn't measured here, but no format is given the rows at once."""
    asked = []

    def batches() -> Any:
        for n in range(100):
            asked.append(n)
            yield [[n * 1000 + m, "x"] for m in range(1000)]

    columns = [export_files.Column("id", "number"), export_files.Column("name")]
    for name, made in export_files.FORMATS.items():
        asked.clear()
        parts = made.write(columns, batches())
        body = [next(parts)[0], next(parts)[0]]
        assert len(asked) <= 2, "written while it is read"
        body += [part for part, _count in parts]
        assert b"".join(body), name
