"""REST: profiles, companies, receipts, link rules, retractions."""

from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from ninja import Router
from ninja.params.functions import Query

from onefold.accounts.api import Permission, actor_of, demand, mask_value, may, name_of
from onefold.events.api import Flag
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound, Rejected, Unavailable
from onefold.kernel.instants import instant_of
from onefold.lists.api import ListState
from onefold.profiles import links, rest_schemas, why_answers
from onefold.profiles.answers import INCLUDABLE, Asked, past_answer, profile_answer, standing_of
from onefold.profiles.companies import find_company
from onefold.profiles.ids import from_text, to_text
from onefold.profiles.naming import Names, find_source, names_in_force
from onefold.profiles.people import Person, cells_of, people_page
from onefold.profiles.people_listed import catalogue_for
from onefold.profiles.people_query import place_from_text, place_to_text
from onefold.profiles.people_state import state_of
from onefold.profiles.person import Found
from onefold.profiles.preview import PreviewPerson, preview
from onefold.profiles.receipts import Receipt, receipt_of
from onefold.profiles.standing import moment_of

router = Router()


class QuestionRejected(Rejected):
    """The query asks for something there is not."""

    code = "query_invalid"


@router.get(
    "/profiles/{path:identifier}/why", response=rest_schemas.WhyOut, tags=["People"], summary="Why something is so"
)
def why(
    request: HttpRequest,
    identifier: str,
    trait: str = Query("", max_length=1000, description="Why this trait has its value"),
    of: str = Query("", alias="identifier", max_length=700, description="Why this identifier is theirs"),
    pair: str = Query("", max_length=1500, description="Why two identifiers are one person or not, by a comma"),
    as_of: str = Query("", max_length=50, description="A past moment in ISO 8601: by what was received until then"),
) -> HttpResponse:
    """The events, links and rules that led to a value, a membership, a merge or a refused one.

    With none of `trait`, `identifier` and `pair`: why the identifiers of this person are one.
    """
    demand(actor_of(request), Permission.SEE_PEOPLE)
    if sum(bool(one) for one in (trait, of, pair)) > 1:
        raise QuestionRejected("Ask for one of trait, identifier and pair at a time.")
    with pooled() as conn:
        names = names_in_force(conn)
        found = standing_of(conn, names, _asked(names, identifier), moment_of(as_of))
        if trait:
            return _json(why_answers.trait_answer(conn, names, found, trait))
        if of:
            return _json(why_answers.identifier_answer(conn, names, found, names.identifier(of)))
        if pair:
            return _json(why_answers.pair_answer(conn, names, found, why_answers.pair_from_text(names, pair)))
        return _json(why_answers.person_answer(conn, names, found))


@router.get("/profiles/{path:identifier}", response=rest_schemas.ProfileOut, tags=["People"], summary="One person")
def profile(
    request: HttpRequest,
    identifier: str,
    include: str = Query("traits", description=f"Any of {', '.join(INCLUDABLE)}, by commas"),
    limit: int = Query(20, ge=1, le=200, description="Most events"),
    as_of: str = Query("", max_length=50, description="A past moment in ISO 8601: by what was received until then"),
) -> HttpResponse:
    """The person whom an identifier, written `namespace:value`, names today. Understands a profile id as well.

    404: `not_found` (nobody was seen with it) or `shared_identifier` (several people use it, so it is nobody's).
    """
    demand(actor_of(request), Permission.SEE_PEOPLE)
    wanted = frozenset(part.strip() for part in include.split(",") if part.strip())
    if not wanted <= set(INCLUDABLE):
        raise QuestionRejected(f"include may name {', '.join(INCLUDABLE)}.")
    with pooled() as conn:
        names = names_in_force(conn)
        asked, moment = _asked(names, identifier), moment_of(as_of)
        if moment is not None:
            return _json(past_answer(conn, names, standing_of(conn, names, asked, moment), wanted, limit))
        return _json(profile_answer(conn, names, asked, wanted, limit))


