"""REST: files of records, people and companies."""

from datetime import datetime
from typing import Any
from urllib.parse import unquote

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from ninja import Field, Router, Schema
from ninja.params.functions import Query

from onefold.accounts.api import Permission, actor_of, demand
from onefold.crm.file_targets import open_file, open_target
from onefold.crm.file_views import NAME, demand_there, received, streamed
from onefold.crm.files import File, add_file, files_of, load_file, set_file_deleted
from onefold.infra.pool import pooled

router = Router(tags=["Files"])
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class FileOut(Schema):
    """A file."""

    id: int
    name: str
    media_type: str = Field(description="Of pictures by what they are, of others what the sender said")
    size_bytes: int
    at: datetime
    by: str = Field(description="As the audit log calls them: `user:alice`")


@router.get("/files/{int:file}", summary="Download a file")
def download(request: HttpRequest, file: int) -> HttpResponseBase:
    """Its bytes. 404 `record_not_found`; 403 `record_forbidden` without the right to see personal data."""
    with pooled() as conn:
        found, opened = open_file(conn, actor_of(request), file)
        demand_there(found, opened)
    return streamed(found)


@router.delete("/files/{int:file}", response=FileOut, summary="Delete a file")
def delete(request: HttpRequest, file: int) -> Any:  # noqa: ANN401  ninja's way
    """Out of sight; `restore` brings it back for 30 days. Safe to repeat. Errors as of a download."""
    return _set_deleted(request, file, is_deleted=True)


@router.post("/files/{int:file}/restore", response=FileOut, summary="Bring a deleted file back")
def restore(request: HttpRequest, file: int) -> Any:  # noqa: ANN401  ninja's way
    """Safe to repeat. Errors as of a download."""
    return _set_deleted(request, file, is_deleted=False)


@router.get("/files/{object}/{path:identifier}", response=list[FileOut], summary="Files of a record")
def files(request: HttpRequest, object: str, identifier: str) -> Any:  # noqa: ANN401  ninja's way
    """The latest first: of `deal/1`, `person/…` (a profile id), `company/space:key`. 404 `record_not_found`."""
    with pooled() as conn:
        opened = open_target(conn, actor_of(request), object, identifier)
        return [_told(one) for one in files_of(conn, opened.target)]


@router.post("/files/{object}/{path:identifier}", response={201: FileOut}, summary="Add a file", openapi_extra=_BODY)
def add(
    request: HttpRequest,
    object: str,
    identifier: str,
    name: str = Query("", max_length=500, description=f"Its name; or send the header {NAME}"),
) -> HttpResponse:
    """The body is the file, its `Content-Type` what it is. 413 `file_too_large`: more than 25 MB.

    400 `file_invalid`: it is empty, has no name, or there is no room. 403 `record_forbidden`, 404 `record_not_found`.
    """
    actor = actor_of(request)
    demand(actor, Permission.EDIT_RECORDS)
    with pooled() as conn:
        open_target(conn, actor, object, identifier).demand_edit()  # before a byte is read
    with received(request) as body, pooled() as conn:
        opened = open_target(conn, actor, object, identifier)
        opened.demand_edit()
        called = name or unquote(request.headers.get(NAME, ""))
        number = add_file(conn, opened.target, called, request.content_type or "", body, viewer=opened.viewer)
        told = _told(load_file(conn, number))
    return HttpResponse(msgspec.json.encode(told), content_type="application/json", status=201)


def _set_deleted(request: HttpRequest, number: int, *, is_deleted: bool) -> dict[str, Any]:
    actor = actor_of(request)
    demand(actor, Permission.EDIT_RECORDS)
    with pooled() as conn:
        found, opened = open_file(conn, actor, number)
        opened.demand_edit()
        set_file_deleted(conn, found, is_deleted=is_deleted, viewer=opened.viewer)
        return _told(found)


def _told(file: File) -> dict[str, Any]:
    return {name: getattr(file, name) for name in FileOut.model_fields}
