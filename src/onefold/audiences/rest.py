"""REST: audiences, their members and changes, previews of any rule."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import Router, Status
from ninja.params.functions import Query
from psycopg import Connection

from onefold.accounts.api import Permission, actor_of, demand, name_of
from onefold.audiences import actions, shown
from onefold.audiences import shown_companies as companies
from onefold.audiences.company_explain import explain_company
from onefold.audiences.explain import explain as explain_rule
from onefold.audiences.exporting import exported
from onefold.audiences.hiding import demand_whole, reader_for
from onefold.audiences.live import load_scope
from onefold.audiences.membership import Cause, Kind
from onefold.audiences.of_person import computed_of
from onefold.audiences.preview import Asked, Preview, preview
from onefold.audiences.rest_ingredients import router as ingredients
from onefold.audiences.rest_schemas import (
    AudienceChange,
    AudienceIn,
    AudienceOut,
    ChangeOut,
    MembersOut,
    PreviewIn,
    PreviewOut,
    VersionOut,
)
from onefold.audiences.rules import check_purpose, rule_of
from onefold.audiences.schema import rule_schema
from onefold.audiences.working import case_of, working
from onefold.filters.api import to_json
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound, Rejected
from onefold.kernel.instants import micros_of
from onefold.profiles.api import company_hash, find, from_text, names_in_force, to_text

router = Router()
router.add_router("", ingredients)
SAMPLE = 5


@router.get("/audiences", response=list[AudienceOut], tags=["Audiences"], summary="All audiences")
def audiences(request: HttpRequest) -> list[dict[str, Any]]:
    """By name, without those taken away."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        return [_audience(one) for one in shown.list_audiences(conn)]


@router.get("/audiences/schema", tags=["Audiences"], summary="The language of rules")
def schema(request: HttpRequest) -> dict[str, Any]:
    """JSON Schema of a rule."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    return rule_schema()


@router.post("/audiences", response={201: AudienceOut}, tags=["Audiences"], summary="Make an audience")
def create(request: HttpRequest, wanted: AudienceIn) -> Status[dict[str, Any]]:
    """A draft, or with `start` one that is filled at once. 400 `rule_rejected` says what is wrong and where."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn, conn.transaction():
        is_of_companies = wanted.of == "companies"
        demand_whole(conn, actor, rule_of(wanted.rule, load_scope(conn), is_of_companies=is_of_companies))
        made = actions.Wanted(wanted.name, wanted.purpose, wanted.rule, wanted.description, is_of_companies)
        number = actions.create_audience(conn, made, acting_user=name_of(actor))
        if wanted.start:
            actions.start_audience(conn, number, acting_user=name_of(actor))
        return Status(201, _audience(shown.find_audience(conn, number)))


AS_OF: Final = "as_of: give an instant with its zone, like 2026-01-31T12:00:00Z, or a day, like 2026-01-31."


def _past_moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as fault:
        raise Rejected(AS_OF) from fault
    if at.tzinfo is None and len(text) > len("2026-01-31"):
        raise Rejected(AS_OF)
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    if at > datetime.now(UTC):
        raise Rejected("as_of: that is still to come. Give a past moment, or leave it out for now.")
    return at


@router.post("/audiences/preview", response=PreviewOut, tags=["Audiences"], summary="Try a rule")
def try_rule(request: HttpRequest, asked: PreviewIn) -> dict[str, Any]:
    """How many people or companies a rule would give, and which. Nothing is kept."""
    actor = actor_of(request)
    demand(actor, Permission.SEE_PEOPLE)
    at = asked.as_of
    moment = None if at is None else _past_moment(at)
    with working() as work:
        is_of_companies = asked.of == "companies"
        scope = load_scope(work.conn)
        check_purpose(asked.purpose, scope, is_of_companies=is_of_companies)
        rule = rule_of(asked.rule, scope, asked.audience, is_of_companies=is_of_companies)
        demand_whole(work.conn, actor, rule)
        found = preview(
            work,
            Asked(
                rule=asked.rule,
                purpose=asked.purpose,
                is_sampled=asked.is_sampled,
                at=moment,
                compared_to=asked.compared_to,
                own_id=asked.audience,
                is_of_companies=is_of_companies,
            ),
        )
        some = found.ids[:SAMPLE].tolist()
        if is_of_companies:
            return _preview(found, [_company(one) for one in companies.companies_shown(work.conn, some)])
        return _preview(found, [_member(*one) for one in shown.people_shown(work.conn, some)])


@router.get("/audiences/changes", response=list[ChangeOut], tags=["Audiences"], summary="Who entered and left")
def changes(
    request: HttpRequest,
    after: int = Query(0, ge=0, description="The position of the last one that you have"),
    audience: int | None = None,
    limit: int = Query(1_000, ge=1, le=1_000),
) -> list[dict[str, Any]]:
    """In the order in which it happened: follow it by giving the last `position` as `after`.

    Changes at one position come together, so that there may be some more than `limit`.
    """
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        return [_change(one) for one in shown.changes_after(conn, after, audience, limit)]


