"""Pages: a person's consent, erasing people, purposes."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, demand, name_of, requires
from onefold.infra.pool import pooled
from onefold.kernel.errors import Rejected
from onefold.privacy import categories, requests
from onefold.privacy import purposes as purposes_
from onefold.privacy.consent import Entry
from onefold.privacy.decisions import Decision, set_consent, undo_consent
from onefold.privacy.export import entry_answer
from onefold.privacy.ledger import MAX_LISTED, consents_of, entries_of, meanings_of
from onefold.privacy.subject import person_of
from onefold.profiles.api import Names, names_in_force, to_text

MAX_OFFSET = 1_000_000
MAX_UNKNOWN = 5


@requires(Permission.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, identifier: str) -> HttpResponse:
    """The panel of a person's page; a POST grants or withdraws a purpose and answers with the panel."""
    with pooled() as conn:
        names = names_in_force(conn)
        if request.method != "POST":
            profile_id, _members = person_of(conn, names, identifier)
            return render(request, "privacy/consent.html", _consent_context(conn, names, profile_id))
        demand(request.user, Permission.EDIT_PEOPLE)
        return _decide(request, conn, names, identifier)


def _decide(request: HttpRequest, conn: Connection[Any], names: Names, identifier: str) -> HttpResponse:
    profile_id, members = person_of(conn, names, identifier)
    is_granted = request.POST.get("granted") == "1"
    message_id, is_processed = set_consent(
        conn,
        names,
        members,
        said=Decision(request.POST.get("purpose", ""), is_granted, request.POST.get("wording", "")),
        acting_user=name_of(request.user),
    )
    text = _("Consent granted.") if is_granted else _("Consent withdrawn.")
    if not is_processed:
        text = _("Logged. Its effect is to be seen shortly.")
    undo_url = f"/people/{to_text(profile_id)}/consent/undo/{message_id}"
    if not getattr(request, "htmx", False):
        messages.success(request, text, extra_tags=undo_url)
        return HttpResponseRedirect(f"/people/{to_text(profile_id)}")
    answer = render(request, "privacy/consent.html", _consent_context(conn, names, profile_id))
    answer["HX-Trigger"] = json.dumps({"toast": {"text": text, "tone": "ok", "undo": undo_url}})
    return answer


@requires(Permission.EDIT_PEOPLE)
@require_POST
def undo(request: HttpRequest, identifier: str, statement: UUID) -> HttpResponse:
    """Take back a decision made here; everything is then as if it had never been."""
    with pooled() as conn:
        names = names_in_force(conn)
        profile_id, _members = person_of(conn, names, identifier)
        undo_consent(conn, statement, acting_user=name_of(request.user))
    messages.success(request, _("Undone."))
    return HttpResponseRedirect(f"/people/{to_text(profile_id)}")


@requires(Permission.SEE_PEOPLE)
@require_safe
def ledger(request: HttpRequest, identifier: str) -> HttpResponse:
    """Every row of a person's consent ledger, the latest first."""
    offset = _number(request.GET.get("from", ""), MAX_OFFSET)
    with pooled() as conn:
        names = names_in_force(conn)
        profile_id, _members = person_of(conn, names, identifier)
        entries, has_more = entries_of(conn, profile_id, offset)
        titles = {purpose.slug: purpose.name for purpose in purposes_.list_purposes(conn)}
        for name, meant in meanings_of(conn).items():
            titles[name] = f"{name} ({titles.get(meant, meant) if meant else _('strictly necessary')})"
    context = {
        "profile_id": profile_id,
        "entries": [_shown(names, entry) for entry in entries],
        "titles": titles,
        "next": offset + MAX_LISTED if has_more else None,
    }
    return render(request, "privacy/ledger.html", context)


