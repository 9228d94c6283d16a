"""REST: forms and what was sent by them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from ninja.params.functions import Query
from psycopg import Connection

from onefold.accounts.api import Permission, actor_of, demand, name_of
from onefold.config import load_settings
from onefold.events.api import get_source
from onefold.forms import store, submissions
from onefold.forms.definition import definition_from, text_of
from onefold.infra.pool import pooled
from onefold.profiles.api import to_text

router = Router()
State = Literal["accepted", "held", "waiting", "confirmed", "released", "expired", "discarded"]


class FormIn(Schema):
    """A new form."""

    name: str = Field(min_length=1, max_length=200)
    template: str = Field("contact", description="newsletter, contact or demo: what it begins with")
    source: str = Field("", description="Slug of a web site; empty = the first one")


class FormChange(Schema):
    """What is to be another; what is left out stays."""

    name: str | None = Field(None, max_length=200)
    definition: dict[str, Any] | None = Field(None, description="The whole draft, as GET has it")


class FormLineOut(Schema):
    """A form, with what came in 30 days."""

    id: int
    key: str = Field(description="Stands in addresses: /forms/KEY.js of the collector")
    name: str
    status: Literal["draft", "published", "archived"]
    version: int | None = Field(description="The one that visitors get")
    source: str
    views: int
    submissions: int
    counts: dict[str, int] = Field(description="By outcome: view, accepted, waiting, held:REASON, refused:CODE …")


class FormOut(FormLineOut):
    """A form with its draft."""

    definition: dict[str, Any]
    is_published_so: bool = Field(description="The draft is what visitors get")


class SubmissionOut(Schema):
    """Something that was sent. Answers are here while it waits or is kept aside, then they are the person's."""

    id: UUID
    at: datetime
    state: State
    reason: str = Field(description="Why it is kept aside: honeypot, no_token, too_fast, stale, links, many_mails")
    page: str
    campaign: str
    version: int
    answers: dict[str, Any] | None
    profile_id: str | None = Field(description="Whose it is")


class SubmissionsOut(Schema):
    """The latest first."""

    submissions: list[SubmissionOut]
    next: str | None = Field(description="Pass as `before` for the next page")


class PublishedOut(Schema):
    """What visitors get now."""

    version: int


class DecidedOut(Schema):
    """What became of it: released, or waiting for the click in its mail."""

    state: State


@router.get("/forms", response=list[FormLineOut], tags=["Forms"], summary="All forms")
def forms(request: HttpRequest) -> list[dict[str, Any]]:
    """By name, archived ones last."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        return [_line(line) for line in store.list_forms(conn)]


@router.post("/forms", response={201: FormOut}, tags=["Forms"], summary="Make a form")
def create(request: HttpRequest, wanted: FormIn) -> Status[dict[str, Any]]:
    """A draft of a template; `PATCH` fills it, `publish` gives it to visitors."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn:
        source_id = get_source(conn, wanted.source).id if wanted.source else None
        form = store.create_form(
            conn, name=wanted.name, template=wanted.template, source_id=source_id, acting_user=name_of(actor)
        )
        return Status(201, _whole(conn, form))


@router.get("/forms/{int:number}", response=FormOut, tags=["Forms"], summary="One form")
def form(request: HttpRequest, number: int) -> dict[str, Any]:
    """With its draft."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        return _whole(conn, store.find_form(conn, number))


@router.patch("/forms/{int:number}", response=FormOut, tags=["Forms"], summary="Change a form's draft")
def change(request: HttpRequest, number: int, wanted: FormChange) -> dict[str, Any]:
    """Visitors get it when it is published. 400 `form_invalid` for what has another shape."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn:
        draft = store.find_form(conn, number).draft
        if wanted.definition is not None:
            draft = definition_from(msgspec.json.encode(wanted.definition))
        return _whole(conn, store.save_draft(conn, number, draft, name=wanted.name, acting_user=name_of(actor)))


@router.post("/forms/{int:number}/publish", response=PublishedOut, tags=["Forms"], summary="Publish a form")
def publish(request: HttpRequest, number: int) -> dict[str, int]:
    """The draft becomes a version. 400 `form_invalid` lists everything that is wrong with it."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    has_mail = bool(load_settings().mail.host)
    with pooled() as conn:
        return {"version": store.publish(conn, number, has_mail=has_mail, acting_user=name_of(actor))}


@router.post("/forms/{int:number}/archive", response=FormOut, tags=["Forms"], summary="Take a form out of use")
def archive(request: HttpRequest, number: int) -> dict[str, Any]:
    """Visitors find nothing any more. Safe to repeat."""
    return _archived(request, number, is_archived=True)


@router.post("/forms/{int:number}/restore", response=FormOut, tags=["Forms"], summary="Bring a form back")
def restore(request: HttpRequest, number: int) -> dict[str, Any]:
    """As it was before it was archived. Safe to repeat."""
    return _archived(request, number, is_archived=False)


@router.get("/forms/{int:number}/submissions", response=SubmissionsOut, tags=["Forms"], summary="What was sent")
def sent(
    request: HttpRequest,
    number: int,
    state: State | None = None,
    before: str = Query("", description="`next` of the page before"),
    limit: int = Query(50, ge=1, le=200),
) -> dict[str, Any]:
    """The latest first; of one `state`, or all."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        store.find_form(conn, number)
        found = submissions.submissions_of(
            conn, number, states=[state] if state else None, before=submissions.place_of(before), limit=limit
        )
    return {
        "submissions": [
            {
                name: getattr(one, name)
                for name in ("id", "at", "state", "reason", "page", "campaign", "version", "answers")
            }
            | {"profile_id": to_text(one.profile_id) if one.is_known else None}
            for one in found
        ],
        "next": submissions.text_of_place(found[-1]) if len(found) == limit else None,
    }


@router.post(
    "/forms/{int:number}/submissions/{uuid:submission}/let-in",
    response=DecidedOut,
    tags=["Forms"],
    summary="Let in what was kept aside",
)
def let_in(request: HttpRequest, number: int, submission: UUID) -> dict[str, str]:
    """404 for what isn't kept aside any more."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn:
        return {"state": submissions.let_in(conn, number, submission, acting_user=name_of(actor))}


@router.post(
    "/forms/{int:number}/submissions/{uuid:submission}/discard",
    response=DecidedOut,
    tags=["Forms"],
    summary="Throw away what was kept aside",
)
def discard(request: HttpRequest, number: int, submission: UUID) -> dict[str, str]:
    """404 for what isn't kept aside any more."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn:
        submissions.discard(conn, number, submission, acting_user=name_of(actor))
    return {"state": "discarded"}


def _archived(request: HttpRequest, number: int, *, is_archived: bool) -> dict[str, Any]:
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn:
        return _whole(conn, store.set_archived(conn, number, is_archived=is_archived, acting_user=name_of(actor)))


def _whole(conn: Connection[Any], form: store.Form) -> dict[str, Any]:
    (line,) = store.list_forms(conn, form.id)
    draft = msgspec.json.decode(text_of(form.draft))
    return _line(line) | {"definition": draft, "is_published_so": form.is_published_so}


def _line(line: store.FormLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "key": line.key,
        "name": line.name,
        "status": line.status,
        "version": line.published,
        "source": line.source,
        "views": line.views,
        "submissions": line.submissions,
        "counts": line.counts,
    }
