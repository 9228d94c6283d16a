"""Settings: what each role may do to records and see of their fields."""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods
from psycopg import Connection

from onefold.accounts.api import Permission, Role, name_of, requires
from onefold.crm.errors import PolicyRejected
from onefold.crm.objects import ObjectType, Words
from onefold.crm.person_rights import PEOPLE
from onefold.crm.policy import ROLES, Policies, load_policies, set_fields, set_reaches, usual_reach
from onefold.crm.rights import rights_of, settable
from onefold.crm.schema import objects_in_force
from onefold.crm.viewer import Doing, FieldRight, Reach
from onefold.infra.pool import pooled

PAGE: Final = "/settings/crm/permissions"
_ROLES: Final[dict[Role, str | Promise]] = {
    Role.VIEWER: gettext_lazy("Viewer"),
    Role.SALES: gettext_lazy("Salesperson"),
    Role.MANAGER: gettext_lazy("Sales lead"),
    Role.EDITOR: gettext_lazy("Editor"),
}
_DOINGS: Final[dict[Doing, str | Promise]] = {
    Doing.SEE: gettext_lazy("See"),
    Doing.EDIT: gettext_lazy("Add and edit"),
    Doing.DELETE: gettext_lazy("Delete"),
}
_REACHES: Final[dict[Reach, str | Promise]] = {
    Reach.NONE: gettext_lazy("None"),
    Reach.OWN: gettext_lazy("Their own"),
    Reach.TEAM: gettext_lazy("Their teams'"),
    Reach.ALL: gettext_lazy("All"),
}
_RIGHTS: Final[dict[FieldRight, str | Promise]] = {
    FieldRight.EDIT: gettext_lazy("Edit"),
    FieldRight.READ: gettext_lazy("See only"),
    FieldRight.HIDDEN: gettext_lazy("Hidden"),
}
_VIEWS: Final[dict[FieldRight, str | Promise]] = {
    FieldRight.EDIT: gettext_lazy("See"),
    FieldRight.HIDDEN: gettext_lazy("Hidden"),
}


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def permissions(request: HttpRequest) -> HttpResponse:
    """What a role (`role`) may do to which objects; sent, `OBJECT.DOING` → how far, or (`usual`) as it is usual."""
    role = _role(request)
    with pooled() as conn:
        objects = objects_in_force(conn)
        if request.method != "POST":
            return _page(request, conn, role)
        try:
            changed = set_reaches(
                conn, role, _wanted(request, role, [*objects, PEOPLE]), acting_user=name_of(request.user)
            )
        except PolicyRejected as fault:  # an answer to the form, beside which it is read
            return _page(request, conn, role, str(fault))
    return _kept(request, changed, f"{PAGE}?role={role}")


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def fields(request: HttpRequest, object_name: str) -> HttpResponse:
    """What a role (`role`) may do to each field of an object; sent, field → right."""
    role = _role(request)
    with pooled() as conn:
        kind = objects_in_force(conn).get(object_name)
        if kind is None:
            raise Http404
        if request.method != "POST":
            return _fields_page(request, conn, role, kind)
        sent = {one.name: request.POST.get(one.name, "") for one in settable(kind)}
        try:
            wanted = {name: FieldRight(text) for name, text in sent.items() if text in set(FieldRight)}
            changed = set_fields(conn, role, kind, wanted, acting_user=name_of(request.user))
        except PolicyRejected as fault:  # as above
            return _fields_page(request, conn, role, kind, str(fault))
    return _kept(request, changed, f"{PAGE}/{kind.name}?role={role}")


def _kept(request: HttpRequest, changed: int, url: str) -> HttpResponse:
    said = ngettext("%(n)d right changed.", "%(n)d rights changed.", changed) % {"n": changed}
    messages.success(request, said if changed else _("Nothing changed."))
    return HttpResponseRedirect(url)


def _role(request: HttpRequest) -> Role:
    text = (request.POST if request.method == "POST" else request.GET).get("role", Role.SALES.value)
    found = next((one for one in ROLES if one.value == text), None)
    if found is None:
        raise Http404
    return found


def _wanted(request: HttpRequest, role: Role, names: Iterable[str]) -> dict[tuple[str, Doing], Reach]:
    """What was sent; of what wasn't nothing is said."""
    is_usual = "usual" in request.POST
    wanted = {}
    for name in names:
        for doing in Doing:
            text = request.POST.get(f"{name}.{doing.value}", "")
            if is_usual:
                wanted[name, doing] = usual_reach(role, name, doing)
            elif text in set(Reach):
                wanted[name, doing] = Reach(text)
    return wanted


def _page(request: HttpRequest, conn: Connection[Any], role: Role, fault: str = "") -> HttpResponse:
    policies, objects = load_policies(conn), objects_in_force(conn)
    context = {
        **_tabs(role),
        "doings": list(_DOINGS.values()),
        "rows": [
            *(_row(policies, role, one.name, one.plural) for one in objects.values()),
            _row(policies, role, PEOPLE, _("People")),
        ],
        "is_looking": role is Role.VIEWER,
        "fault": fault,
    }
    return render(request, "crm/permissions.html", context, status=422 if fault else 200)


def _row(policies: Policies, role: Role, name: str, plural: Words) -> dict[str, Any]:
    """Of people only whose are edited can be said: who sees people sees all, and nobody deletes them here."""
    cells = []
    for doing, title in _DOINGS.items():
        said = policies.said(role, name, doing)
        cells.append(
            {
                "name": f"{name}.{doing.value}",
                "title": title,
                "options": [(one.value, text, one is said) for one, text in _REACHES.items()],
                "is_fixed": _is_fixed(role, name, doing),
                "is_unusual": said is not usual_reach(role, name, doing),
                "is_cut": policies.rights(role, name)[doing] is not said,
            }
        )
    limited = sum(1 for of, one, _field in policies.fields if (of, one) == (role, name))
    return {"name": name, "plural": plural, "has_fields": name != PEOPLE, "cells": cells, "limited": limited}


def _is_fixed(role: Role, name: str, doing: Doing) -> bool:
    if role is Role.VIEWER:
        return doing is not Doing.SEE or name == PEOPLE
    return name == PEOPLE and doing is not Doing.EDIT


def _fields_page(
    request: HttpRequest, conn: Connection[Any], role: Role, kind: ObjectType, fault: str = ""
) -> HttpResponse:
    said = load_policies(conn).fields
    rows = []
    for one in settable(kind):
        now = said.get((role, kind.name, one.name), FieldRight.EDIT)
        options = [(right.value, text, right is now) for right, text in _choices(role, rights_of(kind, one)).items()]
        rows.append({"field": one, "options": options, "is_limited": now is not FieldRight.EDIT})
    context = {**_tabs(role), "kind": kind, "rows": rows, "fault": fault}
    return render(request, "crm/field_permissions.html", context, status=422 if fault else 200)


def _choices(role: Role, rights: tuple[FieldRight, ...]) -> dict[FieldRight, str | Promise]:
    """What is offered: who edits no records only sees fields, or doesn't."""
    if role is Role.VIEWER:
        return {one: _VIEWS[one] for one in rights if one in _VIEWS}
    return {one: _RIGHTS[one] for one in rights}


def _tabs(role: Role) -> dict[str, Any]:
    return {"role": role, "role_title": _ROLES[role], "roles": [(one.value, title) for one, title in _ROLES.items()]}
