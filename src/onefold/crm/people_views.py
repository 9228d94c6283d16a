"""People made by hand: somebody who was met, and of whom no event has told yet."""

from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onefold.accounts.api import Permission, name_of, requires
from onefold.crm.page import go
from onefold.infra.pool import pooled
from onefold.profiles.api import AlreadyKnown, CorrectionRejected, names_in_force, new_person, to_text

FIELDS: Final = ("name", "email", "phone", "title")
"""Traits that are asked for, by the names that Segment's plan gives them."""


@requires(Permission.EDIT_PEOPLE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The dialog; sent, the person. Whoever is known already is named instead of made again."""
    if request.method != "POST":
        return _dialog(request, {})
    traits = {name: text for name in FIELDS if (text := " ".join(request.POST.get(name, "").split())[:500])}
    if not traits:
        return _dialog(request, traits, _("Give a name, an e-mail address or a phone number."))
    with pooled() as conn:
        names = names_in_force(conn)
        try:
            h, is_processed = new_person(
                conn, names, traits=traits, acting_user=name_of(request.user), once=_once(request)
            )
        except AlreadyKnown as fault:
            return _dialog(request, traits, str(fault), f"/people/{to_text(fault.profile_id)}")
        except CorrectionRejected as fault:
            return _dialog(request, traits, str(fault))
    if is_processed:
        messages.success(request, _("Person added."))
        return go(request, f"/people/{to_text(h)}")
    messages.info(request, _("Logged. It isn't to be seen yet; load the page again shortly."))
    return go(request, "/people")


def _once(request: HttpRequest) -> UUID:
    """The form's own number: sent twice, it makes one person."""
    try:
        return UUID(request.POST.get("once", ""))
    except ValueError:
        return uuid4()


def _dialog(request: HttpRequest, traits: dict[str, Any], fault: str = "", known: str = "") -> HttpResponse:
    context = {"traits": traits, "fault": fault, "known": known, "once": request.POST.get("once") or uuid4()}
    return render(request, "crm/new_person.html", context)
