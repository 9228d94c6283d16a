"""What answers somebody who takes a list out: the file at once, or the page that shows how far the worker is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from psycopg import Connection

from onefold.accounts.api import Permission, audit, may, name_of
from onefold.infra.pool import pooled
from onefold.kernel.marking import marked as _
from onefold.lists.api import ListState
from onefold.profiles import exports
from onefold.profiles.export_files import Format, Rows

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse  # the processor comes by the door that has this

MAX_AT_ONCE: Final = 1_000
"""Rows that are written while the browser waits."""
_BEING_MADE: Final = _("The export is being made. You are told when it is ready.")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What is taken out. `ids` None = the whole list; `count` of rows, anything above MAX_AT_ONCE is many.

    `action` is what the audit calls it; `rows` are read by a connection of their own.
    """

    state: ListState
    ids: list[int] | None
    count: int
    format: Format
    action: str
    rows: Callable[[Connection[Any]], Rows]
    has_all_columns: bool = False

    @property
    def details(self) -> dict[str, Any]:
        """For the audit log."""
        columns: Any = "all" if self.has_all_columns else [one.field for one in self.state.columns]
        what = "people" if self.state.kind.object == "people" else "records"
        return {what: "all" if self.ids is None else len(self.ids), "columns": columns, "format": self.format.name}


def take_out(conn: Connection[Any], request: "HttpRequest", taken: Taken) -> "HttpResponse":
    """The file of a list; one of more than MAX_AT_ONCE is made by the worker. The audit log says so. One transaction.

    Raises ExportRejected.
    """
    from django.contrib import messages  # see above
    from django.http import HttpResponseRedirect
    from django.utils.translation import gettext

    is_long = taken.ids is None and taken.count > MAX_AT_ONCE
    with conn.transaction():
        target = f"{taken.state.kind.object}:list"
        if is_long:
            wanted = exports.Wanted(
                owner=name_of(request.user),
                user_id=int(request.user.pk or 0),
                is_masked=not may(request.user, Permission.SEE_PERSONAL_DATA),
                format=taken.format.name,
                has_all_columns=taken.has_all_columns,
            )
            target = f"export:{exports.ask_export(conn, taken.state, wanted)}"
        audit(conn, actor=name_of(request.user), action=taken.action, target=target, details=taken.details)
    if is_long:
        messages.success(request, gettext(_BEING_MADE))
        return HttpResponseRedirect("/exports")
    return file_of(taken.format, taken.state.kind.path, _written(taken))


def file_of(made: Format, path: str, parts: Iterator[bytes]) -> "HttpResponse":
    """A file to be kept, called after the path of its list and today."""
    from django.http import HttpResponse, StreamingHttpResponse  # see above
    from django.utils import timezone

    response = StreamingHttpResponse(parts, content_type=made.content_type)
    name = f"{path.rpartition('/')[2]}-{timezone.now():%Y-%m-%d}.{made.name}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return cast(HttpResponse, response)  # the guard knows no other kind


def _written(taken: Taken) -> Iterator[bytes]:
    with pooled() as conn:
        rows = taken.rows(conn)
        for part, _count in taken.format.write(rows.columns, rows.batches):
            if part:
                yield part
