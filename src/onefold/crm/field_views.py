"""Settings: the fields of one kind of record."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires, workspace
from onefold.crm import field_setup
from onefold.crm.errors import SetupRejected
from onefold.crm.field_setup import FieldWanted, OwnField, own_fields
from onefold.crm.object_setup import own_objects
from onefold.crm.object_views import PAGE
from onefold.crm.objects import FieldKind, ObjectType, Option
from onefold.crm.own_traits import LIST_KINDS
from onefold.crm.page import go
from onefold.crm.profile_kinds import is_of_profiles, kinds_in_force
from onefold.crm.schema import objects_in_force
from onefold.crm.used_in import uses_of
from onefold.infra.pool import pooled

KINDS: Final[dict[FieldKind, str | Promise]] = {
    FieldKind.TEXT: gettext_lazy("Text"),
    FieldKind.LONG_TEXT: gettext_lazy("Long text"),
    FieldKind.NUMBER: gettext_lazy("Number"),
    FieldKind.MONEY: gettext_lazy("Money"),
    FieldKind.DAY: gettext_lazy("Date"),
    FieldKind.MOMENT: gettext_lazy("Date and time"),
    FieldKind.CHOICE: gettext_lazy("Choice"),
    FieldKind.CHOICES: gettext_lazy("Several choices"),
    FieldKind.FLAG: gettext_lazy("Yes or no"),
    FieldKind.LINK: gettext_lazy("Link"),
    FieldKind.PERSON: gettext_lazy("Person"),
    FieldKind.COMPANY: gettext_lazy("Company"),
    FieldKind.USER: gettext_lazy("User"),
    FieldKind.RECORD: gettext_lazy("Record of an object"),
}
"""What administrators choose from."""
_TONES: Final[dict[str, str | Promise]] = {
    "": gettext_lazy("Plain"),
    "ok": gettext_lazy("Green"),
    "warn": gettext_lazy("Amber"),
    "bad": gettext_lazy("Red"),
    "accent": gettext_lazy("Blue"),
}
_EMPTY: Final = (Option("", ""), Option("", ""), Option("", ""))


@requires(Permission.MANAGE_CRM)
@require_safe
def fields(request: HttpRequest, object_name: str) -> HttpResponse:
    """The own fields of an object, and those that it always has."""
    with pooled() as conn:
        return _page(request, conn, _kind(conn, object_name))


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, object_name: str) -> HttpResponse:
    """The dialog of a new field; sent, the field."""
    with pooled() as conn:
        kind = _kind(conn, object_name)
        if request.method != "POST":
            return _form(request, conn, kind, FieldWanted(title="", options=_EMPTY))
        wanted = _sent(request)
        try:
            field_setup.add_field(conn, object_name, wanted, acting_user=name_of(request.user))
        except SetupRejected as fault:  # an answer to the form, beside which it is read
            return _form(request, conn, kind, wanted, fault=fault)
    said = _("“%(title)s” is there: in lists, filters, forms and the API.") % {"title": wanted.title.strip()}
    messages.success(request, said)
    return go(request, f"{PAGE}/{object_name}")


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def field(request: HttpRequest, object_name: str, name: str) -> HttpResponse:
    """The dialog of an own field; sent, what can be changed of it."""
    with pooled() as conn:
        kind, one = _kind(conn, object_name), _own(conn, object_name, name)
        if request.method != "POST":
            wanted = FieldWanted(
                title=one.title,
                kind=one.kind,
                options=one.options,
                target=one.target,
                currency=one.currency,
                is_required=one.is_required,
            )
            return _form(request, conn, kind, wanted, one)
        wanted = _sent(request, one)
        try:
            field_setup.change_field(conn, object_name, name, wanted, acting_user=name_of(request.user))
        except SetupRejected as fault:  # as above
            return _form(request, conn, kind, wanted, one, fault)
    messages.success(request, _("The field is changed."))
    return go(request, f"{PAGE}/{object_name}")


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: HttpRequest, object_name: str, name: str) -> HttpResponse:
    """The dialog that says where the field is used; sent, it is gone. The toast brings it back."""
    with pooled() as conn:
        kind, one = _kind(conn, object_name), _own(conn, object_name, name)
        if request.method != "POST":
            context = {"kind": kind, "field": one, "uses": uses_of(conn, object_name, name)}
            return render(request, "crm/field_archive.html", context)
        field_setup.archive_field(conn, object_name, name, acting_user=name_of(request.user))
    said = _("“%(title)s” is archived. Records keep its values.") % {"title": one.title}
    messages.success(request, said, extra_tags=f"{PAGE}/{object_name}/fields/{name}/restore")
    return go(request, f"{PAGE}/{object_name}")


@requires(Permission.MANAGE_CRM)
@require_POST
def restore(request: HttpRequest, object_name: str, name: str) -> HttpResponse:
    """Back, with the values that records have."""
    with pooled() as conn:
        kind, one = _kind(conn, object_name), _own(conn, object_name, name)
        try:
            field_setup.restore_field(conn, object_name, name, acting_user=name_of(request.user))
        except SetupRejected as fault:  # as above
            return _page(request, conn, kind, str(fault))
    messages.success(request, _("“%(title)s” is back.") % {"title": one.title})
    return HttpResponseRedirect(f"{PAGE}/{object_name}")


@requires(Permission.MANAGE_CRM)
@require_POST
def order(request: HttpRequest, object_name: str) -> HttpResponse:
    """The names of all own fields (`id`), in their new order."""
    with pooled() as conn:
        _kind(conn, object_name)
        names = request.POST.getlist("id")
        field_setup.order_fields(conn, object_name, names, acting_user=name_of(request.user))
    return HttpResponse(status=204)


def _kind(conn: Connection[Any], name: str) -> ObjectType:
    kind = kinds_in_force(conn).get(name)
    if kind is None:
        raise Http404
    return kind


def _own(conn: Connection[Any], object_name: str, name: str) -> OwnField:
    found = next((one for one in own_fields(conn, object_name) if one.name == name), None)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, conn: Connection[Any], kind: ObjectType, fault: str = "") -> HttpResponse:
    objects = objects_in_force(conn)
    rows: list[dict[str, Any]] = [{"field": one, "said": _said(one, objects)} for one in own_fields(conn, kind.name)]
    named = {row["field"].name for row in rows}
    context = {
        "kind": kind,
        "own": next((one for one in own_objects(conn) if one.name == kind.name), None),
        "rows": [row for row in rows if not row["field"].is_archived],
        "archived": [row for row in rows if row["field"].is_archived],
        "always": [one for one in kind.fields if one.column or (is_of_profiles(kind.name) and one.name not in named)],
        "fault": fault,
    }
    return render(request, "crm/fields.html", context, status=422 if fault else 200)


def _said(one: OwnField, objects: Any) -> str:  # noqa: ANN401  (objects by name)
    """What it holds, in words."""
    title = str(KINDS[one.kind])
    if one.kind is FieldKind.RECORD:
        return f"{title}: {objects[one.target].plural}" if one.target in objects else title
    return f"{title}, {one.currency}" if one.currency else title


def _form(
    request: HttpRequest,
    conn: Connection[Any],
    kind: ObjectType,
    wanted: FieldWanted,
    one: OwnField | None = None,
    fault: SetupRejected | None = None,
) -> HttpResponse:
    base = f"{PAGE}/{kind.name}/fields"
    is_profile = is_of_profiles(kind.name)
    context = {
        "action": f"{base}/{one.name}" if one else f"{base}/new",
        "kind": kind,
        "field": one,
        "wanted": wanted,
        "options": wanted.options or _EMPTY,
        "kinds": [(value.value, title) for value, title in KINDS.items() if not is_profile or value in LIST_KINDS],
        "is_profile": is_profile,
        "holds": _said(one, objects_in_force(conn)) if one else "",
        "tones": list(_TONES.items()),
        "targets": [(name, other.plural) for name, other in objects_in_force(conn).items()],
        "home": workspace().currency,
        "fault": "" if fault is None or fault.faults else str(fault),
        "faults": fault.faults if fault else {},
    }
    return render(request, "crm/field_setup_form.html", context)


def _sent(request: HttpRequest, one: OwnField | None = None) -> FieldWanted:
    """Inputs of other kinds are sent as well, and left aside; options without a title are none."""
    sent = request.POST
    kind = one.kind if one else sent.get("kind", "")
    lines = zip(sent.getlist("option"), sent.getlist("option_value"), sent.getlist("option_tone"), strict=False)
    options = tuple(Option(value, title, tone) for title, value, tone in lines if title.strip())
    return FieldWanted(
        title=sent.get("title", ""),
        kind=kind,
        options=options if kind in {FieldKind.CHOICE, FieldKind.CHOICES} else (),
        target=(one.target if one else sent.get("target", "")) if kind == FieldKind.RECORD else "",
        currency=sent.get("currency", "") if kind == FieldKind.MONEY else "",
        is_required="is_required" in sent,
    )