@router.get("/audiences/{int:number}", response=AudienceOut, tags=["Audiences"], summary="One audience")
def audience(request: HttpRequest, number: int) -> dict[str, Any]:
    """With its latest rule."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        return _audience(shown.find_audience(conn, number))


@router.patch("/audiences/{int:number}", response=AudienceOut, tags=["Audiences"], summary="Change an audience")
def change(request: HttpRequest, number: int, wanted: AudienceChange) -> dict[str, Any]:
    """Another rule is a new version; of a live audience it comes into force once everything that it needs is there."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    user = name_of(actor)
    with pooled() as conn, actions.changing_rules(conn):
        now = shown.find_audience(conn, number)
        actions.demand_version(conn, number, wanted.if_version)
        if wanted.rule is not None or wanted.purpose is not None:
            rule = wanted.rule if wanted.rule is not None else to_json(now.rule)
            checked = rule_of(rule, load_scope(conn), number, is_of_companies=now.is_of_companies)
            demand_whole(conn, actor, checked)
            purpose = wanted.purpose if wanted.purpose is not None else now.purpose
            actions.change_rule(conn, number, rule, purpose, acting_user=user, seen_version=wanted.if_version)
        if wanted.name is not None or wanted.description is not None:
            name = now.name if wanted.name is None else wanted.name
            description = now.description if wanted.description is None else wanted.description
            actions.describe_audience(conn, number, name, description, acting_user=user)
        return _audience(shown.find_audience(conn, number))


@router.post("/audiences/{int:number}/start", response=AudienceOut, tags=["Audiences"], summary="Start an audience")
def start(request: HttpRequest, number: int) -> dict[str, Any]:
    """Fill it by its latest rule, and keep it."""
    return _after(request, number, actions.start_audience)


@router.post("/audiences/{int:number}/pause", response=AudienceOut, tags=["Audiences"], summary="Pause an audience")
def pause(request: HttpRequest, number: int) -> dict[str, Any]:
    """Its members stay as they are until it is started again."""
    return _after(request, number, actions.pause_audience)


@router.post("/audiences/{int:number}/restore", response=AudienceOut, tags=["Audiences"], summary="Bring one back")
def restore(request: HttpRequest, number: int) -> dict[str, Any]:
    """With all its versions; filled again if it had been started and can be, else a draft."""
    return _after(request, number, actions.restore_audience)


@router.delete("/audiences/{int:number}", response={204: None}, tags=["Audiences"], summary="Take an audience away")
def remove(request: HttpRequest, number: int) -> Status[None]:
    """Its members leave it; `restore` brings it back. 409 `audience_in_use` while another audience asks for it."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn:
        actions.trash_audience(conn, number, acting_user=name_of(actor))
    return Status(204, None)


@router.get("/audiences/{int:number}/versions", response=list[VersionOut], tags=["Audiences"], summary="Its rules")
def versions(request: HttpRequest, number: int) -> list[dict[str, Any]]:
    """Every rule that it had, the newest first."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        shown.find_audience(conn, number)
        return [{**one._asdict(), "rule": _document(one.rule)} for one in shown.list_versions(conn, number)]


@router.get("/audiences/{int:number}/members", response=MembersOut, tags=["Audiences"], summary="Who is in")
def members(
    request: HttpRequest,
    number: int,
    after: str = Query("", max_length=16, description="`next` of the page before"),
    limit: int = Query(100, ge=1, le=shown.MAX_PAGE),
) -> dict[str, Any]:
    """By profile id; of companies in no order."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    begin = from_text(after) if after else shown.FIRST
    if begin is None:
        raise Rejected("after: must be the `next` of the page before.")
    with pooled() as conn:
        if shown.find_audience(conn, number).is_of_companies:
            in_it = companies.list_company_members(conn, number, begin, limit)
            return _page([_company(one) for one in in_it], in_it[-1].h if len(in_it) == limit else None)
        found = shown.list_members(conn, number, begin, limit)
    people = [_member(one.profile_id, one.name or "", one.email or "", one.since) for one in found]
    return _page(people, found[-1].profile_id if len(found) == limit else None)


@router.get("/audiences/{int:number}/export", tags=["Audiences"], summary="Take its members out")
def export(
    request: HttpRequest, number: int, format: Literal["csv", "parquet"] = "csv"
) -> HttpResponse | StreamingHttpResponse:
    """All who are in now: profile id, name, e-mail, phone, since when; of companies space, key, name, how many people
    belong to it, since when. In the audit log."""
    actor = actor_of(request)
    demand(actor, Permission.EXPORT_PEOPLE)
    demand(actor, Permission.SEE_PERSONAL_DATA)
    with pooled() as conn:
        one = shown.find_audience(conn, number)
        actions.note_export(conn, number, format, acting_user=name_of(actor))
    return exported(one, format)


@router.get("/audiences/{int:number}/explain/{path:identifier}", tags=["Audiences"], summary="Why somebody is in")
def explain(request: HttpRequest, number: int, identifier: str) -> HttpResponse:
    """Each part of the rule: whether this person or company (`space:key`) meets it, what was found, until when; what
    would change it."""
    actor = actor_of(request)
    demand(actor, Permission.SEE_PEOPLE)
    reader = reader_for(actor)
    with working() as work:
        one = shown.find_audience(work.conn, number)
        if one.is_of_companies:
            h, now_us = company_hash(*identifier.partition(":")[::2]), micros_of(work.clock())
            explained = explain_company(work.conn, one.rule, h, now_us, reader)
            return HttpResponse(msgspec.json.encode(explained), content_type="application/json")
        case = case_of(work, one.rule, one.purpose, _person(work.conn, identifier))
    found = explain_rule(one.rule, case.person, case.evaluator, case.now_us, reader, purpose=one.purpose)
    return HttpResponse(msgspec.json.encode(found), content_type="application/json")


@router.get("/profiles/{path:identifier}/audiences", tags=["Audiences"], summary="Which audiences somebody is in")
def of_person(request: HttpRequest, identifier: str) -> list[dict[str, Any]]:
    """By name, with since when."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        found = shown.audiences_of(conn, _person(conn, identifier))
    return [{"audience": number, "name": name, "since": since} for number, name, since in found]


