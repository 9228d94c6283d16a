"""Settings: kinds of records, those of Onefold and an administrator's own."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.crm import object_setup
from onefold.crm.errors import SetupRejected
from onefold.crm.field_setup import own_fields
from onefold.crm.object_setup import ICONS, ObjectWanted, OwnObject, own_objects
from onefold.crm.page import go
from onefold.crm.profile_kinds import kinds_in_force
from onefold.infra.pool import pooled

PAGE: Final = "/settings/crm/objects"


@requires(Permission.MANAGE_CRM)
@require_safe
def objects(request: HttpRequest) -> HttpResponse:
    """All of them, with how many own fields they have."""
    with pooled() as conn:
        return _page(request, conn)


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The dialog of a new object; sent (`title`, `plural`, `icon`), the object."""
    wanted = _sent(request)
    with pooled() as conn:
        if request.method != "POST":
            return _form(request, wanted)
        try:
            name = object_setup.add_object(conn, wanted, acting_user=name_of(request.user))
        except SetupRejected as fault:  # an answer to the form, beside which it is read
            return _form(request, wanted, fault=fault)
    messages.success(request, _("%(title)s are there. Give them the fields that they need.") % {"title": wanted.plural})
    return go(request, f"{PAGE}/{name}")


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, object_name: str) -> HttpResponse:
    """The dialog of an own object; sent, other titles or another picture."""
    with pooled() as conn:
        one = _own(conn, object_name)
        if request.method != "POST":
            return _form(request, ObjectWanted(title=one.title, plural=one.plural, icon=one.icon), one)
        wanted = _sent(request)
        try:
            object_setup.change_object(conn, object_name, wanted, acting_user=name_of(request.user))
        except SetupRejected as fault:  # as above
            return _form(request, wanted, one, fault)
    messages.success(request, _("The object is changed."))
    return go(request, f"{PAGE}/{object_name}")


@requires(Permission.MANAGE_CRM)
@require_POST
def archive(request: HttpRequest, object_name: str) -> HttpResponse:
    """With its records out of every list; the toast brings them back."""
    with pooled() as conn:
        one = _own(conn, object_name)
        try:
            object_setup.archive_object(conn, object_name, acting_user=name_of(request.user))
        except SetupRejected as fault:  # as above
            return _page(request, conn, str(fault))
    said = _("%(title)s are archived, and nothing of them is lost.") % {"title": one.plural}
    messages.success(request, said, extra_tags=f"{PAGE}/{object_name}/restore")
    return HttpResponseRedirect(PAGE)


@requires(Permission.MANAGE_CRM)
@require_POST
def restore(request: HttpRequest, object_name: str) -> HttpResponse:
    """Back, with its fields and records."""
    with pooled() as conn:
        one = _own(conn, object_name)
        try:
            object_setup.restore_object(conn, object_name, acting_user=name_of(request.user))
        except SetupRejected as fault:  # as above
            return _page(request, conn, str(fault))
    messages.success(request, _("%(title)s are back.") % {"title": one.plural})
    return HttpResponseRedirect(PAGE)


def _own(conn: Connection[Any], name: str) -> OwnObject:
    found = next((one for one in own_objects(conn) if one.name == name), None)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, conn: Connection[Any], fault: str = "") -> HttpResponse:
    own = {one.name: one for one in own_objects(conn)}
    rows = []
    for kind in kinds_in_force(conn).values():
        fields = [field for field in own_fields(conn, kind.name) if not field.is_archived]
        rows.append({"kind": kind, "fields": [field.title for field in fields], "own": own.get(kind.name)})
    archived = [one for one in own.values() if one.is_archived]
    context = {"rows": rows, "archived": archived, "has_own": len(own) > len(archived), "fault": fault}
    return render(request, "crm/objects.html", context, status=422 if fault else 200)


def _form(
    request: HttpRequest, wanted: ObjectWanted, one: OwnObject | None = None, fault: SetupRejected | None = None
) -> HttpResponse:
    context = {
        "action": f"{PAGE}/{one.name}/edit" if one else f"{PAGE}/new",
        "object": one,
        "wanted": wanted,
        "icons": ICONS,
        "fault": "" if fault is None or fault.faults else str(fault),
        "faults": fault.faults if fault else {},
    }
    return render(request, "crm/object_form.html", context)


def _sent(request: HttpRequest) -> ObjectWanted:
    sent = request.POST
    return ObjectWanted(
        title=sent.get("title", ""), plural=sent.get("plural", ""), icon=sent.get("icon", "") or ICONS[0]
    )
