"""REST: what rules are made with: computed traits and uploaded lists."""

from typing import Any

import msgspec
from django.http import HttpRequest
from ninja import Router, Status

from onefold.accounts.api import Permission, actor_of, demand, name_of
from onefold.audiences import actions, shown
from onefold.audiences.errors import AudienceRejected
from onefold.audiences.rest_schemas import ComputedIn, ListIn
from onefold.audiences.rules import Computed
from onefold.infra.pool import pooled
from onefold.profiles.api import names_in_force

router = Router()


@router.get("/computed-traits", tags=["Audiences"], summary="Computed traits")
def computed_traits(request: HttpRequest) -> list[dict[str, Any]]:
    """By name; `is_complete` once older events are in."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        return [
            {**one._asdict(), "definition": msgspec.to_builtins(one.definition)} for one in shown.list_computed(conn)
        ]


@router.post("/computed-traits", response={201: None}, tags=["Audiences"], summary="Make a computed trait")
def create_computed(request: HttpRequest, wanted: ComputedIn) -> Status[None]:
    """A figure of people's events, kept from now on, and of older events."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    try:
        computed = msgspec.convert(wanted.definition, Computed)
    except msgspec.ValidationError as fault:
        raise AudienceRejected(f"definition: {fault}.") from fault
    with pooled() as conn:
        actions.create_computed(conn, wanted.name, computed, acting_user=name_of(actor))
    return Status(201, None)


@router.delete("/computed-traits/{name}", response={204: None}, tags=["Audiences"], summary="Keep one no longer")
def delete_computed(request: HttpRequest, name: str) -> Status[None]:
    """409 `audience_in_use` while an audience asks for it."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn:
        actions.delete_computed(conn, name, acting_user=name_of(actor))
    return Status(204, None)


@router.get("/audience-lists", tags=["Audiences"], summary="Uploaded lists")
def lists(request: HttpRequest) -> list[dict[str, Any]]:
    """By name: how many identifiers each holds, and how many people have one of them by now."""
    demand(actor_of(request), Permission.SEE_PEOPLE)
    with pooled() as conn:
        return [one._asdict() for one in shown.list_lists(conn)]


@router.post("/audience-lists", response={201: dict[str, int]}, tags=["Audiences"], summary="Upload a list")
def create_list(request: HttpRequest, wanted: ListIn) -> Status[dict[str, int]]:
    """Identifiers that rules can ask for (`listed`). Those that nobody has yet count once somebody has."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn:
        names = names_in_force(conn)
        hashes = [names.identifier(one).h for one in wanted.identifiers]
        number = actions.create_list(conn, wanted.name, hashes, acting_user=name_of(actor))
    return Status(201, {"id": number})


@router.delete("/audience-lists/{int:number}", response={204: None}, tags=["Audiences"], summary="Delete a list")
def delete_list(request: HttpRequest, number: int) -> Status[None]:
    """409 `audience_in_use` while an audience asks for it."""
    actor = actor_of(request)
    demand(actor, Permission.EDIT_AUDIENCES)
    with pooled() as conn:
        actions.delete_list(conn, number, acting_user=name_of(actor))
    return Status(204, None)