@router.get("/people", response=rest_schemas.PeopleOut, tags=["People"], summary="A list of people")
def people_list(  # noqa: PLR0913, PLR0917  (parameters of the call, all by name)
    request: HttpRequest,
    q: str = Query("", max_length=200, description="Part of a name, e-mail, phone or user id"),
    filter: str = Query("", description="A filter as JSON: docs/reference/filters.md"),
    sort: str = Query("", description="A field; with `-` before it downwards. As it comes: `-last_seen`"),
    who: str = Query("", pattern="^(all)?$", description="`all`: anonymous people as well"),
    fields: str = Query("", description="`trait:NAME` and `identifier:NAMESPACE` to tell as well, by commas"),
    after: str = Query("", description="`next` of the page before"),
    limit: int = Query(50, ge=1, le=200, description="Most people"),
) -> HttpResponse:
    """People that match, in pages. `count` counts up to 1,000. 400 says what is wrong with a filter."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    place = place_from_text(after)
    if after and place is None:
        raise QuestionRejected("after must be `next` of the page before.")
    given = QueryDict(mutable=True)
    given.update({"q": q, "filter": filter, "sort": sort, "who": who})
    given.setlist("col", [one for one in fields.split(",") if one])
    is_masked = not may(actor_of(request), Permission.SEE_PERSONAL_DATA)
    state = state_of(given)
    with pooled() as conn:
        page = people_page(conn, catalogue_for(conn, actor_of(request)), state, after=place, size=limit)
    if page.is_too_slow:
        raise Unavailable(
            "Finding these people took too long. Ask for what an index answers: docs/reference/filters.md."
        )
    if page.is_sort_refused:
        raise QuestionRejected(
            "Lists of more than 10,000 people can't be sorted by this field. Filter, or sort by name."
        )
    listed = [_listed(state, one) for one in page.people]
    return _json(
        {
            "people": mask_value(listed) if is_masked else listed,
            "count": page.count,
            "is_count_capped": page.is_count_capped,
            "next": place_to_text(page.next_place) if page.next_place else None,
        }
    )


@router.get("/companies/{path:identifier}", response=rest_schemas.CompanyOut, tags=["People"], summary="One company")
def company(request: HttpRequest, identifier: str) -> HttpResponse:
    """The company with a groupId, written `space:groupId`; the default space is empty, so `:acme`.

    One that was merged into another is answered as that one.
    """
    demand(actor_of(request), Permission.SEE_PEOPLE)
    space, _, key = identifier.partition(":")
    with pooled() as conn:
        found = None if "\0" in identifier else find_company(conn, space, key)
    if found is None:
        raise NotFound("No group call has named this company. Write space:groupId; the default space is empty.")
    fields = ("space", "key", "name", "first_seen", "last_seen")
    answer = {name: getattr(found, name) for name in fields}
    return _json({**answer, "traits": msgspec.Raw(found.traits.encode()), "events": found.n})


@router.get(
    "/events/{source}/{path:message_id}", response=rest_schemas.ReceiptOut, tags=["Events"], summary="The receipt"
)
def receipt(request: HttpRequest, source: str, message_id: str) -> HttpResponse:
    """What became of a message of a source: stored, refused, retracted, pending or unknown, and why."""
    demand(actor_of(request), Permission.SEE_EVENTS)
    with pooled() as conn:
        known = find_source(conn, source)
        found = receipt_of(conn, names_in_force(conn), known.id, message_id)
    return _json({"source": source, "message_id": message_id, **_receipt(found)})


@router.post("/identity/links", response=rest_schemas.LinkOut, tags=["Identity"], summary="Decide about a pair")
def decide(request: HttpRequest, decision: rest_schemas.LinkIn) -> HttpResponse:
    """Never or always link two identifiers, or withdraw that. Waits up to 2 s for the effect. Safe to repeat."""
    actor = actor_of(request)
    demand(actor, Permission.MANAGE_IDENTITY)
    with pooled() as conn:
        names = names_in_force(conn)
        done = links.decide(conn, names, rule=decision.rule, a=decision.a, b=decision.b, acting_user=name_of(actor))
    ends = [
        {"identifier": text, "profile_id": _profile_id(found)}
        for text, found in zip((done.a, done.b), done.found, strict=True)
    ]
    return _json({"rule": done.rule, "a": ends[0], "b": ends[1], "is_processed": done.is_processed})


@router.post(
    "/identity/preview", response=rest_schemas.PreviewOut, tags=["Identity"], summary="What a decision would change"
)
def preview_decision(request: HttpRequest, decision: rest_schemas.LinkIn) -> HttpResponse:
    """The people that a decision about a pair would change, before and after. Writes nothing."""
    demand(actor_of(request), Permission.MANAGE_IDENTITY)
    with pooled() as conn:
        names = names_in_force(conn)
        found = preview(conn, names, rule=decision.rule, a=decision.a, b=decision.b)
    return _json(
        {
            "rule": found.rule,
            "a": found.a,
            "b": found.b,
            "sentence": found.sentence,
            "before": [_preview_person(one) for one in found.before],
            "after": [_preview_person(one) for one in found.after],
            "traits": [{"trait": one.name, "before": one.before, "after": one.after} for one in found.traits],
        }
    )


@router.get("/identity/links", response=rest_schemas.RulesOut, tags=["Identity"], summary="Decisions in force")
def rules(request: HttpRequest, after: str = Query("", description="`next` of the page before")) -> HttpResponse:
    """Pairs of identifiers that must never or always be one person, the latest decision first."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        found, has_more = links.rules_in_force(conn, names_in_force(conn), _rule_place(after))
    listed = [{"rule": rule.rule, "a": rule.a, "b": rule.b, "decided_at": instant_of(rule.ts)} for rule in found]
    following = f"{found[-1].place[0]}_{found[-1].place[1].hex}" if has_more else None
    return _json({"rules": listed, "next": following})


