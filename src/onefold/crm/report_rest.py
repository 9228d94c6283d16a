"""REST: reports on sales, the figures that the pages show."""

from datetime import date, datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema
from ninja.params.functions import Query

from onefold.accounts.api import actor_of, workspace
from onefold.crm.access import asking_of
from onefold.crm.report_making import answer_of, make_report, report_asked
from onefold.crm.report_state import PERIODS
from onefold.infra.pool import pooled

router = Router(tags=["Reports"])
_encoder = msgspec.json.Encoder(decimal_format="number")


class ReportColumnOut(Schema):
    """A column of a report's table."""

    name: str
    title: str
    kind: str = Field(description="`count`, `money` (of `currency`), `share` (1 = all) or `days`")


class ReportRowOut(Schema):
    """A row of a report's table."""

    key: str = Field(description="Number of a stage, pipeline or team, name of a user, a month; `total`")
    title: str
    is_total: bool
    values: dict[str, float | None] = Field(description="By name of the column; null = nothing to work it out from")
    records: dict[str, dict[str, str]] = Field(description="What is counted: `filter` of GET /api/records/{object}")


class ReportTableOut(Schema):
    """A table of a report."""

    name: str
    title: str
    columns: list[ReportColumnOut]
    rows: list[ReportRowOut]


class ReportOut(Schema):
    """A report: docs/reference/reports.md says how each figure is counted."""

    report: str
    pipeline: int | None = Field(description="null = all of them")
    owner: str
    first: date | None = Field(description="Of the period, of UTC; null = as it stands now")
    last: date | None
    at: datetime
    currency: str = Field(description="Of the sums: the workspace's")
    tables: list[ReportTableOut]


@router.get("/reports/{name}", response=ReportOut, summary="A report on sales")
def report(  # noqa: PLR0913, PLR0917  (parameters of the call, all by name)
    request: HttpRequest,
    name: str,
    pipeline: str = Query("", max_length=20, description="Its number, or `all`; the first one unless said"),
    period: str = Query("", max_length=20, description="One of " + ", ".join(PERIODS)),
    first: str = Query("", max_length=10, description="First day of the period `days`, of UTC"),
    last: str = Query("", max_length=10, description="Its last day"),
    owner: str = Query("", max_length=200, description="A user's name, `me`, or `team:` and its number"),
) -> HttpResponse:
    """Figures of the records that you may see; sums are left out where amounts are hidden from you.

    `name`: `stages`, `conversion`, `velocity`, `results`, `forecast` or `people`.

    400 `report_invalid` lists what there is.
    """
    given: dict[str, Any] = {
        "report": name, "pipeline": pipeline, "period": period, "first": first, "last": last, "owner": owner
    }  # fmt: skip
    with pooled() as conn:
        asked = report_asked(conn, asking_of(conn, actor_of(request)), given)
        answer = answer_of(asked, make_report(asked)) | {"currency": workspace().currency}
    return HttpResponse(_encoder.encode(answer), content_type="application/json")
