"""REST: consent of a person, everything about a person, erasures and what is suppressed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Field, Router, Schema
from ninja.params.functions import Query

from onefold.accounts.api import Permission, actor_of, audit, demand, name_of
from onefold.infra.pool import pooled
from onefold.privacy import requests
from onefold.privacy.decisions import Decision, set_consent
from onefold.privacy.export import entry_answer, export_person
from onefold.privacy.ledger import consents_of, entries_of
from onefold.privacy.purposes import list_purposes
from onefold.privacy.subject import person_of
from onefold.profiles.api import names_in_force, to_text

router = Router()


class EntryOut(Schema):
    """A row of the consent ledger."""

    purpose: str
    is_granted: bool
    origin: str = Field(description="statement, stamp (on other events) or gpc (the browser's header)")
    source: str = Field(description="Slug of the source")
    first_said_at: datetime
    said_at: datetime
    received_at: datetime
    details: dict[str, str] = Field(description="wording, wordingVersion, form, locale, actingUser: what was said")


class ConsentOut(Schema):
    """What a person allows. A purpose that is missing was never spoken of, which means no."""

    profile_id: str
    purposes: dict[str, bool] = Field(description="Every purpose of the workspace")
    unknown: list[str] = Field(description="What was said that means no purpose here: categories of a consent banner")
    ledger: list[EntryOut] = Field(description="The latest first, at most 200")


class ConsentIn(Schema):
    """A decision."""

    purpose: str = Field(max_length=50, examples=["email_marketing"])
    is_granted: bool
    wording: str = Field("", max_length=500, description="What the person agreed to, or its version")


class ConsentSet(Schema):
    """A decision that was logged."""

    message_id: str = Field(description="Retract it, from the source onefold, to undo the decision")
    is_processed: bool


class ErasureIn(Schema):
    """Whom to erase."""

    identifier: str = Field(max_length=700, examples=["email:anna@example.com"], description="Or a profile id")
    suppress: bool = Field(True, description="Refuse later events that name them")


class SubjectIn(Schema):
    """Somebody."""

    identifier: str = Field(max_length=700, examples=["email:anna@example.com"], description="Or a profile id")


class PreviewOut(Schema):
    """What an erasure would take; all zero = nobody is known by this identifier."""

    identifiers: dict[str, int] = Field(description="How many of each namespace")
    events: int
    companies: int
    consents: int
    decisions: int
    others: int = Field(description="Other people who were seen with one of the identifiers: their events are redacted")


class RequestOut(Schema):
    """A request about privacy."""

    id: int
    kind: str = Field(description="erase or release")
    requested_at: datetime
    requested_by: str
    is_suppressed: bool
    begun_at: datetime | None = Field(description="Since then nobody sees the person")
    done_at: datetime | None
    n_events: int | None = Field(description="How many events of their own the person had; `report` says how many went")
    fault: str | None = Field(description="The kind of error on which it stands still")
    report: dict[str, Any] | None = Field(description="What it did, or has done so far, in counts")


class RequestsOut(Schema):
    """The latest first."""

    requests: list[RequestOut]
    next: int | None = Field(description="`before` of the next page")


@router.get("/profiles/{path:identifier}/consent", response=ConsentOut, tags=["Privacy"], summary="What they allow")
def consent(request: HttpRequest, identifier: str) -> HttpResponse:
    """What a person allows, by purpose, and the ledger it follows from."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        names = names_in_force(conn)
        profile_id, _ = person_of(conn, names, identifier)
        found = consents_of(conn, profile_id)
        entries, _ = entries_of(conn, profile_id)
        purposes = [purpose.slug for purpose in list_purposes(conn)]
    allowed = {slug: slug in found and found[slug].key.is_granted for slug in purposes}
    ledger = [entry_answer(names, entry) for entry in entries]
    unknown = sorted(found.keys() - allowed.keys())
    return _json({"profile_id": to_text(profile_id), "purposes": allowed, "unknown": unknown, "ledger": ledger})


