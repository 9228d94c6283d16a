"""REST: what salespeople know of a person: owner, stages, job, addresses."""

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from ninja.params.functions import Query

from onefold.accounts.api import Permission, actor_of, demand, mask_value, may, name_of
from onefold.crm import rest_bodies, rest_schemas
from onefold.crm.duplicates import pairs
from onefold.crm.errors import EditConflict
from onefold.crm.pairing import place_of, place_text
from onefold.crm.person_editing import Edited, alone, edited
from onefold.crm.person_fields import OWNER, field_named, options_of, read_value
from onefold.crm.person_rights import demand_person
from onefold.crm.scores import score_now
from onefold.infra.pool import pooled
from onefold.profiles.api import correct_all, to_text

router = Router(tags=["People"])


@router.get(
    "/profiles/{path:identifier}/fields", response=rest_schemas.PersonFieldsOut, summary="What sales know of a person"
)
def fields(request: HttpRequest, identifier: str) -> HttpResponse:
    """Every field by name, the owner as the name of the user; `choices`: what those that are chosen may be.

    404 `not_found`.
    """
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        return _answer(request, edited(conn, identifier))


@router.get("/duplicates", response=rest_schemas.DuplicatesOut, summary="People who may be one")
def duplicates(request: HttpRequest, after: str = Query("", description="`next` of the page before")) -> HttpResponse:
    """Pairs of people and what they share, the likeliest first; 50 a page. Decide by `POST /api/identity/links`."""
    demand(actor_of(request), Permission.EDIT_PEOPLE)
    with pooled() as conn:
        found, has_more = pairs(conn, place_of(after))
    listed = [
        {"a": to_text(one.a.id), "b": to_text(one.b.id), "signs": [sign.name.lower() for sign in one.signs]}
        for one in found
    ]
    following = place_text(found[-1].place) if found and has_more else None
    answer = {"duplicates": listed, "next": following}
    return HttpResponse(msgspec.json.encode(answer), content_type="application/json")


@router.patch(
    "/profiles/{path:identifier}/fields",
    response=rest_schemas.PersonWrittenOut,
    summary="Change what sales know of a person",
    openapi_extra=rest_schemas.CHANGE_PERSON,
)
def change(request: HttpRequest, identifier: str) -> HttpResponse:
    """The fields to change, by one event; null takes back what was said here. Outranks what other sources say.

    With `seen` 409 `edit_conflict` if a field holds something else by now. Waits up to 2 s until it is to be seen
    (`is_processed`). 400 `correction_invalid` says what is allowed. 403 `record_forbidden`: not yours to edit.
    """
    actor = actor_of(request)
    demand(actor, Permission.EDIT_PEOPLE)
    given, seen = rest_bodies.read_change(request.body)
    with pooled() as conn, alone(conn, identifier) as found:
        demand_person(conn, actor, found.values.get(OWNER))
        _demand_seen(found, seen)
        wanted = {name: read_value(name, value, found.known, found.values.get(name)) for name, value in given.items()}
        changed = {name: value for name, value in wanted.items() if value != found.values.get(name)}
        event, is_processed = None, True
        if changed:
            event, is_processed = correct_all(conn, found.names, found.whom, traits=changed, acting_user=name_of(actor))
        return _answer(request, edited(conn, identifier), event=event, is_processed=is_processed)


def _answer(request: HttpRequest, found: Edited, **more: Any) -> HttpResponse:  # noqa: ANN401  (parts of an answer)
    told = {name: _told(found, name) for name in found.known.fields}
    if not may(actor_of(request), Permission.SEE_PERSONAL_DATA):
        told = {name: mask_value(value, name) for name, value in told.items()}
    choices = {
        field.name: [one.value for one in options_of(field, found.known)] for field in found.known.fields.values()
    }
    chosen = {name: values for name, values in choices.items() if values}
    score = score_now(found.conn, found.whom.profile_id)
    reasons = [
        {"kind": one.rule.kind, "subject": one.rule.subject, "times": one.n, "points": round(one.points, 2)}
        for one in score.reasons
    ]
    told_score = {"points": score.points, "reasons": reasons}
    answer = {"profile_id": found.identifier, "fields": told, "choices": chosen, "score": told_score, **more}
    return HttpResponse(msgspec.json.encode(answer), content_type="application/json")


def _told(found: Edited, name: str) -> Any:  # noqa: ANN401  (any JSON value)
    value = found.values.get(name)
    return found.known.users.get(value) if name == OWNER and type(value) is int else value


def _demand_seen(found: Edited, seen: dict[str, Any]) -> None:
    for name, value in seen.items():
        field = field_named(name, found.known)
        if value not in (_told(found, name), found.values.get(name)):
            said = _("Somebody else changed “%(field)s” meanwhile. Look at the new value, then change it again.")
            raise EditConflict(said % {"field": field.title})
