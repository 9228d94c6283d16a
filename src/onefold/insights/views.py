"""The page of SQL: ask, stop, take out, keep."""

from typing import Literal
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onefold.accounts.api import Permission, name_of, requires, workspace
from onefold.infra.pool import pooled
from onefold.insights import runs, saved
from onefold.insights.acting import run_for
from onefold.insights.asking import MAX_ROWS, is_masked_for
from onefold.insights.examples import EXAMPLES
from onefold.insights.files import file_response
from onefold.insights.guard import SqlRejected
from onefold.insights.schema import schema_for
from onefold.insights.shown import shown_of


@requires(Permission.RUN_SQL)
@require_safe
def new_query(request: HttpRequest) -> HttpResponse:
    """An empty editor, with the tables beside it."""
    return _page(request, sql="")


@requires(Permission.RUN_SQL)
@require_safe
def saved_query(request: HttpRequest, query_id: int) -> HttpResponse:
    """A saved query in the editor."""
    with pooled() as conn:
        query = saved.find_query(conn, query_id, name_of(request.user))
    return _page(request, sql=query.sql, query=query)


@requires(Permission.RUN_SQL)
@require_safe
def past_run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """What one ran lately in the editor."""
    with pooled() as conn:
        past = runs.find_run(conn, run_id, name_of(request.user))
    return _page(request, sql=past.sql)


@requires(Permission.RUN_SQL)
@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """The result of `sql` as a piece of the page; also why there is none."""
    sql = request.POST.get("sql", "")
    shown = shown_of(request.user, sql, _uuid(request.POST.get("run", "")))
    return render(request, "insights/result.html", {"shown": shown, "next_run": uuid4()})


@requires(Permission.RUN_SQL)
@require_POST
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Stops one's own run within a second; nothing if it has ended."""
    with pooled() as conn:
        runs.cancel_run(conn, run_id, owner=name_of(request.user))
    return HttpResponse(status=204)


@requires(Permission.RUN_SQL)
@require_POST
def download(request: HttpRequest) -> HttpResponse:
    """All rows of `sql`, asked anew, as a file of `format`."""
    form: Literal["csv", "parquet"] = "parquet" if request.POST.get("format") == "parquet" else "csv"
    run_id = _uuid(request.POST.get("run", ""))
    with run_for(
        request.user, request.POST.get("sql", ""), form=form, max_rows=MAX_ROWS[form], run_id=run_id
    ) as answer:
        return file_response(answer, form)


@requires(Permission.RUN_SQL)
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keeps `sql` under a `name`; then to it."""
    with pooled() as conn:
        query_id = saved.add_query(conn, _wanted(request), acting_user=name_of(request.user))
    return HttpResponseRedirect(f"/sql/queries/{query_id}")


@requires(Permission.RUN_SQL)
@require_POST
def change(request: HttpRequest, query_id: int) -> HttpResponse:
    """Another name, text, or who sees it."""
    with pooled() as conn:
        saved.change_query(conn, query_id, _wanted(request), acting_user=name_of(request.user))
    messages.success(request, _("The query is saved."))
    return HttpResponseRedirect(f"/sql/queries/{query_id}")


@requires(Permission.RUN_SQL)
@require_POST
def delete(request: HttpRequest, query_id: int) -> HttpResponse:
    """Out of the list; the toast brings it back."""
    with pooled() as conn:
        query = saved.set_deleted(conn, query_id, is_deleted=True, acting_user=name_of(request.user))
    text = _("The query %(name)s is deleted.") % {"name": query.name}
    messages.success(request, text, extra_tags=f"/sql/queries/{query_id}/restore")
    return HttpResponseRedirect("/sql")


@requires(Permission.RUN_SQL)
@require_POST
def restore(request: HttpRequest, query_id: int) -> HttpResponse:
    """Back into the list."""
    with pooled() as conn:
        saved.set_deleted(conn, query_id, is_deleted=False, acting_user=name_of(request.user))
    return HttpResponseRedirect(f"/sql/queries/{query_id}")


def _page(request: HttpRequest, *, sql: str, query: saved.SavedQuery | None = None) -> HttpResponse:
    owner = name_of(request.user)
    with pooled() as conn:
        context = {
            "queries": saved.visible_queries(conn, owner),
            "runs": runs.recent_runs(conn, owner),
            "tables": schema_for(conn, is_masked=is_masked_for(request.user)),
        }
    is_own = query is not None and query.owner == owner
    context |= {"sql": sql, "query": query, "is_own": is_own, "examples": EXAMPLES, "run": uuid4()}
    context |= {"is_masked": is_masked_for(request.user), "zone": workspace().time_zone}
    return render(request, "insights/sql.html", context)


def _wanted(request: HttpRequest) -> saved.Wanted:
    post = request.POST
    return saved.Wanted(post.get("name", ""), post.get("sql", ""), post.get("shared") == "yes")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text) if text else uuid4()
    except ValueError as fault:
        raise SqlRejected("This run has no valid id. Load the page again.") from fault
