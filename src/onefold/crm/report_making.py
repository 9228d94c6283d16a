"""Reports by name: read from an address, worked out, told as lines of CSV and as the API answers."""

import csv
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection
from psycopg.errors import QueryCanceled

from onefold.crm.catalogue import Asking
from onefold.crm.pipelines import load_pipelines
from onefold.crm.report_asking import ReportAsked
from onefold.crm.report_people import people
from onefold.crm.report_results import forecast, results, velocity
from onefold.crm.report_stages import by_stage, conversion
from onefold.crm.report_state import TIMELESS, ReportRejected, report_state
from onefold.crm.report_tables import Column, Figure, Number, Report, ReportRow, ReportTable
from onefold.kernel.errors import Unavailable
from onefold.kernel.spreadsheets import is_formula

_MAKERS: Final[Mapping[str, Callable[[ReportAsked], Report]]] = {
    "stages": by_stage,
    "conversion": conversion,
    "velocity": velocity,
    "results": results,
    "forecast": forecast,
    "people": people,
}


class ReportTooSlow(Unavailable):
    """It ran into the connection's statement timeout."""

    code = "report_too_slow"


def report_asked(conn: Connection[Any], asking: Asking, given: Mapping[str, str]) -> ReportAsked:
    """What an address asks for. Raises ReportRejected."""
    now = datetime.now(UTC)
    pipelines = load_pipelines(conn)
    state = report_state(given, pipelines, now.date())
    return ReportAsked(conn=conn, asking=asking, pipelines=pipelines, state=state, now=now)


def make_report(asked: ReportAsked) -> Report:
    """Worked out of what the reader may see. Cost: as the report says. Raises ReportTooSlow."""
    try:
        return _MAKERS[asked.state.report](asked)
    except QueryCanceled as fault:
        raise ReportTooSlow(_("Working this out took too long. Choose a shorter period, or one pipeline.")) from fault


def table_of(report: Report, name: str) -> ReportTable:
    """One of its tables, the first unless named. Raises ReportRejected."""
    found = next((one for one in report.tables if name in {"", one.name}), None)
    if found is None:
        known = ", ".join(one.name for one in report.tables) or _("none")
        raise ReportRejected(_("The report has no table “%(name)s”. There are: %(known)s.")
                             % {"name": name[:80], "known": known})  # fmt: skip
    return found


def csv_of(table: ReportTable) -> str:
    """With a head; shares as 0.5, amounts to the cent. No cell is taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_disarmed(table.head), *(_disarmed(one.title) for one in table.columns)])
    for row in table.rows:
        figures = (_plain(row.figures[one.name].value) for one in table.columns)
        writer.writerow([_disarmed(row.title), *("" if one is None else one for one in figures)])
    return text.getvalue()


def answer_of(asked: ReportAsked, report: Report) -> dict[str, Any]:
    """As the API tells it: figures by name of their column, with the filters of what they count."""
    state = asked.state
    has_period = state.report not in TIMELESS
    return {
        "report": report.name,
        "pipeline": state.pipeline,
        "owner": state.owner,
        "first": state.first if has_period else None,
        "last": state.last if has_period else None,
        "at": asked.now,
        "tables": [_table(one) for one in report.tables],
    }


def _table(table: ReportTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "columns": [{"name": one.name, "title": one.title, "kind": one.kind} for one in table.columns],
        "rows": [_row(one, table) for one in table.rows],
    }


def _row(row: ReportRow, table: ReportTable) -> dict[str, Any]:
    figures: dict[str, tuple[Column, Figure]] = {one.name: (one, row.figures[one.name]) for one in table.columns}
    return {
        "key": row.key,
        "title": row.title,
        "is_total": row.is_total,
        "values": {name: _plain(figure.value) for name, (_column, figure) in figures.items()},
        "records": {
            name: {"object": figure.object, "filter": figure.filter}
            for name, (_column, figure) in figures.items()
            if figure.tree is not None
        },
    }


def _plain(value: Number) -> Number:
    """Without digits that mean nothing."""
    if isinstance(value, Decimal):
        return round(value, 2)
    return round(value, 4) if isinstance(value, float) else value


def _disarmed(text: str) -> str:
    return f"'{text}" if is_formula(text) else text
