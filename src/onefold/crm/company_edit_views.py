"""Companies by hand: made, edited trait by trait, people put in and taken out. Each is an event, and shown as such."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, actor_of, may, name_of, requires
from onefold.crm.company_alike import companies_alike
from onefold.crm.company_family import check_parent, parents_of
from onefold.crm.company_fields import (
    BY_NAME,
    TraitLine,
    company_url,
    digest_of,
    element_id,
    field_of,
    fields_of,
    input_of_trait,
    line_of,
    parents_in,
    read_trait,
)
from onefold.crm.company_merging import company_at, values_in
from onefold.crm.company_pages import line_context
from onefold.crm.domains import is_free_mail
from onefold.crm.joining import join_message
from onefold.crm.objects import FieldKind
from onefold.crm.page import choices_of, go
from onefold.events.api import events_by_id
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.profiles.api import (
    Company,
    CorrectionRejected,
    Standing,
    correct_company,
    find_company,
    from_text,
    merged_companies,
    names_in_force,
    new_company,
    put_into_company,
    standing,
    take_out_of_company,
    undo_company_correction,
    why_company_trait,
)

ASKED: Final = ("name", "domain", "industry", "employees", "city", "country", "phone", "owner")
"""What the dialog of a new company asks for."""


@requires(Permission.SEE_PEOPLE)
@require_http_methods(["GET", "POST"])
def field(request: HttpRequest) -> HttpResponse:
    """A trait (`name`) of a `company` as it is read; sent, another `value`, where the editor had `seen` the one before.

    With `event` 204 until that edit is to be seen.
    """
    return _edit(request) if request.method == "POST" else _read(request)


@requires(Permission.EDIT_PEOPLE)
@require_safe
def field_form(request: HttpRequest) -> HttpResponse:
    """The trait with an input in it."""
    with pooled() as conn:
        found = company_at(conn, request.GET.get("company", ""))
        return _form(request, conn, found, request.GET.get("name", ""))


@requires(Permission.SEE_PEOPLE)
@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """For the popover: where the value of a trait comes from."""
    with pooled() as conn:
        names = names_in_force(conn)
        found = company_at(conn, request.GET.get("company", ""))
        said = why_company_trait(conn, names, found.space, found.key, request.GET.get("name", ""))
        title = field_of(said.name, fields_of(conn)).title
    return render(request, "crm/company_why.html", {"why": said, "title": title, "sources": names.sources})


@requires(Permission.EDIT_PEOPLE)
@require_POST
def undo(request: HttpRequest, event: UUID) -> HttpResponse:
    """Says again what was said before an edit; back to the company."""
    with pooled() as conn:
        space, key, _is_seen = undo_company_correction(conn, event, acting_user=_who(request))
    messages.success(request, _("Undone."))
    return go(request, company_url(space, key))


@requires(Permission.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The dialog of a new company; sent, the company, unless one like it is there (`sure`: make it all the same)."""
    if request.method != "POST":
        return _dialog(request, {"owner": request.user.get_username()} | request.GET.dict())
    given = request.POST.dict()
    traits, faults = _traits_of(given)
    if faults or not traits.get("name"):
        return _dialog(request, given, faults or {"name": _("A company needs a name.")})
    with pooled() as conn:
        alike = [] if "sure" in given else companies_alike(conn, str(traits["name"]), str(traits.get("domain", "")))
    if alike:
        return _dialog(request, given, alike=alike)
    with pooled() as conn:
        space, key = new_company(conn, traits=traits, acting_user=_who(request), once=_once(given))
        is_seen = find_company(conn, space, key) is not None
    if is_seen:
        messages.success(request, _("%(name)s added.") % {"name": str(traits["name"])[:80]})
        return go(request, company_url(space, key))
    messages.info(request, _("Logged. It isn't to be seen yet; load the page again shortly."))
    return go(request, "/companies")


@requires(Permission.EDIT_PEOPLE)
@require_POST
def put_in(request: HttpRequest) -> HttpResponse:
    """Puts a `person` into a `company`; back to it."""
    with pooled() as conn:
        found = company_at(conn, request.POST.get("company", ""))
        names = names_in_force(conn)
        whom = _person(conn, request.POST.get("person", ""))
        _event, is_seen = put_into_company(conn, names, whom, found.space, found.key, acting_user=_who(request))
    _say(request, _("Put in."), is_seen=is_seen)
    return go(request, company_url(found.space, found.key))