@router.post("/profiles/{path:identifier}/consent", response=ConsentSet, tags=["Privacy"], summary="Set a consent")
def decide(request: HttpRequest, identifier: str, said: ConsentIn) -> HttpResponse:
    """Log that a person grants or withdraws a purpose, as they told somebody. Waits up to 2 s for the effect."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_PEOPLE)
    with pooled() as conn:
        names = names_in_force(conn)
        _, members = person_of(conn, names, identifier)
        message_id, is_processed = set_consent(
            conn,
            names,
            members,
            said=Decision(said.purpose, said.is_granted, said.wording),
            acting_user=name_of(actor),
        )
    return _json({"message_id": message_id, "is_processed": is_processed})


@router.get("/profiles/{path:identifier}/export", tags=["Privacy"], summary="Everything about a person")
def export(request: HttpRequest, identifier: str) -> StreamingHttpResponse:
    """One JSON document: profile, identifiers, traits and their sources, companies, decisions, consent, all events."""
    actor = actor_of(request)
    demand(actor, Permission.EXPORT_PEOPLE)
    demand(actor, Permission.SEE_PERSONAL_DATA)
    with pooled() as conn:
        names = names_in_force(conn)
        profile_id, members = person_of(conn, names, identifier)
        with conn.transaction():
            audit(conn, actor=name_of(actor), action="person.exported", target=f"profile:{to_text(profile_id)}")
    pieces: Iterator[bytes] = export_person(names, profile_id, members)
    answer = StreamingHttpResponse(pieces, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="person-{to_text(profile_id)}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


@router.post("/privacy/erasures/preview", response=PreviewOut, tags=["Privacy"], summary="What would go")
def preview(request: HttpRequest, subject: SubjectIn) -> HttpResponse:
    """What an erasure would take, without doing anything."""
    demand(actor_of(request), Permission.ERASE_PEOPLE)
    with pooled() as conn:
        found = requests.preview(conn, names_in_force(conn), subject.identifier)
    spaces = [namespace for namespace, _ in found.identifiers]
    return _json(
        {
            "identifiers": {name: spaces.count(name) for name in sorted(set(spaces))},
            "events": found.n_events,
            "companies": found.n_companies,
            "consents": found.n_consents,
            "decisions": found.n_decisions,
            "others": found.n_others,
        }
    )


@router.post("/privacy/erasures", response=RequestOut, tags=["Privacy"], summary="Erase a person")
def erase(request: HttpRequest, wanted: ErasureIn) -> HttpResponse:
    """Erase a person for ever, by any identifier. Waits up to 2 s; `done_at` says whether it is done.

    Somebody who isn't known is suppressed. 400 `shared_identifier`: several people use it. Safe to repeat.
    """
    actor = actor_of(request)
    demand(actor, Permission.ERASE_PEOPLE)
    with pooled() as conn:
        made = requests.request_erasure(
            conn,
            names_in_force(conn),
            wanted.identifier,
            is_suppressed=wanted.suppress,
            acting_user=name_of(actor),
        )
    return _json(_row(made))


@router.post("/privacy/releases", response=RequestOut, tags=["Privacy"], summary="Let somebody come back")
def release(request: HttpRequest, subject: SubjectIn) -> HttpResponse:
    """End the suppression of an identifier and of all that were erased with it."""
    actor = actor_of(request)
    demand(actor, Permission.ERASE_PEOPLE)
    with pooled() as conn:
        names = names_in_force(conn)
        made = requests.request_release(conn, names, subject.identifier, acting_user=name_of(actor))
    return _json(_row(made))


@router.get("/privacy/requests", response=RequestsOut, tags=["Privacy"], summary="Requests")
def listed(request: HttpRequest, before: int | None = Query(None, ge=1, le=1 << 62)) -> HttpResponse:
    """What was asked, by whom, and what it did."""
    demand(actor_of(request), Permission.ERASE_PEOPLE)
    with pooled() as conn:
        rows, following = requests.list_requests(conn, before)
    return _json({"requests": [_row(row) for row in rows], "next": following})


@router.get("/privacy/requests/{int:request_id}", response=RequestOut, tags=["Privacy"], summary="One request")
def one(request: HttpRequest, request_id: int) -> HttpResponse:
    """Whether a request is done, and what it did."""
    demand(actor_of(request), Permission.ERASE_PEOPLE)
    with pooled() as conn:
        return _json(_row(requests.get_request(conn, request_id)))


@router.post("/privacy/requests/{int:request_id}/again", response=RequestOut, tags=["Privacy"], summary="Go on")
def again(request: HttpRequest, request_id: int) -> HttpResponse:
    """Ask once more for a request that stands still. Safe to repeat."""
    actor = actor_of(request)
    demand(actor, Permission.ERASE_PEOPLE)
    with pooled() as conn:
        return _json(_row(requests.ask_again(conn, request_id, acting_user=name_of(actor))))


def _row(row: requests.RequestRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in requests.RequestRow.__dataclass_fields__}


def _json(answer: object) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(answer), content_type="application/json")
