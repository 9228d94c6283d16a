"""Pages of audiences of companies: members, what a company's page shows, why a company is in."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from psycopg import Connection

from onefold.accounts.api import Actor, Permission, requires
from onefold.audiences import builder_pages, pages, shown
from onefold.audiences.builder_pages import Wanted
from onefold.audiences.company_explain import explain_company
from onefold.audiences.explain import Explanation
from onefold.audiences.hiding import demand_whole, reader_for
from onefold.audiences.live import load_scope
from onefold.audiences.rules import rule_of
from onefold.audiences.shown_companies import audiences_of_company, companies_shown, list_company_members
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.kernel.instants import micros_of
from onefold.profiles.api import company_hash, from_text


@requires(Permission.SEE_PEOPLE)
@require_safe
def of_company(request: HttpRequest, identifier: str) -> HttpResponse:
    """For a company's page (`space:key`): the audiences that it is in."""
    with pooled() as conn:
        found = audiences_of_company(conn, hash_of(identifier))
    return render(request, "audiences/of_company.html", {"audiences": found})


def hash_of(identifier: str) -> int:
    """Of a company, from `space:key`."""
    space, _, key = identifier.partition(":")
    return company_hash(space, key)


def members_page(conn: Connection[Any], number: int, begin: int, rows: int) -> dict[str, Any]:
    """What the tab of members shows."""
    found = list_company_members(conn, number, begin, rows + 1)
    return {"members": found[:rows], "next": found[rows - 1].h if len(found) > rows else None}


def explained(
    conn: Connection[Any], one: shown.ShownAudience, company: str, now: datetime, user: Actor
) -> dict[str, Any]:
    """Why a company (its hash as text) is in by the rule in force, or isn't. Raises NotFound."""
    h = from_text(company)
    if h is None:
        raise NotFound("There is no such company.")
    rule, _purpose = pages.rule_in_force(conn, one)
    found = explain_company(conn, rule, h, micros_of(now), reader_for(user, pages.names_of(conn)))
    there = companies_shown(conn, [h])
    return {"explained": found, "name": there[0].title if there else "", "url": f"/companies/{there[0].identifier}"}


def explained_in_builder(
    conn: Connection[Any], wanted: Wanted, now: datetime, user: Actor
) -> tuple[Explanation, str, str]:
    """Why a company (`who`: its id, or `space:id`) is in by the rule of the body; its name and page.

    Raises NotFound, RuleRejected.
    """
    who = wanted.who.strip()
    h = hash_of(who if ":" in who else f":{who}")
    asked = builder_pages.asked_of(conn, wanted)
    rule = rule_of(asked.rule, load_scope(conn), wanted.id, is_of_companies=True)
    demand_whole(conn, user, rule)
    found = explain_company(conn, rule, h, micros_of(now), reader_for(user, pages.names_of(conn)))
    there = companies_shown(conn, [h])
    return found, there[0].title if there else who, f"/companies/{there[0].identifier}" if there else "/companies"
