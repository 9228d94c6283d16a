"""What stands in front of a page: signed in, and allowed."""

import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, cast
from urllib.parse import urlencode, urlsplit

from onefold.accounts.permissions import Actor, Permission, demand

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse  # 10 MB, and collector and processor come by here

    from onefold.accounts.models import User

    View = Callable[Concatenate[HttpRequest, ...], HttpResponse]


def requires(permission: Permission) -> "Callable[[View], View]":
    """Decorator of a page: visitors are sent to sign in, users without `permission` get NotAllowed."""

    def decorate(view: "View") -> "View":
        @wraps(view)
        def guarded(request: "HttpRequest", **parts: object) -> "HttpResponse":
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            demand(request.user, permission)
            return view(request, **parts)

        return guarded

    return decorate


def signed_in(view: "View") -> "View":
    """Decorator of a page about oneself: visitors are sent to sign in; whoever has, may."""

    @wraps(view)
    def guarded(request: "HttpRequest", **parts: object) -> "HttpResponse":
        return view(request, **parts) if request.user.is_authenticated else _to_sign_in(request)

    return guarded


def user_of_session(request: "HttpRequest") -> "User":
    """Who is signed in; behind a guard."""
    return cast("User", request.user)


def _to_sign_in(request: "HttpRequest") -> "HttpResponse":
    """Sign-in, and from there back to the page it was; what was sent by a form can't be opened, its page can."""
    from django.http import HttpResponse, HttpResponseRedirect

    if request.headers.get("HX-Request"):
        # a redirect would put the sign-in page into a corner of the page that asked; js/connection.js says it
        return HttpResponse(status=401)
    target = request.get_full_path() if request.method in {"GET", "HEAD"} else _page_of_form(request)
    return HttpResponseRedirect("/signin?" + urlencode({"next": target}))


def _page_of_form(request: "HttpRequest") -> str:
    """Path of the own page that the browser says a form was on; `/` if it says none."""
    from django.utils.http import url_has_allowed_host_and_scheme

    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}):
        return "/"
    parts = urlsplit(page)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def address_of(request: "HttpRequest") -> str:
    """The visitor's IP address: of `X-Forwarded-For` only what as many proxies wrote as are set to stand in front.

    Anybody can send that header; believed without a proxy it would give every wrong password a fresh count.
    """
    from django.conf import settings

    hops = [part for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    count = settings.PROXY_COUNT
    forwarded = _parse(hops[-count]) if 0 < count <= len(hops) else None
    return str(forwarded or _parse(request.META.get("REMOTE_ADDR", "")) or "127.0.0.1")


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def actor_of(request: "HttpRequest") -> Actor:
    """Who asks: the key or user that the API authenticated, else the user of the session."""
    return cast("Actor", getattr(request, "auth", None) or request.user)
