"""The fields of a person in place: read, edited, and shown to whoever comes second what the first has said."""

import json
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from onefold.accounts.api import Permission, actor_of, may, name_of, requires
from onefold.crm.company_fields import digest_of
from onefold.crm.duplicate_signs import SIGNS
from onefold.crm.duplicates import pairs_of
from onefold.crm.objects import FieldKind
from onefold.crm.person_editing import Edited, alone, edited
from onefold.crm.person_fields import OWNER, SALES, PersonLine, input_of, line_of, read_value
from onefold.crm.person_rights import demand_person, may_edit_person
from onefold.crm.scores import score_now
from onefold.events.api import events_by_id
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.profiles.api import CorrectionRejected, correct, why_trait

ALWAYS: Final = (*SALES, "title", "email", "phone")
"""Fields that stand there also without a value."""


@requires(Permission.SEE_PEOPLE)
@require_safe
def fields(request: HttpRequest, identifier: str) -> HttpResponse:
    """For the page of a person: what salespeople know of them, each to be edited by who may."""
    with pooled() as conn:
        found = edited(conn, identifier)
        may_edit = may_edit_person(conn, actor_of(request), found.values.get(OWNER))
        lines = [_line(request, found, field.name, may_edit=may_edit) for field in found.known.fields.values()]
        score = score_now(conn, found.whom.profile_id)
        alike = pairs_of(conn, found.whom.profile_id) if may_edit else []
    empty = [one for one in lines if one.shown.kind == "none" and one.field.name not in ALWAYS]
    shown = [one for one in lines if one not in empty]
    context = {
        "identifier": found.identifier, "lines": shown, "empty": empty, "may_edit": may_edit, "score": score,
        "alike": [(one.other(found.whom.profile_id), [SIGNS[sign] for sign in one.signs]) for one in alike],
    }  # fmt: skip
    return render(request, "crm/person_fields.html", context)


@requires(Permission.SEE_PEOPLE)
@require_http_methods(["GET", "POST"])
def field(request: HttpRequest, identifier: str, name: str) -> HttpResponse:
    """A field as it is read; sent, another `value`, where the editor had `seen` the one before.

    With `event` 204 until that edit is to be seen.
    """
    if request.method == "POST":
        return _edit(request, identifier=identifier, name=name)
    return _read(request, identifier, name)


@requires(Permission.EDIT_PEOPLE)
@require_safe
def field_form(request: HttpRequest, identifier: str, name: str) -> HttpResponse:
    """The field with an input in it."""
    with pooled() as conn:
        found = edited(conn, identifier)
        _demand_field(found, name)
        return _form(request, found, name)


def _demand_field(found: Edited, name: str) -> None:
    if name not in found.known.fields:
        raise Http404


def _read(request: HttpRequest, identifier: str, name: str) -> HttpResponse:
    with pooled() as conn:
        event = request.GET.get("event", "")
        if event and not events_by_id(conn, [_uuid(event).bytes]):
            return HttpResponse(status=204)
        found = edited(conn, identifier)
        _demand_field(found, name)
        return _shown(request, found, name)


@requires(Permission.EDIT_PEOPLE)
def _edit(request: HttpRequest, identifier: str, name: str) -> HttpResponse:
    with pooled() as conn, alone(conn, identifier) as found:
        _demand_field(found, name)
        text: Any = request.POST.get("value", "")
        if found.known.fields[name].kind is FieldKind.CHOICES:
            text = request.POST.getlist("value")
        before = found.values.get(name)
        demand_person(conn, actor_of(request), found.values.get(OWNER))
        if request.POST.get("seen", "") != digest_of(before):
            return _form(request, found, name, _Attempt(text, _conflict(found, name), is_conflict=True))
        try:
            value = read_value(name, text, found.known, before)
            if value == before:
                return _shown(request, found, name)
            event, is_seen = correct(
                conn, found.names, found.whom, name=name, value=value, acting_user=name_of(request.user)
            )
        except CorrectionRejected as fault:
            return _form(request, found, name, _Attempt(text, str(fault)))
    with pooled() as conn:
        found = edited(conn, identifier)
        if not is_seen:
            pending = replace(found, values=found.values | {name: value})
            return _shown(request, pending, name, pending=event)
        response = _shown(request, found, name, is_saved=True)
        said: dict[str, Any] = {
            "text": _("%(name)s is saved.") % {"name": found.known.fields[name].title},
            "undo": f"/people/corrections/{event}/undo",
        }
        if found.values.get(name) != value:
            text = _("A source with a smaller priority says otherwise, and its value still counts.")
            said = {"text": text, "tone": "warn"}
    response["HX-Trigger"] = json.dumps({"toast": said})
    return response


@dataclass(frozen=True)
class _Attempt:
    """What somebody tried to make of a field, and why it didn't go."""

    typed: Any  # text, or of several choices a list
    fault: str
    is_conflict: bool = False


def _line(request: HttpRequest, found: Edited, name: str, *, may_edit: bool) -> PersonLine:
    is_masked = not may(actor_of(request), Permission.SEE_PERSONAL_DATA)
    return line_of(name, found.values.get(name), found.known, may_edit=may_edit, is_masked=is_masked)


def _shown(
    request: HttpRequest, found: Edited, name: str, *, is_saved: bool = False, pending: UUID | None = None
) -> HttpResponse:
    may_edit = may_edit_person(found.conn, actor_of(request), found.values.get(OWNER))
    context = {
        "identifier": found.identifier,
        "line": _line(request, found, name, may_edit=may_edit),
        "is_saved": is_saved,
        "pending": pending,
    }
    return render(request, "crm/person_line.html", context)


def _form(request: HttpRequest, found: Edited, name: str, attempt: _Attempt | None = None) -> HttpResponse:
    may_edit = may_edit_person(found.conn, actor_of(request), found.values.get(OWNER))
    line = _line(request, found, name, may_edit=may_edit)
    if not line.may_edit:
        return _shown(request, found, name)
    value = found.values.get(name)
    one = input_of(name, value, found.known)
    if attempt:
        one = replace(one, value=attempt.typed)
    context = {
        "identifier": found.identifier, "line": line, "one": one, "seen": digest_of(value), "attempt": attempt,
        "kind": {"name": "deal"},
    }  # fmt: skip
    return render(request, "crm/person_form.html", context)


def _conflict(found: Edited, name: str) -> str:
    """Who was quicker."""
    who = ""
    try:
        counts = why_trait(found.conn, found.names, found.whom, name).counts
    except NotFound:  # nobody says anything of it any more
        counts = None
    if counts is not None and counts.event is not None:
        who = counts.event.acting_user.removeprefix("user:")
    if who:
        return _("%(who)s has changed this since you looked. Save again to replace it.") % {"who": who}
    return _("This was changed since you looked. Save again to replace it.")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as fault:
        raise NotFound(_("There is no such edit.")) from fault
