"""Pages: what rules are made with: computed traits and uploaded lists. And the panel of a person's page."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, demand, name_of, requires
from onefold.audiences import actions, shown
from onefold.audiences.builder_pages import as_json
from onefold.audiences.builder_words import builder_words
from onefold.audiences.computed_forms import ComputedForm, words_of_computed
from onefold.audiences.errors import AudienceInUse, AudienceRejected, RuleRejected
from onefold.audiences.of_person import computed_of
from onefold.audiences.rules import COMPUTED
from onefold.audiences.suggesting import event_names
from onefold.audiences.uploading import Upload, joined, read_upload
from onefold.audiences.views import find_person
from onefold.infra.pool import pooled
from onefold.profiles.api import names_in_force

MAX_USERS: Final = 5


@requires(Permission.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def computed_traits(request: HttpRequest) -> HttpResponse:
    """All of them; a POST makes one."""
    if request.method != "POST":
        return _computed(request, ComputedForm(initial={"n": 90}))
    demand(request.user, Permission.EDIT_AUDIENCES)
    form = ComputedForm(request.POST)
    if not form.is_valid():
        return _computed(request, form, status=400)
    name = form.cleaned_data["name"]
    try:
        with pooled() as conn:
            actions.create_computed(conn, name, form.computed(), acting_user=name_of(request.user))
    except (RuleRejected, AudienceRejected) as fault:
        form.add_error("event" if str(fault).startswith("event") else None, str(fault))
        return _computed(request, form, status=400)
    said = _("%(name)s is made. It counts new events from now on, and older ones as soon as they are read.")
    messages.success(request, said % {"name": name})
    return HttpResponseRedirect("/audiences/computed")


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def remove_computed(request: HttpRequest) -> HttpResponse:
    """Keep the one of this `name` no longer, unless an audience asks for it."""
    name = request.POST.get("name", "")
    try:
        with pooled() as conn:
            actions.delete_computed(conn, name, acting_user=name_of(request.user))
    except AudienceInUse:
        return _computed(request, ComputedForm(initial={"n": 90}), in_use=name, status=409)
    messages.success(request, _("%(name)s is removed.") % {"name": name})
    return HttpResponseRedirect("/audiences/computed")


@requires(Permission.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def lists(request: HttpRequest) -> HttpResponse:
    """All of them; a POST uploads one (`file`, `namespace`, `column`, `name`)."""
    if request.method != "POST":
        return _lists(request)
    demand(request.user, Permission.EDIT_AUDIENCES)
    name = request.POST.get("name", "")
    try:
        with pooled() as conn:
            found = _uploaded(request, conn)
            if not found.hashes:
                raise AudienceRejected(_("No value of this column is such an identifier. Choose another column."))
            actions.create_list(conn, name, found.hashes, acting_user=name_of(request.user))
    except AudienceRejected as fault:
        return _lists(request, fault=str(fault), status=400)
    n = len(found.hashes)
    said = ngettext("%(name)s holds %(n)s identifier.", "%(name)s holds %(n)s identifiers.", n)
    messages.success(request, said % {"name": name, "n": f"{n:,}"})
    return HttpResponseRedirect("/audiences/lists")


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def preview_list(request: HttpRequest) -> HttpResponse:
    """For the form: what the file would come to. Nothing is kept."""
    try:
        with pooled() as conn:
            found = _uploaded(request, conn)
            known, people = shown.known_of(conn, found.hashes)
    except AudienceRejected as fault:
        return render(request, "audiences/lists.html#preview", {"fault": str(fault)})
    context = {"upload": found, "known": known, "people": people, "unknown": len(found.hashes) - known}
    context |= {"repeated": found.n_values - found.n_refused - len(found.hashes)}
    return render(request, "audiences/lists.html#preview", context)


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def remove_list(request: HttpRequest, number: int) -> HttpResponse:
    """Away with it, unless an audience asks for it."""
    try:
        with pooled() as conn:
            actions.delete_list(conn, number, acting_user=name_of(request.user))
    except AudienceInUse:
        return _lists(request, in_use=number, status=409)
    messages.success(request, _("The list is deleted."))
    return HttpResponseRedirect("/audiences/lists")


@requires(Permission.SEE_PEOPLE)
@require_safe
def of_person(request: HttpRequest, identifier: str) -> HttpResponse:
    """For a person's page: the audiences that they are in, and their computed traits."""
    with pooled() as conn:
        found = find_person(conn, identifier)
        context = {
            "audiences": shown.audiences_of(conn, found),
            "values": computed_of(conn, found, timezone.now(), request.user),
        }
    return render(request, "audiences/of_person.html", context)


def _computed(request: HttpRequest, form: ComputedForm, *, in_use: str = "", status: int = 200) -> HttpResponse:
    with pooled() as conn:
        found, users = shown.list_computed(conn), _users(conn)
        suggested = event_names(conn)
    events: dict[str, Any] = {"events": as_json(suggested), "traits": [], "company_traits": [], "computed": []}
    rows = [
        {"one": one, "words": words_of_computed(one.definition), "users": users.get(f"{COMPUTED}{one.name}", [])}
        for one in found
    ]
    context = {
        "rows": rows,
        "form": form,
        "in_use": in_use,
        "boot": {**events, "words": builder_words(), "language": get_language() or "en"},
    }
    context |= {"users_in_use": users.get(f"{COMPUTED}{in_use}", []), "most": MAX_USERS}
    return render(request, "audiences/computed.html", context, status=status)


def _lists(request: HttpRequest, *, fault: str = "", in_use: int = 0, status: int = 200) -> HttpResponse:
    with pooled() as conn:
        found, users, names = shown.list_lists(conn), _users(conn), names_in_force(conn)
    namespaces = [one.name for one in sorted(names.config.namespaces, key=lambda one: (one.name != "email", one.rank))]
    given: Mapping[str, Any] = request.POST
    context = {
        "rows": [(one, users.get(one.id, [])) for one in found],
        "namespaces": namespaces,
        "chosen": given.get("namespace", namespaces[0] if namespaces else ""),
        "name": given.get("name", "") if fault else "",
        "fault": fault,
        "in_use": next((one for one in found if one.id == in_use), None),
        "users_in_use": users.get(in_use, []),
        "max_list": actions.MAX_LIST,
        "most": MAX_USERS,
    }
    return render(request, "audiences/lists.html", context, status=status)


def _uploaded(request: HttpRequest, conn: Connection[Any]) -> Upload:
    """The file that was sent. Raises AudienceRejected."""
    file = request.FILES.get("file")
    if file is None or isinstance(file, list):
        raise AudienceRejected(_("Choose a file."))
    column = request.POST.get("column", "")
    place = int(column) if column.isascii() and column.isdigit() and len(column) < 4 else None
    return read_upload(joined(file.chunks()), names_in_force(conn), request.POST.get("namespace", ""), place)


def _users(conn: Connection[Any]) -> dict[str | int, list[tuple[int, str]]]:
    """As `actions.askers`, with the names of audiences."""
    names = shown.names_of_audiences(conn)
    return {
        asked: [(number, names.get(number, str(number))) for number in numbers]
        for asked, numbers in actions.askers(conn).items()
    }
