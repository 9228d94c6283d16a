"""Ten wrong tries close the door for five minutes, per name and address. django-axes counts; this tells."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

RETRY_AFTER_S = 300


def typed_name(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> str:
    """What somebody typed to say who they are; it need not exist."""
    given = credentials or {}
    typed = request.POST.get("username") or given.get("username") or given.get("email") or ""
    return typed.strip().lower()[:150].replace("\0", "")


def locked_out(
    request: HttpRequest, original: HttpResponse, credentials: Mapping[str, str] | None = None
) -> HttpResponse:
    """The sign-in page that says to wait; for the right password as well."""
    said = _("Too many wrong tries. Wait 5 minutes, then try again.")
    response = render(request, "accounts/closed.html", {"title": _("The door is closed"), "message": said}, status=429)
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response
