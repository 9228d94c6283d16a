"""Pages: the list of companies, and one of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from psycopg import Connection
from psycopg.sql import SQL, Literal

from onefold.accounts.api import Permission, may, requires, workspace
from onefold.crm import company_query
from onefold.crm.catalogue import Asking
from onefold.crm.company_duplicates import pairs_of_company
from onefold.crm.company_family import children_of, parents_of
from onefold.crm.company_fields import (
    TraitLine,
    company_url,
    field_of,
    fields_of,
    lines_of,
    parents_in,
    shared_fields,
    shown_trait,
)
from onefold.crm.company_listed import check_sort, companies_asking, open_companies, rows_of
from onefold.crm.company_merging import company_at, merged_here, values_in
from onefold.crm.company_query import company_page, open_deals, place_from, place_text
from onefold.crm.duplicate_signs import COMPANY_SIGNS
from onefold.crm.history import KINDS, PAGE_SIZE, Entry, FieldChange, entries_of, mark_since
from onefold.crm.labels import CompanyLabel
from onefold.infra.pool import pooled
from onefold.lists.api import is_part, list_addresses, list_context, shown_columns, state_of
from onefold.profiles.api import (
    Company,
    TimelineEntry,
    company_timeline,
    load_companies,
    people_of,
    place_from_text,
    place_to_text,
)

MOST_PEOPLE: Final = 12
MANY_PEOPLE: Final = 100
MOST_AT_SIDE: Final = 12
MAX_DIGITS: Final = 20


@requires(Permission.SEE_PEOPLE)
@require_safe
def companies(request: HttpRequest) -> HttpResponse:
    """The list; htmx gets the list alone."""
    place = place_from(request.GET.get("after", ""))
    after = request.GET.get("after", "") if place else ""
    with pooled() as conn:
        one, asking = open_companies(conn, request), companies_asking(conn, request)
        state = state_of(one.kind, request.GET)
        check_sort(state)
        at_side = _at_side(conn, asking, request.GET.get("peek", ""))
        if is_part(request) and request.headers.get("HX-Target") == "peek":
            return render(request, "crm/company_peek.html", {**at_side, **list_addresses(state, after)})
        may_edit = may(request.user, Permission.EDIT_PEOPLE)
        state = replace(state, columns=shown_columns(state, one.fields))
        page = company_page(conn, asking, state, datetime.now(UTC), after=place)
        parents = _parents(conn, page.rows)
        context = {
            **list_context(conn, request, one, state, after=after),
            "page": page,
            "rows": rows_of(state, page, parents, fields_of(conn)),
            "next": place_text(page.next_place) if page.next_place else "",
            "may_select": may_edit or one.may_export,
            "may_edit_many": may_edit,
            "bulk_fields": shared_fields(conn) if may_edit else {},
            **at_side,
        }
    return render(request, "crm/companies.html#changed" if is_part(request) else "crm/companies.html", context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def company(request: HttpRequest, identifier: str) -> HttpResponse:
    """A company by `space:key` (the default space is empty) in three parts. `?only=` one kind of what happened."""
    only = request.GET.get("only", "")
    with pooled() as conn:
        found = company_at(conn, identifier)
        if f"{found.space}:{found.key}" != identifier:  # it was merged into this one
            return redirect(company_url(found.space, found.key))
        asking = companies_asking(conn, request)
        context = _page(conn, asking, found, only if only in KINDS else "")
        if context["only"] == "changes":
            context |= _own_events(conn, found, request.GET.get("before", ""))
        elif may(request.user, Permission.SEE_RECORDS):
            about = SQL("r.company = {}").format(Literal(found.h))
            context["entries"] = entries_of(conn, asking, about, None, only=context["only"])
        if not context["only"]:
            own = _own_events(conn, found, "")["entries"]
            context["entries"] = sorted([*context["entries"], *own], key=lambda one: one.at, reverse=True)[:PAGE_SIZE]
        entries = context["entries"]
        context["entries"] = mark_since(conn, asking.viewer, f"company:{found.h}", entries, datetime.now(UTC))
        if may(request.user, Permission.EDIT_PEOPLE):
            alike = pairs_of_company(conn, found.h)
            context["alike"] = [(one.other(found.h), [COMPANY_SIGNS[sign] for sign in one.signs]) for one in alike]
        context["merged"] = merged_here(conn, found)
        context["people"] = people_of(conn, found, MANY_PEOPLE + 1)
        context["is_every_person"] = "everybody" in request.GET
        context["most_people"] = MANY_PEOPLE if context["is_every_person"] else MOST_PEOPLE
    return render(request, "crm/company.html", context)


def _at_side(conn: Connection[Any], asking: Asking, text: str) -> dict[str, Any]:
    """The essentials of one company (hash); nothing when there is no such company."""
    h = int(text) if text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= MAX_DIGITS else None
    side = load_companies(conn, [h]).get(h) if h is not None and abs(h) < 1 << 63 else None
    if side is None:
        return {"side": None, "side_url": "", "side_fault": _("This company is no longer here.") if text else ""}
    traits = values_in(side)
    known = fields_of(conn)
    lines = lines_of(traits, parents_of(conn, side.space, parents_in([traits])), known, is_masked=asking.is_masked)
    number, total = open_deals(conn, asking, [side.h]).get(side.h, (0, None))
    return {
        "side": side,
        "side_url": company_url(side.space, side.key),
        "side_lines": [one for one in lines if one.shown.kind != "none" and one.field.name != "name"][:MOST_AT_SIDE],
        "side_people": people_of(conn, side, MOST_AT_SIDE),
        "side_deals": number,
        "side_sum": total,
        "home": workspace().currency,
    }


def line_context(found: Company, line: TraitLine) -> dict[str, Any]:
    """What the template of a line needs."""
    return {"company": found, "identifier": f"{found.space}:{found.key}", "line": line}


def _page(conn: Connection[Any], asking: Asking, found: Company, only: str) -> dict[str, Any]:
    traits = values_in(found)
    parents = parents_of(conn, found.space, parents_in([traits]))
    lines = lines_of(traits, parents, fields_of(conn), is_masked=asking.is_masked)
    said = traits.get("parent")
    number, total = open_deals(conn, asking, [found.h]).get(found.h, (0, None))
    return {
        "company": found,
        "identifier": f"{found.space}:{found.key}",
        "url": company_url(found.space, found.key),
        "title": found.name.strip() or found.key.strip() or "?",
        "lines": lines,
        "shown": {line.field.name: line.shown for line in lines if line.is_known},
        "n_traits": len(traits),
        "parent": parents.get(said) if isinstance(said, str) else None,
        "children": [(one, company_url(one.space, one.key)) for one in children_of(conn, found)],
        "open_deals": number,
        "open_sum": total,
        "home": workspace().currency,
        "entries": [],
        "only": only,
        "about": urlencode({"company": f"{found.space}:{found.key}"}),
    }


def _own_events(conn: Connection[Any], found: Company, before: str) -> dict[str, Any]:
    """What was said of it by hand, as lines of its timeline, from a place on."""
    page = company_timeline(conn, found.space, found.key, place_from_text(before), PAGE_SIZE)
    entries = [one for event in page.entries for one in _entry(conn, found, event)]
    return {"entries": entries, "older": place_to_text(page.next_place) if page.next_place else ""}


def _entry(conn: Connection[Any], found: Company, event: TimelineEntry) -> Sequence[Entry]:
    said = msgspec.json.decode(event.body)
    traits, actor = said.get("traits"), said.get("actingUser")
    if not isinstance(traits, dict):
        return ()
    before = (said.get("context") or {}).get("replaced")
    known = fields_of(conn)
    both = [traits, before if isinstance(before, dict) else {}]
    parents = parents_of(conn, found.space, parents_in(both))
    changes = [
        FieldChange(
            title=str(field_of(name, known).title),
            before=shown_trait(field_of(name, known), both[1].get(name), parents),
            after=shown_trait(field_of(name, known), value, parents),
        )
        for name, value in list(traits.items())[:50]
    ]
    kind, icon = ("changed", "pencil") if isinstance(before, dict) else ("created", "plus")
    who = actor if isinstance(actor, str) else ""
    return (Entry(kind=kind, at=event.ts, icon=icon, actor=who, changes=changes if kind == "changed" else ()),)


def _parents(conn: Connection[Any], rows: Sequence[company_query.ListedCompany]) -> dict[str, CompanyLabel]:
    """Of the companies of a page that say `space:key`; a key alone stands as it is."""
    said = [one for one in parents_in([row.traits for row in rows]) if ":" in one]
    return parents_of(conn, "", said)