@requires(Permission.ERASE_PEOPLE)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Requests, the way to make one, and purposes."""
    before = _number(request.GET.get("before", ""), 1 << 62) or None
    with pooled() as conn:
        rows, following = requests.list_requests(conn, before)
        context = {
            "rows": rows,
            "next": following,
            "suppressed": requests.count_suppressed(conn),
            "purposes": purposes_.list_purposes(conn),
        }
    return render(request, "privacy/overview.html", context)


@requires(Permission.ERASE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    """Look what would go, then erase: `step`. Identifiers come by POST only, never in an address."""
    text = request.POST.get("identifier", "").strip()
    context: dict[str, Any] = {"identifier": text, "is_suppressed": request.POST.get("suppress", "1") == "1"}
    if not text:
        return render(request, "privacy/erase.html", context)
    try:
        with pooled() as conn:
            names = names_in_force(conn)
            if request.POST.get("step") == "erase":
                made = requests.request_erasure(
                    conn,
                    names,
                    text,
                    is_suppressed=request.POST.get("suppress") == "1",
                    acting_user=name_of(request.user),
                )
                return HttpResponseRedirect(f"/privacy/requests/{made.id}")
            context["preview"] = requests.preview(conn, names, text)
    except Rejected as fault:  # an answer to the form, beside which it is read
        return render(request, "privacy/erase.html", {**context, "fault": str(fault)}, status=422)
    return render(request, "privacy/erase.html", context)


@requires(Permission.ERASE_PEOPLE)
@require_POST
def release(request: HttpRequest) -> HttpResponse:
    """Let an identifier, and all that were erased with it, come back."""
    try:
        with pooled() as conn:
            text = request.POST.get("identifier", "")
            made = requests.request_release(conn, names_in_force(conn), text, acting_user=name_of(request.user))
    except Rejected as fault:  # the form is on a page of its own lists
        messages.error(request, str(fault))
        return HttpResponseRedirect("/privacy")
    return HttpResponseRedirect(f"/privacy/requests/{made.id}")


@requires(Permission.ERASE_PEOPLE)
@require_safe
def one_request(request: HttpRequest, request_id: int) -> HttpResponse:
    """What became of a request; asks again by itself until it is done."""
    with pooled() as conn:
        row = requests.get_request(conn, request_id)
    is_part = getattr(request, "htmx", False)
    return render(request, "privacy/request.html#state" if is_part else "privacy/request.html", {"row": row})


@requires(Permission.ERASE_PEOPLE)
@require_POST
def again(request: HttpRequest, request_id: int) -> HttpResponse:
    """Ask once more for a request that stands still."""
    with pooled() as conn:
        requests.ask_again(conn, request_id, acting_user=name_of(request.user))
    return HttpResponseRedirect(f"/privacy/requests/{request_id}")


@requires(Permission.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def purposes(request: HttpRequest) -> HttpResponse:
    """What people are asked for: add one, or change its name and description."""
    context: dict[str, Any] = {}
    with pooled() as conn:
        if request.method == "POST":
            given = {name: request.POST.get(name, "") for name in ("slug", "name", "description")}
            try:
                purposes_.save_purpose(conn, **given, acting_user=name_of(request.user))
                return HttpResponseRedirect("/privacy/purposes")
            except Rejected as fault:  # an answer to the form, beside which it is read
                context = {**given, "fault": str(fault)}
        context["purposes"] = purposes_.list_purposes(conn)
        context["categories"] = categories.list_categories(conn)
    return render(request, "privacy/purposes.html", context, status=422 if "fault" in context else 200)


@requires(Permission.MANAGE_SETTINGS)
@require_POST
def category(request: HttpRequest) -> HttpResponse:
    """Say which purpose a category of a consent banner means: `purpose`, `-` for none, "" for not known."""
    name, purpose = request.POST.get("name", ""), request.POST.get("purpose", "")
    try:
        with pooled() as conn:
            if purpose:
                meant = None if purpose == "-" else purpose
                categories.save_category(conn, name=name, purpose=meant, acting_user=name_of(request.user))
            else:
                categories.remove_category(conn, name, acting_user=name_of(request.user))
        messages.success(request, _("Saved. It counts for what was said before as well."))
    except Rejected as fault:  # the forms are many on a page
        messages.error(request, str(fault))
    return HttpResponseRedirect("/privacy/purposes#categories")


@requires(Permission.MANAGE_SETTINGS)
@require_POST
def remove(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a purpose no longer; what was said of it stays."""
    with pooled() as conn:
        purposes_.remove_purpose(conn, slug, acting_user=name_of(request.user))
    messages.success(request, _("Removed. What was said of it stays in the ledger."))
    return HttpResponseRedirect("/privacy/purposes")


def _consent_context(conn: Connection[Any], names: Names, profile_id: int) -> dict[str, Any]:
    found = consents_of(conn, profile_id)
    listed = purposes_.list_purposes(conn)
    unknown = sorted(found.keys() - {purpose.slug for purpose in listed})
    return {
        "profile_id": profile_id,
        "rows": [(purpose, _shown(names, found.get(purpose.slug))) for purpose in listed],
        "unknown": [(name, _shown(names, found[name])) for name in unknown[:MAX_UNKNOWN]],
        "more_unknown": max(0, len(unknown) - MAX_UNKNOWN),
        "has_entries": bool(found),
    }


def _shown(names: Names, entry: Entry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    source = names.sources.get(entry.key.source_id)
    return {**entry_answer(names, entry), "source_name": source.name if source else ""}


def _number(text: str, most: int) -> int:
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 20 else 0
