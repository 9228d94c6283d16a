"""Signing in and out."""

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from onefold.accounts import actions
from onefold.accounts.access import address_of
from onefold.accounts.forms import SignInForm
from onefold.accounts.models import User
from onefold.kernel.errors import Rejected


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    target = _target(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(target)
    form = SignInForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        fault = _try(request, form)
        if fault is None:
            return HttpResponseRedirect(target)
        form.add_error(None, str(fault))
        status = fault.status
    context = {"form": form, "next": target, "has_users": User.objects.exists()}
    response = render(request, "accounts/sign_in.html", context, status=status)
    if status == actions.TooManyTries.status:
        response["Retry-After"] = "300"
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect("/signin")


def _try(request: HttpRequest, form: SignInForm) -> Rejected | None:
    """Why signing in failed. A wrong password is an answer of this page, not an error page."""
    try:
        actions.sign_in(request, form.cleaned_data["username"], form.cleaned_data["password"], address_of(request))
    except Rejected as fault:
        return fault
    return None


def _target(request: HttpRequest) -> str:
    """Where to go after signing in: a page of ours, never somebody else's."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else "/"
