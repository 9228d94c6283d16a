"""Making records: the dialog of a new one, and what is looked up while somebody types."""

from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from onefold.accounts.api import Permission, requires
from onefold.crm import references
from onefold.crm.errors import RecordRejected, StageRefused
from onefold.crm.labels import labels_of
from onefold.crm.lookups import matches, users_like
from onefold.crm.objects import FieldDef, FieldKind
from onefold.crm.page import Asked, asked, go, inputs_of, own_path
from onefold.crm.pipelines import load_pipelines
from onefold.crm.records import create_records
from onefold.crm.tasks import USUAL
from onefold.crm.typed import Input
from onefold.infra.pool import pooled
from onefold.kernel.errors import Rejected

_FIRST: Final = {
    "deal": ("name", "amount", "currency", "stage", "close_on", "company", "person", "owner", "source"),
    "task": ("name", "kind", "due_at", "priority", "owner", "person", "deal", "note"),
    "call": (
        *("direction", "outcome", "at", "duration_s", "number", "body"),
        *("transcript", "recording", "person", "deal"),
    ),
    "email": ("name", "direction", "at", "body", "person", "deal"),
    "meeting": ("name", "at", "duration_s", "body", "person", "deal"),
    "note": ("body", "person", "deal"),
    "product": ("name", "code", "price", "currency"),
}
"""The fields that a new record is asked for, in this order; of activities by kind."""


@requires(Permission.EDIT_RECORDS)
@require_http_methods(["GET", "POST"])
def new_record(request: HttpRequest, object_name: str) -> HttpResponse:
    """The dialog, filled with what the address says (`person`, `deal`, `stage`, `kind` …); sent, the record."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        if request.method != "POST":
            return _dialog(request, given, request.GET)
        sent = {name: _sent(request, given, name) for name in given.kind.by_name if name in request.POST}
        try:
            done = create_records(conn, given.kind, [sent], viewer=given.asking.viewer)
        except StageRefused as fault:
            more = tuple(name for name in fault.fields if name in given.kind.by_name)
            return _dialog(request, given, request.POST, fault, more)
        except RecordRejected as fault:
            return _dialog(request, given, request.POST, fault)
    undo = f"/acts/{done.act}/undo"
    messages.success(request, _("%(kind)s added.") % {"kind": given.kind.title}, extra_tags=undo)
    back = own_path(request, request.POST.get("back", ""))
    return go(request, back or f"{given.kind.path}/{done.ids[0]}")


@requires(Permission.SEE_RECORDS)
@require_safe
def look_up(request: HttpRequest, object_name: str, name: str) -> HttpResponse:
    """What `q` may mean for a field: a fragment of options."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        field = given.kind.by_name.get(name)
        if field is None or field.kind not in {FieldKind.PERSON, FieldKind.COMPANY, FieldKind.RECORD}:
            raise Http404
        found = matches(conn, given.asking, field.kind, field.target, request.GET.get("q", "")[:200])
    return render(request, "crm/options.html", {"matches": found, "query": request.GET.get("q", "")})


@requires(Permission.SEE_RECORDS)
@require_safe
def look_up_user(request: HttpRequest) -> HttpResponse:
    """Whom `q` may mean in a text: a fragment of options."""
    query = request.GET.get("q", "")[:150]
    with pooled() as conn:
        asked(conn, request, "activity")
        found = users_like(conn, query)
    return render(request, "crm/options.html", {"matches": found, "query": query})


def _sent(request: HttpRequest, given: Asked, name: str) -> Any:  # noqa: ANN401  (text, or several)
    is_many = given.kind.by_name[name].kind is FieldKind.CHOICES
    return request.POST.getlist(name) if is_many else request.POST.get(name, "")


def _dialog(
    request: HttpRequest, given: Asked, source: QueryDict, fault: Rejected | None = None, more: tuple[str, ...] = ()
) -> HttpResponse:
    of = source.get("kind", "note") if given.kind.name == "activity" else given.kind.name
    custom = [one.name for one in given.kind.fields if not one.column]
    plain = _FIRST.get(of) or ("name", "owner", "person", "company", "deal")
    names = [name for name in dict.fromkeys((*plain, *custom, *more)) if name in given.kind.by_name]
    names = [name for name in names if not given.kind.by_name[name].is_read_only]
    prefilled = _prefilled(given, source, names)
    context = {
        "kind": given.kind,
        "of": of,
        "inputs": prefilled,
        "fault": str(fault) if fault else "",
        "faults": getattr(fault, "faults", {}),
        "back": source.get("back", ""),
        "hidden": [(one.name, source[one.name]) for one in _unasked(given, source, names)],
    }
    return render(request, "crm/new.html", context)


def _unasked(given: Asked, source: QueryDict, names: list[str]) -> list[FieldDef]:
    """What the address says, and the dialog doesn't ask."""
    company = given.kind.by_name.get("company")
    is_told = company is not None and not company.is_read_only and "company" in source and "company" not in names
    return [company] if company is not None and is_told else []


def _prefilled(given: Asked, source: QueryDict, names: list[str]) -> list[Input]:
    """Inputs with what was sent or linked to; references get their names by being read and shown again."""
    kind = given.kind
    wanted = [
        (kind.by_name[name], str(source[name]))
        for name in names
        if source.get(name) and kind.by_name[name].kind in references.REFERRING
    ]
    named = references.look_up(given.conn, given.asking.viewer, given.asking.objects, wanted)
    values = _usual(given)
    for field, text in wanted:
        if (number := named.find(field, text)) is not None:
            values[field.name] = number
    if "owner" in names and "owner" not in values and "owner" not in source:
        values["owner"] = given.asking.viewer.user_id
    labels = labels_of(given.conn, given.asking, kind, [values])
    found = inputs_of(given, values, names, labels)
    plain = {
        name: source[name] for name in names if name in source and kind.by_name[name].kind not in references.REFERRING
    }
    return [replace(one, value=plain.get(one.field.name, one.value)) for one in found]


def _usual(given: Asked) -> dict[str, Any]:
    """What a new record gets where nothing else is said, so that whoever makes it sees it."""
    match given.kind.name:
        case "deal":
            live = load_pipelines(given.conn).live
            first = next((stage for one in live[:1] for stage in one.stages if stage.state == "open"), None)
            return {"stage": first.id} if first else {}
        case "task":
            return dict(USUAL)
        case "activity":
            return {"at": timezone.now()}
    return {}
