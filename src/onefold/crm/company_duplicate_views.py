"""Pages of duplicates among companies: which may be one, two of them side by side, and what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.accounts.api import Actor, Permission, actor_of, may, requires
from onefold.crm.access import asking_of
from onefold.crm.company_duplicates import company_pairs, company_signs
from onefold.crm.company_family import parents_of
from onefold.crm.company_fields import company_url, element_id, field_of, fields_of, parents_in, shown_trait
from onefold.crm.company_merging import (
    MOST_DECIDED,
    MergedCompany,
    company_at,
    decided,
    keep_apart,
    merge,
    undo,
    values_in,
)
from onefold.crm.company_query import PEOPLE_CAP, people_in
from onefold.crm.duplicate_signs import COMPANY_SIGNS
from onefold.crm.duplicate_views import Choice, once_of
from onefold.crm.errors import RecordRejected
from onefold.crm.page import go
from onefold.crm.pairing import place_of, place_text
from onefold.crm.viewer import Doing, rows_sql
from onefold.infra.pool import pooled
from onefold.profiles.api import Company

_PAGE = "/duplicates/companies"
_SHOWN = ("domain", "phone", "city")


@dataclass(frozen=True)
class Shown:
    """A company as these pages show it."""

    company: Company

    @property
    def identifier(self) -> str:
        """`space:key`."""
        return f"{self.company.space}:{self.company.key}"

    @property
    def in_address(self) -> str:
        """The same in an address."""
        return f"{quote(self.company.space, safe='')}:{quote(self.company.key, safe='')}"

    @property
    def url(self) -> str:
        """Its page."""
        return company_url(self.company.space, self.company.key)

    @property
    def compare_url(self) -> str:
        """Of the comparison with another, whose `in_address` comes after it."""
        return f"{_PAGE}/compare?a={self.in_address}&b="

    @property
    def lines(self) -> list[str]:
        """What tells it from others."""
        values = values_in(self.company)
        known = [str(values[name]) for name in _SHOWN if isinstance(values.get(name), str | int)]
        return [one for one in known if one and one != self.company.title] or [self.company.key]


@requires(Permission.EDIT_PEOPLE)
@require_safe
def duplicates(request: HttpRequest) -> HttpResponse:
    """Which may be one, the likeliest first; with `show=decided` what was decided, to be taken back."""
    if request.GET.get("show") == "decided":
        return _decided(request)
    with pooled() as conn:
        found, has_more = company_pairs(conn, place_of(request.GET.get("after", "")))
    listed = [(Shown(one.a), Shown(one.b), [COMPANY_SIGNS[sign] for sign in one.signs]) for one in found]
    following = place_text(found[-1].place) if found and has_more else ""
    context = {"pairs": listed, "following": following, "is_first": "after" not in request.GET}
    return render(request, "crm/company_duplicates.html", context)


@requires(Permission.EDIT_PEOPLE)
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two companies (`a`, `b`) side by side: trait by trait which value is kept, and what comes along."""
    with pooled() as conn:
        a, b = (company_at(conn, request.GET.get(name, "")) for name in ("a", "b"))
        if a.h == b.h:
            raise RecordRejected(_("These two are one company already."))
        context = {
            "a": Shown(a), "b": Shown(b), "once": uuid4(),
            "signs": [COMPANY_SIGNS[sign] for sign in company_signs(conn, a.h, b.h)],
            "choices": _choices(conn, a, b), "along": _along(conn, actor_of(request), a, b),
        }  # fmt: skip
    return render(request, "crm/company_duplicate_compare.html", context)


@requires(Permission.EDIT_PEOPLE)
@require_POST
def merge_two(request: HttpRequest) -> HttpResponse:
    """The second company is the first from now on; `keep-<trait>` says whose value stays. The toast takes it back."""
    a, b = request.POST.get("a", ""), request.POST.get("b", "")
    with pooled() as conn:
        names = {name for end in (a, b) for name in values_in(company_at(conn, end))}
        sides = {name: request.POST.get(f"keep-{element_id(name)}", "") for name in names}
        chosen = {name: side for name, side in sides.items() if side in {"a", "b"}}
        done = merge(conn, actor_of(request), (a, b), chosen, once=once_of(request))
    undo_at = f"{_PAGE}/{done.decision}/undo/{quote(b, safe=':')}"
    _say(request, done, _("They are one company now."), undo_at)
    return go(request, company_url(done.company.space, done.company.key))