@router.get("/profiles/{path:identifier}/computed-traits", tags=["Audiences"], summary="Somebody's computed traits")
def computed_of_person(request: HttpRequest, identifier: str) -> list[dict[str, Any]]:
    """By name, as of now; `is_complete` once older events are in, `is_hidden` if you may not see the value."""
    actor = actor_of(request)
    demand(actor, Permission.SEE_PEOPLE)
    with pooled() as conn:
        return [one._asdict() for one in computed_of(conn, _person(conn, identifier), timezone.now(), actor)]


@router.get("/companies/{path:identifier}/audiences", tags=["Audiences"], summary="Which audiences a company is in")
def of_company(request: HttpRequest, identifier: str) -> list[dict[str, Any]]:
    """By name, with since when; the company as `space:groupId`, the default space is empty."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        found = companies.audiences_of_company(conn, company_hash(*identifier.partition(":")[::2]))
    return [{"audience": number, "name": name, "since": since} for number, name, since in found]


def _after(request: HttpRequest, number: int, act: Callable[..., object]) -> dict[str, Any]:
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn:
        act(conn, number, acting_user=name_of(actor))
        return _audience(shown.find_audience(conn, number))


def _person(conn: Connection[Any], identifier: str) -> int:
    """The profile id of somebody by an identifier (`namespace:value`) or an id. Raises NotFound."""
    names, h = names_in_force(conn), from_text(identifier)
    found = find(conn, names, names.identifier(identifier).h if h is None else h)
    if found is None or not found.has_profile:
        raise NotFound("There is no person with this identifier.")
    return found.profile_id


def _audience(one: shown.ShownAudience) -> dict[str, Any]:
    return {**one._asdict(), "of": one.of, "rule": _document(one.rule)}


def _document(rule: Any) -> dict[str, Any]:  # noqa: ANN401  (a tree)
    document: dict[str, Any] = msgspec.json.decode(to_json(rule))
    return document


def _preview(found: Preview, sample: list[dict[str, Any]]) -> dict[str, Any]:
    at_least, at_most = found.bounds
    return {
        "count": found.count,
        "at_least": at_least,
        "at_most": at_most,
        "people": found.people,
        "looked_at": found.looked_at,
        "their_people": found.their_people,
        "is_sampled": found.is_sampled,
        "fresh_until": found.fresh_until,
        "parts": found.parts,
        "with_email": found.with_email,
        "with_phone": found.with_phone,
        "sample": sample,
        "entering": len(found.entering),
        "leaving": len(found.leaving),
    }


def _page(members: list[dict[str, Any]], after: int | None) -> dict[str, Any]:
    return {"members": members, "next": None if after is None else to_text(after)}


def _member(number: int, name: str, email: str, since: datetime) -> dict[str, Any]:
    return {"profile_id": to_text(number), "company": None, "name": name, "email": email, "since": since}


def _company(one: companies.CompanyMember) -> dict[str, Any]:
    identifier = None if one.key is None else one.identifier
    return {"profile_id": None, "company": identifier, "name": one.name or "", "email": "", "since": one.since}


def _change(one: shown.Followed) -> dict[str, Any]:
    member = to_text(one.profile_id)
    return {
        **one._asdict(),
        "profile_id": None if one.is_of_companies else member,
        "company_id": member if one.is_of_companies else None,
        "kind": Kind(one.kind).name.lower(),
        "cause": Cause(one.cause).name.lower(),
        "other": None if one.other is None else to_text(one.other),
    }