@router.post("/retractions", response=rest_schemas.RetractionOut, tags=["Events"], summary="Take messages back")
def retract(request: HttpRequest, wanted: rest_schemas.RetractionIn) -> HttpResponse:
    """Make messages of a source as if they had never come: those received up to now. Safe to repeat."""
    actor = actor_of(request)
    demand(actor, Permission.MANAGE_IDENTITY)
    with pooled() as conn:
        find_source(conn, wanted.source)
        ids = list(dict.fromkeys(wanted.messageIds))
        is_processed = links.retract(conn, source=wanted.source, message_ids=ids, acting_user=name_of(actor))
    return _json({"accepted": len(ids), "is_processed": is_processed})


def _asked(names: Names, text: str) -> Asked:
    h = from_text(text)
    if h is not None:
        return Asked(h, None)
    identifier = names.identifier(text)
    return Asked(identifier.h, identifier)


def _receipt(found: Receipt) -> dict[str, Any]:
    stored = found.stored
    return {
        "status": found.status,
        "why": found.why,
        "received_at": stored and stored.received_at,
        "timestamp": stored and stored.ts,
        "type": stored and stored.kind.name.lower(),
        "name": stored and stored.name,
        "fragment": stored and stored.fragment,
        "profile_id": to_text(stored.profile_id) if stored and stored.profile_id is not None else None,
        "is_bot": stored and Flag.BOT in stored.flags,
        "is_time_corrected": stored and Flag.TIME_CORRECTED in stored.flags,
        "is_time_clamped": stored and Flag.TIME_CLAMPED in stored.flags,
        "duplicates": found.duplicates,
        "retracted_at": found.retracted_at,
        "violations": [
            {"at": fault.at, "reason": fault.reason, "detail": fault.detail, "is_fatal": fault.is_fatal}
            for fault in found.faults
        ],
    }


def _preview_person(one: PreviewPerson) -> dict[str, Any]:
    return {
        "profile_id": None if one.is_nobody else to_text(one.id),
        "title": one.title,
        "identifiers": one.identifiers,
        "n_identifiers": one.n_identifiers,
        "events": one.n_events,
    }


def _listed(state: ListState, one: Person) -> dict[str, Any]:
    columns = ("name", "email", "phone", "is_known", "first_seen", "last_seen")
    return {
        "id": to_text(one.id),
        **{name: getattr(one, name) for name in columns},
        "company": one.company or None,
        "fields": cells_of(state, one),
    }


def _profile_id(found: Found | None) -> str | None:
    return to_text(found.profile_id) if found and found.has_profile else None


def _rule_place(text: str) -> links.Place | None:
    if not text:
        return None
    instant, _, event = text.partition("_")
    try:
        return (int(instant), UUID(hex=event))
    except ValueError as fault:
        raise QuestionRejected("after must be `next` of the page before.") from fault


def _json(answer: dict[str, Any]) -> HttpResponse:
    """msgspec passes stored JSON on as it is; ninja's own way would decode, check and encode it."""
    return HttpResponse(msgspec.json.encode(answer), content_type="application/json")