@requires(Permission.EDIT_PEOPLE)
@require_POST
def take_out(request: HttpRequest) -> HttpResponse:
    """Takes a `person` out of a `company`, in which their e-mail's domain doesn't put them again; back to it."""
    with pooled() as conn:
        found = company_at(conn, request.POST.get("company", ""))
        names = names_in_force(conn)
        whom = _person(conn, request.POST.get("person", ""))
        email = names.config.by_name["email"].code
        addresses = [member.h for member in whom.members if member.ns == email]
        all_one = [found, *merged_companies(conn, found.h)]
        joins = [join_message(one.h, address) for one in all_one for address in addresses]
        try:
            is_seen = take_out_of_company(conn, names, whom, found, acting_user=_who(request), also=joins)
            _say(request, _("Taken out."), is_seen=is_seen)
        except CorrectionRejected as fault:
            messages.error(request, str(fault))
    return go(request, company_url(found.space, found.key))


def _read(request: HttpRequest) -> HttpResponse:
    with pooled() as conn:
        event = request.GET.get("event", "")
        if event and not events_by_id(conn, [_uuid(event).bytes]):
            return HttpResponse(status=204)
        found = company_at(conn, request.GET.get("company", ""))
        return _line(request, conn, found, request.GET.get("name", ""))


@requires(Permission.EDIT_PEOPLE)
def _edit(request: HttpRequest) -> HttpResponse:
    name = request.POST.get("name", "").strip()
    with pooled() as conn, _alone(conn, request.POST.get("company", "")) as found:
        field = field_of(name, fields_of(conn))
        text: Any = request.POST.get("value", "")
        if field.kind is FieldKind.CHOICES:
            text = request.POST.getlist("value")
        before = values_in(found).get(name)
        if request.POST.get("seen", "") != digest_of(before):
            fault = _conflict(conn, found, name)
            return _form(request, conn, found, name, _Attempt(text, fault, is_conflict=True))
        try:
            value = read_trait(field, text, before)
            if name == "parent" and value is not None:
                value = check_parent(conn, found, value)
            if value == before:
                return _line(request, conn, found, name)
            event, is_seen = correct_company(
                conn, found.space, found.key, name=name, value=value, acting_user=_who(request)
            )
        except CorrectionRejected as fault:
            return _form(request, conn, found, name, _Attempt(text, str(fault)))
    if not getattr(request, "htmx", False):  # sent before the page's scripts had taken hold of the form
        return go(request, company_url(found.space, found.key))
    edit = _Edit(name, value, event)
    return _saved(request, edit) if is_seen else _pending(request, edit)


@contextmanager
def _alone(conn: Connection[Any], identifier: str) -> Iterator[Company]:
    """A company that nobody else edits meanwhile, so that whoever is second sees what the first has said."""
    h = company_at(conn, identifier).h
    conn.execute("select pg_advisory_lock(%s)", [h])
    try:
        yield company_at(conn, identifier)
    finally:
        conn.execute("select pg_advisory_unlock(%s)", [h])


@dataclass(frozen=True)
class _Edit:
    """What was said of a trait of the company in the request, and by which event."""

    name: str
    value: Any
    event: UUID


def _saved(request: HttpRequest, edit: _Edit) -> HttpResponse:
    with pooled() as conn:
        title = str(field_of(edit.name, fields_of(conn)).title)[:80]
        said = {"text": _("%(name)s is saved.") % {"name": title}, "undo": f"/companies/corrections/{edit.event}/undo"}
        found = company_at(conn, request.POST.get("company", ""))
        if values_in(found).get(edit.name) != edit.value:
            text = _("A source with a smaller priority says otherwise, and its value still counts.")
            said = {"text": text, "tone": "warn"}
        response = _line(request, conn, found, edit.name, is_saved=True)
    response["HX-Trigger"] = json.dumps({"toast": said, "record-changed": True})
    return response


def _pending(request: HttpRequest, edit: _Edit) -> HttpResponse:
    """What was said, until it is processed."""
    with pooled() as conn:
        found = company_at(conn, request.POST.get("company", ""))
        line = _line_of(request, conn, found, edit.name, edit.value)
    return render(request, "crm/company_line.html", line_context(found, line) | {"pending": edit.event})


