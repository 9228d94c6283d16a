"""REST: companies that may be one, and decisions about them."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from onefold.accounts.api import Permission, actor_of, demand
from onefold.crm import rest_schemas
from onefold.crm.company_duplicates import company_pairs
from onefold.crm.company_merging import MergedCompany, keep_apart, merge, undo
from onefold.crm.pairing import place_of, place_text
from onefold.infra.pool import pooled
from onefold.profiles.api import Company

router = Router(tags=["People"])


@router.get("/company-duplicates", response=rest_schemas.DuplicatesOut, summary="Companies that may be one")
def duplicates(request: HttpRequest, after: str = Query("", description="`next` of the page before")) -> dict[str, Any]:
    """Pairs of companies (`space:groupId`) and what they share, the likeliest first; 50 a page."""
    demand(actor_of(request), Permission.EDIT_PEOPLE)
    with pooled() as conn:
        found, has_more = company_pairs(conn, place_of(after))
    listed = [
        {"a": _named(one.a), "b": _named(one.b), "signs": [sign.name.lower() for sign in one.signs]} for one in found
    ]
    return {"duplicates": listed, "next": place_text(found[-1].place) if found and has_more else None}


@router.post(
    "/company-duplicates", response=rest_schemas.CompanyDecidedOut, summary="Decide whether two companies are one"
)
def decide(request: HttpRequest, body: rest_schemas.CompanyDecisionIn) -> dict[str, Any]:
    """`merge`: `b` is `a` from now on, with its people, deals, tasks and activities; `apart`: they are two.

    Traits of `a` stay, and those that only `b` has; `keep` says otherwise by name. Waits up to 2 s until it is to be
    seen (`is_processed`). With the same `once` it is decided once. 400 `record_invalid` if they are one already, 404.
    """
    actor, ends, once = actor_of(request), (body.a, body.b), body.once or uuid4()
    demand(actor, Permission.EDIT_PEOPLE)
    with pooled() as conn:
        if body.rule == "apart":
            return _answer(keep_apart(conn, actor, ends, once=once))
        return _answer(merge(conn, actor, ends, {name: str(side) for name, side in body.keep.items()}, once=once))


@router.delete(
    "/company-duplicates/{uuid:decision}", response=rest_schemas.CompanyDecidedOut, summary="Take a decision back"
)
def take_back(
    request: HttpRequest,
    decision: UUID,
    company: str = Query("", description="The `b` of the decision, as `space:groupId`"),
) -> dict[str, Any]:
    """As if it had never been decided: what was merged is two again. Safe to repeat. 404: no such company."""
    demand(actor_of(request), Permission.EDIT_PEOPLE)
    with pooled() as conn:
        return _answer(undo(conn, actor_of(request), company, decision))


def _named(company: Company) -> str:
    return f"{company.space}:{company.key}"


def _answer(done: MergedCompany) -> dict[str, Any]:
    return {"decision": done.decision, "company": _named(done.company), "is_processed": done.is_seen}