@requires(Permission.EDIT_PEOPLE)
@require_POST
def apart(request: HttpRequest) -> HttpResponse:
    """Two companies stay two, and leave the list. The toast takes it back."""
    a, b = request.POST.get("a", ""), request.POST.get("b", "")
    with pooled() as conn:
        done = keep_apart(conn, actor_of(request), (a, b), once=once_of(request))
    _say(request, done, _("They stay two companies."), f"{_PAGE}/{done.decision}/undo/{quote(b, safe=':')}")
    return go(request, _PAGE)


@requires(Permission.EDIT_PEOPLE)
@require_POST
def undo_two(request: HttpRequest, decision: UUID, identifier: str) -> HttpResponse:
    """Takes a decision about a company back, and with it what was chosen to be kept."""
    with pooled() as conn:
        done = undo(conn, actor_of(request), identifier, decision)
    _say(request, done, _("Undone."), "")
    return go(request, company_url(done.company.space, done.company.key))


def _say(request: HttpRequest, done: MergedCompany, text: str, undo_at: str) -> None:
    if done.is_seen:
        messages.success(request, text, extra_tags=undo_at)
    else:
        messages.info(request, _("Logged. Its effect isn't to be seen yet; load the page again shortly."))


def _decided(request: HttpRequest) -> HttpResponse:
    with pooled() as conn:
        found = decided(conn)
    listed = [
        {"decision": one.decision, "is_one": one.is_one, "at": one.at, "a": Shown(one.a), "b": Shown(one.b)}
        for one in found
    ]
    context = {"decided": listed, "is_cut": len(found) >= MOST_DECIDED}
    return render(request, "crm/company_duplicates_decided.html", context)


def _choices(conn: Connection[Any], a: Company, b: Company) -> list[Choice]:
    """Traits that either has: those that salespeople know first, and of those the ones that differ."""
    values = values_in(a), values_in(b)
    parents = [parents_of(conn, one.space, parents_in([said])) for one, said in zip((a, b), values, strict=True)]
    names = [name for name in {**values[0], **values[1]} if any(_is_said(said, name) for said in values)]
    fields = fields_of(conn)
    known = list(fields)

    def rank(name: str) -> tuple[int, bool]:
        return known.index(name) if name in fields else len(known), values[0].get(name) == values[1].get(name)

    names.sort(key=rank)
    return [
        Choice(
            name=element_id(name),
            title=str(field_of(name, fields).title),
            a=shown_trait(field_of(name, fields), values[0].get(name), parents[0]),
            b=shown_trait(field_of(name, fields), values[1].get(name), parents[1]),
            picked="a" if _is_said(values[0], name) else "b",
        )
        for name in names
    ]


def _is_said(values: Mapping[str, Any], name: str) -> bool:
    return values.get(name) not in (None, "")


def _along(conn: Connection[Any], actor: Actor, a: Company, b: Company) -> list[tuple[str, int, int]]:
    """People, and records of each kind that the reader may see, of each."""
    people = people_in(conn, [a.h, b.h])
    found = [(_("People"), min(people[a.h], PEOPLE_CAP), min(people[b.h], PEOPLE_CAP))]
    if not may(actor, Permission.SEE_RECORDS):
        return found
    asking = asking_of(conn, actor)
    for kind in asking.objects.values():
        if "company" not in kind.by_name or kind.number is not None:
            continue
        statement = SQL("select count(*) from {} r where r.company = %(h)s and r.deleted_at is null and {}").format(
            Identifier(kind.table), rows_sql(asking.viewer, kind.name, Doing.SEE, "r")
        )
        counts = [(conn.execute(statement, {"h": one.h}).fetchone() or (0,))[0] for one in (a, b)]
        found.append((str(kind.plural), counts[0], counts[1]))
    return found
