"""Pages: the users, their rights, invitations."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onefold.accounts import actions
from onefold.accounts.access import requires
from onefold.accounts.forms import InviteForm, NewPasswordForm, RightsForm
from onefold.accounts.invitations import token_for, user_of
from onefold.accounts.journal import note
from onefold.accounts.models import User
from onefold.accounts.permissions import Permission, PersonalData, Role, name_of
from onefold.kernel.errors import NotFound, Rejected

USERS = "/settings/users"
MOST_USERS = 500


@requires(Permission.MANAGE_USERS)
@require_safe
def users(request: HttpRequest) -> HttpResponse:
    """Every user, by name; the first MOST_USERS."""
    found = list(User.objects.order_by("username")[: MOST_USERS + 1])
    context = {"users": found[:MOST_USERS], "has_more": len(found) > MOST_USERS, "form": InviteForm()}
    return render(request, "accounts/users.html", context)


@requires(Permission.MANAGE_USERS)
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """A new user, and the link that lets them in: mailed, and shown to be copied."""
    form = InviteForm(request.POST)
    if form.is_valid():
        try:
            user = actions.invite_user(
                form.cleaned_data["email"],
                role=Role(form.cleaned_data["role"]),
                acting_user=name_of(request.user),
            )
            return _user_page(request, user, is_link_wanted=True)
        except Rejected as fault:  # an answer to the form, beside which it is read
            form.add_error("email", str(fault))
    found = User.objects.order_by("username")[:MOST_USERS]
    return render(request, "accounts/users.html", {"users": found, "form": form, "is_inviting": True}, status=422)


@requires(Permission.MANAGE_USERS)
@require_http_methods(["GET", "HEAD", "POST"])
def one_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """A user; sent, their rights are changed."""
    user = _find(user_id)
    if request.method != "POST":
        return _user_page(request, user)
    form = RightsForm(request.POST)
    if not form.is_valid():
        return _user_page(request, user, form=form, status=422)
    try:
        actions.change_rights(
            user_id,
            role=Role(form.cleaned_data["role"]),
            level=PersonalData(form.cleaned_data["personal_data"]),
            acting_user=name_of(request.user),
        )
    except Rejected as fault:  # an answer to the form, beside which it is read
        form.add_error("role", str(fault))
        return _user_page(request, user, form=form, status=fault.status)
    messages.success(request, _("The rights of %(name)s are changed.") % {"name": user.get_username()})
    return HttpResponseRedirect(USERS)


@requires(Permission.MANAGE_USERS)
@require_POST
def new_link(request: HttpRequest, user_id: int) -> HttpResponse:
    """The page of the user with a link to choose a password in it; whoever has it can become them, so it is audited."""
    user = _find(user_id)
    note(name_of(request.user), "user.link_made", f"user:{user.get_username()}")
    return _user_page(request, user, is_link_wanted=True)


@requires(Permission.MANAGE_USERS)
@require_POST
def switch_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """Disable an enabled user, or enable them again."""
    wanted = request.POST.get("is_active") == "1"
    user = actions.set_enabled(user_id, wanted, acting_user=name_of(request.user))
    said = _("%(name)s may sign in again.") if wanted else _("%(name)s is signed out and may not sign in any more.")
    messages.success(request, said % {"name": user.get_username()})
    return HttpResponseRedirect(f"{USERS}/{user_id}")


@requires(Permission.MANAGE_USERS)
@require_POST
def sign_user_out(request: HttpRequest, user_id: int) -> HttpResponse:
    user = actions.end_sessions(user_id, acting_user=name_of(request.user))
    messages.success(request, _("%(name)s is signed out everywhere.") % {"name": user.get_username()})
    return HttpResponseRedirect(f"{USERS}/{user_id}")


@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invitation leads: choose a password, then sign in with it."""
    user = user_of(token)
    if user is None:
        context = {
            "title": _("This link doesn't work any more"),
            "message": _("It was used, or it is older than a week. Ask an administrator for another."),
        }
        return render(request, "accounts/closed.html", context, status=404)
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            actions.take_up(user, form.cleaned_data["password"])
            messages.success(request, _("Your password is kept. Sign in with it."))
            return HttpResponseRedirect("/signin")
        except Rejected as fault:  # an answer to the form, beside which it is read
            form.add_error("password", str(fault))
    return render(request, "accounts/accept.html", {"form": form, "invited": user}, status=422 if form.errors else 200)


def _find(user_id: int) -> User:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such user."))
    return user


def _user_page(
    request: HttpRequest,
    user: User,
    *,
    form: RightsForm | None = None,
    status: int = 200,
    is_link_wanted: bool = False,
) -> HttpResponse:
    context: dict[str, object] = {
        "one": user,
        "form": form or RightsForm(initial={"role": user.role, "personal_data": user.personal_data}),
        "keys": user.api_keys.filter(revoked_at=None).order_by("-pk"),
    }
    if is_link_wanted:
        url = request.build_absolute_uri(f"/invite/{token_for(user)}")
        context |= {"link": url, "is_mailed": bool(settings.EMAIL_HOST and user.email) and _mail(request, user, url)}
    return render(request, "accounts/user.html", context, status=status)


def _mail(request: HttpRequest, user: User, url: str) -> bool:
    if user.is_invited:
        inviter = request.user.get_username()
        text = _("%(name)s invites you to Onefold. Choose a password here; the link is good for a week:")
        return actions.send_link(user, url, subject=_("Your invitation to Onefold"), text=text % {"name": inviter})
    text = _("Choose a new password here; the link is good for a week:")
    return actions.send_link(user, url, subject=_("Your password at Onefold"), text=text)