def _line(
    request: HttpRequest, conn: Connection[Any], found: Company, name: str, *, is_saved: bool = False
) -> HttpResponse:
    line = _line_of(request, conn, found, name, values_in(found).get(name))
    return render(request, "crm/company_line.html", line_context(found, line) | {"is_saved": is_saved})


def _line_of(
    request: HttpRequest,
    conn: Connection[Any],
    found: Company,
    name: str,
    value: object,
) -> TraitLine:
    parents = parents_of(conn, found.space, parents_in([{name: value}]))
    is_masked = not may(actor_of(request), Permission.SEE_PERSONAL_DATA)
    return line_of(name, value, parents, fields_of(conn), is_masked=is_masked)


@dataclass(frozen=True)
class _Attempt:
    """What somebody tried to make of a trait, and why it didn't go."""

    typed: Any  # text, or of several choices a list
    fault: str
    is_conflict: bool = False


def _form(
    request: HttpRequest, conn: Connection[Any], found: Company, name: str, attempt: _Attempt | None = None
) -> HttpResponse:
    value = values_in(found).get(name)
    line = _line_of(request, conn, found, name, value)
    if not line.can_be_edited:
        return _line(request, conn, found, name)
    label = line.shown.text if line.shown.kind == "company" else ""
    one = input_of_trait(line.field, value, choices_of(conn), label)
    if attempt and one.kind != "lookup":
        one = replace(one, value=attempt.typed)
    # the element ids and the look-up of a form's template are made of the field's name
    shown = replace(one, field=replace(one.field, name=element_id(name)))
    if one.kind == "lookup":
        shown = replace(one, field=replace(one.field, name="company"))
    context = line_context(found, line) | {
        "one": shown, "name": name, "seen": digest_of(value), "attempt": attempt, "kind": {"name": "deal"},
    }  # fmt: skip
    return render(request, "crm/company_form.html", context)


def _conflict(conn: Connection[Any], found: Company, name: str) -> str:
    """Who was quicker."""
    who = ""
    try:
        counts = why_company_trait(conn, names_in_force(conn), found.space, found.key, name).counts
    except NotFound:  # nobody says anything of it any more
        counts = None
    if counts is not None and counts.event is not None:
        who = counts.event.acting_user.removeprefix("user:")
    if who:
        return _("%(who)s has changed this since you looked. Save again to replace it.") % {"who": who}
    return _("This was changed since you looked. Save again to replace it.")


def _dialog(
    request: HttpRequest,
    given: dict[str, str],
    faults: dict[str, str] | None = None,
    alike: list[Company] | None = None,
) -> HttpResponse:
    with pooled() as conn:
        choices = choices_of(conn)
    inputs = [input_of_trait(BY_NAME[name], given.get(name) or None, choices) for name in ASKED]
    shown = [replace(one, is_required=one.field.name == "name", value=given.get(one.field.name, "")) for one in inputs]
    domain = given.get("domain", "")
    context = {
        "inputs": shown,
        "faults": faults or {},
        "alike": [(one, company_url(one.space, one.key), values_in(one).get("domain")) for one in alike or ()],
        "is_free": is_free_mail(domain),
        "once": _once(given),
    }
    return render(request, "crm/company_new.html", context)


def _traits_of(given: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed into the dialog, and what is wrong with it by field."""
    traits, faults = {}, {}
    for name in ASKED:
        try:
            value = read_trait(BY_NAME[name], given.get(name, ""))
        except CorrectionRejected as fault:
            faults[name] = str(fault)
            continue
        if value is not None:
            traits[name] = value
    return traits, faults


def _once(given: dict[str, str]) -> UUID:
    """Names the company that is made: sent twice it is one."""
    try:
        return UUID(given.get("once", ""))
    except ValueError:
        return uuid4()


def _person(conn: Connection[Any], text: str) -> Standing:
    h = from_text(text)
    whom = None if h is None else standing(conn, names_in_force(conn), h)
    if whom is None:
        raise NotFound(_("No person has this id. Choose one of those that are offered."))
    return whom


def _say(request: HttpRequest, text: str, *, is_seen: bool) -> None:
    if is_seen:
        messages.success(request, text)
    else:
        messages.info(request, _("Logged. It isn't to be seen yet; load the page again shortly."))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as fault:
        raise NotFound(_("There is no such edit.")) from fault


def _who(request: HttpRequest) -> str:
    return name_of(request.user)
