"""Files on the pages of records, people and companies: listed, uploaded, downloaded, deleted and brought back."""

import json
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Final, cast
from urllib.parse import quote, unquote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onefold.accounts.api import Permission, actor_of, demand, requires
from onefold.crm.errors import FileRejected
from onefold.crm.file_targets import Opened, open_file, open_target
from onefold.crm.files import (
    MOST_BYTES,
    PIECE_BYTES,
    File,
    add_file,
    files_of,
    missing_file,
    piece_of,
    set_file_deleted,
    too_large,
)
from onefold.crm.page import came_from, go
from onefold.infra.pool import pooled

NAME: Final = "X-File-Name"
_SAFE: Final = "default-src 'none'; sandbox"


@requires(Permission.SEE_RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest, object_name: str, identifier: str) -> HttpResponse:
    """The card; sent, the body is one more file, whose name stands in X-File-Name, as of an address."""
    actor = actor_of(request)
    if request.method == "POST":
        demand(actor, Permission.EDIT_RECORDS)
        try:
            with pooled() as conn:
                open_target(conn, actor, object_name, identifier).demand_edit()  # before a byte is read
            with received(request) as body, pooled() as conn:
                opened = open_target(conn, actor, object_name, identifier)
                opened.demand_edit()
                name = unquote(request.headers.get(NAME, ""))
                add_file(conn, opened.target, name, request.content_type or "", body, viewer=opened.viewer)
        except FileRejected as fault:  # of many files the others go on: who sent it reads what was wrong
            return HttpResponse(str(fault), status=fault.status, content_type="text/plain; charset=utf-8")
    with pooled() as conn:
        opened = open_target(conn, actor, object_name, identifier)
        found = files_of(conn, opened.target)
    context = {
        "opened": opened,
        "files": found,
        "url": f"/files/{object_name}/{quote(identifier, safe=':')}",
        "most": MOST_BYTES,
        "most_mb": MOST_BYTES // 1_000_000,
    }
    return render(request, "crm/files.html", context)


@requires(Permission.SEE_RECORDS)
@require_safe
def download(request: HttpRequest, file: int) -> HttpResponse:
    """Its bytes, to be saved: nothing in it runs here."""
    return _sent(request, file, is_shown=False)


@requires(Permission.SEE_RECORDS)
@require_safe
def look(request: HttpRequest, file: int) -> HttpResponse:
    """A picture, as a page shows it."""
    return _sent(request, file, is_shown=True)


@requires(Permission.EDIT_RECORDS)
@require_POST
def delete(request: HttpRequest, file: int) -> HttpResponse:
    """Out of sight; the toast brings it back."""
    with pooled() as conn:
        found, opened = open_file(conn, actor_of(request), file)
        opened.demand_edit()
        set_file_deleted(conn, found, is_deleted=True, viewer=opened.viewer)
    said = {"text": _("The file is deleted."), "undo": f"/files/{file}/restore"}
    if getattr(request, "htmx", False):
        return HttpResponse(headers={"HX-Trigger": json.dumps({"files-changed": True, "toast": said})})
    messages.success(request, said["text"], extra_tags=said["undo"])
    return go(request, came_from(request, opened.path))


@requires(Permission.EDIT_RECORDS)
@require_POST
def restore(request: HttpRequest, file: int) -> HttpResponse:
    """Back where it was."""
    with pooled() as conn:
        found, opened = open_file(conn, actor_of(request), file)
        opened.demand_edit()
        set_file_deleted(conn, found, is_deleted=False, viewer=opened.viewer)
    messages.success(request, _("The file is back."))
    return go(request, came_from(request, opened.path))


def received(request: HttpRequest) -> IO[bytes]:
    """The body at hand, in memory or in a file that goes when it is closed. Raises FileTooLarge at the first byte more.

    Read here, a piece at a time: whoever sends slowly keeps no transaction open, and no more than a file on the disk.
    """
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > MOST_BYTES:
        raise too_large()
    body: IO[bytes] = SpooledTemporaryFile(PIECE_BYTES)  # noqa: SIM115  the caller closes it
    size = 0
    while piece := request.read(min(PIECE_BYTES, MOST_BYTES + 1 - size)):
        size += len(piece)
        if size > MOST_BYTES:
            body.close()
            raise too_large()
        body.write(piece)
    body.seek(0)
    return body


def streamed(file: File, *, is_shown: bool = False) -> StreamingHttpResponse:
    """Piece by piece, so that no file is in memory as a whole; what it is is said only of what browsers may show."""
    kind = file.media_type if file.is_shown else "application/octet-stream"
    response = StreamingHttpResponse(_pieces(file), content_type=kind)
    way = "inline" if is_shown and file.is_shown else "attachment"
    response["Content-Disposition"] = f"{way}; filename*=UTF-8''{quote(file.name, safe='')}"
    response["Content-Length"] = str(file.size_bytes)
    response["Content-Security-Policy"] = _SAFE
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _sent(request: HttpRequest, number: int, *, is_shown: bool) -> HttpResponse:
    with pooled() as conn:
        file, opened = open_file(conn, actor_of(request), number)
        demand_there(file, opened)
    if is_shown and not file.is_shown:
        raise missing_file(number)
    return cast("HttpResponse", streamed(file, is_shown=is_shown))  # views and their guards know no other


def demand_there(file: File, opened: Opened) -> None:
    """Raises RecordMissing, RecordForbidden."""
    if file.is_deleted:
        raise missing_file(file.id)
    opened.demand_seeing()


def _pieces(file: File) -> Iterator[bytes]:
    """Each by a connection of its own: who reads slowly keeps none from others."""
    for n in range(-(-file.size_bytes // PIECE_BYTES)):
        with pooled() as conn:
            piece = piece_of(conn, file, n)
        yield piece
