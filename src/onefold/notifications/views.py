"""Pages: the bell, and what it rings for."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from onefold.accounts.api import Permission, requires
from onefold.infra.pool import pooled
from onefold.notifications import store


@requires(Permission.SEE_EVENTS)
@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """The latest first; what is over stands greyed."""
    before = request.GET.get("before", "")
    place = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    with pooled() as conn:
        found = store.notifications_of(conn, user_id(request), place)
        unseen = store.count_unseen(conn, user_id(request))
    context = {"notifications": found, "unseen": unseen, "older": found[-1].id if len(found) == store.PAGE_SIZE else 0}
    return render(request, "notifications/notifications.html", context)


@requires(Permission.SEE_EVENTS)
@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """The number on the bell, asked every minute."""
    with pooled() as conn:
        unseen = store.count_unseen(conn, user_id(request))
    return render(request, "notifications/bell.html", {"unseen": unseen})


@requires(Permission.SEE_EVENTS)
@require_POST
def see(request: HttpRequest) -> HttpResponse:
    """`id` = that one, which is then opened; none = all."""
    sent = request.POST.get("id", "")
    with pooled() as conn:
        if sent.isascii() and sent.isdigit() and len(sent) < 19:
            store.see(conn, user_id(request), [int(sent)])
        elif not sent:
            store.see(conn, user_id(request), None)
    return HttpResponseRedirect("/notifications")


@requires(Permission.SEE_EVENTS)
@require_POST
def unsee(request: HttpRequest) -> HttpResponse:
    """Back among the unseen."""
    sent = request.POST.get("id", "")
    if sent.isascii() and sent.isdigit() and len(sent) < 19:
        with pooled() as conn:
            store.unsee(conn, user_id(request), int(sent))
    return HttpResponseRedirect("/notifications")


def user_id(request: HttpRequest) -> int:
    """Who asks; `requires` made sure that they are signed in."""
    return int(request.user.pk or 0)
