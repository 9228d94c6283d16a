"""Pages of reports on sales: one page with a tab for each, and its tables as CSV."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onefold.accounts.api import Permission, requires, workspace
from onefold.crm.objects import Option
from onefold.crm.page import asked, team_options, user_names
from onefold.crm.references import ME
from onefold.crm.report_asking import ReportAsked
from onefold.crm.report_making import csv_of, make_report, report_asked, table_of
from onefold.crm.report_shown import figure_text
from onefold.crm.report_state import ALL, PERIODS, REPORTS, TIMELESS
from onefold.crm.report_tables import ReportTable
from onefold.infra.pool import pooled


@requires(Permission.SEE_RECORDS)
@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    """One of REPORTS (`report`), of a `pipeline`, a `period` (`first`, `last`), an `owner`."""
    with pooled() as conn:
        given = asked(conn, request, "deal")
        question = report_asked(conn, given.asking, request.GET.dict())
        report = make_report(question)
        owners = _owners(question)
    state, home = question.state, workspace().currency
    context = {
        "state": state,
        "report": report,
        "title": REPORTS[state.report],
        "tabs": [(name, title, state.address(report=name)) for name, title in REPORTS.items()],
        "tables": [_table(one, home) for one in report.tables],
        "figures": [(column.title, figure_text(column, one, home), one.url) for column, one in report.figures],
        "pipelines": question.pipelines.live,
        "all": ALL,
        "periods": [] if state.report in TIMELESS else list(PERIODS.items()),
        "owners": owners,
        "address": state.address(),
        "is_empty": not _has_figures(report.tables),
    }
    return render(request, "crm/report.html", context)


@requires(Permission.SEE_RECORDS)
@require_safe
def report_csv(request: HttpRequest) -> HttpResponse:
    """A `table` of a report."""
    with pooled() as conn:
        given = asked(conn, request, "deal")
        question = report_asked(conn, given.asking, request.GET.dict())
        table = table_of(make_report(question), request.GET.get("table", ""))
    name = f"{question.state.report}-{table.name}-{question.now:%Y-%m-%d}.csv"
    return HttpResponse(
        csv_of(table),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _table(table: ReportTable, home: str) -> dict[str, Any]:
    rows = [
        (row, [(figure_text(one, row.figures[one.name], home), row.figures[one.name]) for one in table.columns])
        for row in table.rows
    ]
    return {"table": table, "rows": rows}


def _owners(question: ReportAsked) -> list[Option]:
    """Whose: oneself, teams, users; and whoever the address names."""
    mine = [Option(ME, _("Me"))] if question.asking.viewer.user_id is not None else []
    users = [Option(name, name) for name in user_names(question.conn)]
    found = [*mine, *team_options(question.conn), *users]
    known = {one.value for one in found}
    asked_for = question.state.owner
    return found if not asked_for or asked_for in known else [*found, Option(asked_for, asked_for)]


def _has_figures(tables: Any) -> bool:  # noqa: ANN401  (a sequence of tables)
    return any(figure.value for table in tables for row in table.rows for figure in row.figures.values())
