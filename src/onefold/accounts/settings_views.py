"""Pages: one's own preferences and keys, the workspace, the audit log, set-up, revealing."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onefold.accounts import actions, api_keys, reveal, setup
from onefold.accounts.access import requires, signed_in, user_of_session
from onefold.accounts.audit import PAGE_SIZE, Filter, audit_page, known_actions
from onefold.accounts.forms import ApiKeyForm, PreferencesForm, SetUpForm, WorkspaceForm
from onefold.accounts.journal import note
from onefold.accounts.models import Workspace
from onefold.accounts.permissions import Permission, may, name_of
from onefold.accounts.workspace import forget_workspace, workspace
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound, Rejected

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
THEMES = ("auto", "light", "dark")


@signed_in
@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """Where somebody who types the address means to go: their own settings."""
    return HttpResponseRedirect("/settings/me")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """One's own preferences, and the ways to sign in."""
    form = PreferencesForm(request.POST if request.method == "POST" else None, instance=user_of_session(request))
    if form.is_valid():
        form.save()
        messages.success(request, _("Your preferences are kept."))
        return HttpResponseRedirect("/settings/me")
    return render(request, "accounts/me.html", {"form": form}, status=422 if form.errors else 200)


@signed_in
@require_POST
def switch_theme(request: HttpRequest) -> HttpResponse:
    """The quick switch of the user's menu; back to the page it was on."""
    user = user_of_session(request)
    if request.POST.get("theme") in THEMES:
        user.theme = request.POST["theme"]
        user.save(update_fields=["theme"])
    back = request.POST.get("back", "/")
    return HttpResponseRedirect(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def my_keys(request: HttpRequest) -> HttpResponse:
    """One's own API keys; sent, a new one is made and shown this once."""
    user = user_of_session(request)
    form = ApiKeyForm(request.POST if request.method == "POST" else None)
    made = None
    if form.is_valid():
        try:
            made = api_keys.create_api_key(user, **form.cleaned_data, acting_user=name_of(user))
            form = ApiKeyForm()
        except Rejected as fault:  # an answer to the form, beside which it is read
            form.add_error(None, str(fault))
    context = {"form": form, "made": made, "keys": user.api_keys.order_by("-pk")[:100]}
    return render(request, "accounts/keys.html", context, status=422 if form.errors else 200)


@signed_in
@require_POST
def end_key(request: HttpRequest, key_id: int) -> HttpResponse:
    """One's own key, or for those who manage users anybody's."""
    may_all = "user" in request.POST and may(request.user, Permission.MANAGE_USERS)
    owner = None if may_all else user_of_session(request)
    api_keys.revoke_api_key(key_id, owner=owner, acting_user=name_of(request.user))
    messages.success(request, _("The key has ended. Programs that still use it are answered 401."))
    back = request.POST.get("user", "")
    return HttpResponseRedirect(f"/settings/users/{back}" if may_all and back.isdigit() else "/settings/keys")


@requires(Permission.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def workspace_page(request: HttpRequest) -> HttpResponse:
    """Name, currency and time zone of the workspace."""
    forget_workspace()
    form = WorkspaceForm(request.POST if request.method == "POST" else None, instance=workspace())
    if form.is_valid():
        form.save()
        forget_workspace()
        if form.changed_data:
            changed = {name: form.cleaned_data[name] for name in form.changed_data}
            note(name_of(request.user), "workspace.changed", "workspace:1", **changed)
        messages.success(request, _("The settings are kept."))
        return HttpResponseRedirect("/settings/workspace")
    forget_workspace()  # the form wrote what isn't valid into the row that others would see
    return render(request, "accounts/workspace.html", {"form": form}, status=422 if form.errors else 200)


@requires(Permission.SEE_AUDIT)
@require_safe
def audit_log(request: HttpRequest) -> HttpResponse:
    """Who did what, the latest first; filters and place stand in the address."""
    wanted = Filter(
        **{name: request.GET.get(name, "").strip().replace("\0", "") for name in ("actor", "action", "target")}
    )
    before = request.GET.get("before", "")
    place = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    with pooled() as conn:
        entries = audit_page(conn, wanted, before=place, limit=PAGE_SIZE + 1)
        actions_known = known_actions(conn)
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "entries": entries[:PAGE_SIZE],
        "next": entries[PAGE_SIZE - 1].id if len(entries) > PAGE_SIZE else None,
        "wanted": wanted,
        "actions": actions_known,
        "query": query.urlencode(),
        "is_filtered": any((wanted.actor, wanted.action, wanted.target)),
        "is_first": place is None,
    }
    return render(request, "accounts/audit.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest, code: str) -> HttpResponse:
    """The first administrator and the workspace, for whoever has the code of the first start."""
    if not setup.is_open(code):
        context = {
            "title": _("This set-up code doesn't work any more"),
            "message": _("There is an administrator already, or Onefold was started again and printed a new code."),
        }
        return render(request, "accounts/closed.html", context, status=404)
    form = SetUpForm(request.POST if request.method == "POST" else None, instance=Workspace())  # for its defaults
    if form.is_valid():
        try:
            user = setup.set_up(code, **form.cleaned_data)
            login(request, user, backend=BACKEND)
            return HttpResponseRedirect("/")
        except actions.UserRejected as fault:  # an answer to the form, beside which it is read
            form.add_error("password" if "password" in str(fault).lower() else "username", str(fault))
    return render(request, "accounts/set_up.html", {"form": form}, status=422 if form.errors else 200)


@require_POST  # first: who sees without asking may not ask, but is told what is wrong
@requires(Permission.REVEAL_PERSONAL_DATA)
def reveal_person(request: HttpRequest, identifier: str) -> HttpResponse:
    """Shows one person's e-mail addresses and phone numbers to this session for a while. The audit log has it."""
    path = f"/people/{identifier}"
    if reveal.person_in(path) != identifier:
        raise NotFound(_("No person has this id."))
    note(name_of(request.user), "person.revealed", f"person:{identifier}")
    reveal.reveal(request, identifier)
    return HttpResponseRedirect(path)
