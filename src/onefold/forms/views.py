"""Pages of forms: the list, the builder, how one is put into a page."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.config import load_settings, reachable
from onefold.events.api import list_sources
from onefold.forms import store
from onefold.forms.beginnings import TEMPLATES
from onefold.forms.builder import addable, definition_of, rows_of, with_act
from onefold.forms.definition import LANGUAGES, MAX_FIELDS, FormRejected, faults_of
from onefold.forms.letter import letter_of
from onefold.forms.script import library, shown_of
from onefold.forms.submissions import waiting_counts
from onefold.forms.words import KIND_WORDS, LANGUAGE_NAMES, STATUS_WORDS
from onefold.infra.pool import pooled
from onefold.privacy.purposes import list_purposes

DAYS: Final = 30


@requires(Permission.SEE_PEOPLE)
@require_safe
def form_list(request: HttpRequest) -> HttpResponse:
    """Every form, with what came in 30 days."""
    with pooled() as conn:
        lines = store.list_forms(conn)
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    rows = [
        {
            "form": line,
            "status": STATUS_WORDS[line.status],
            "trend": [line.days.get(day, 0) for day in days],
            "share": min(1.0, line.submissions / line.views) if line.views else None,
        }
        for line in lines
    ]
    return render(request, "forms/list.html", {"rows": rows})


@requires(Permission.EDIT_AUDIENCES)
@require_http_methods(["GET", "HEAD", "POST"])
def new_form(request: HttpRequest) -> HttpResponse:
    """A name and what it begins with; then to the builder."""
    context: dict[str, Any] = {"templates": TEMPLATES, "chosen": request.POST.get("template", "contact"), "name": ""}
    if request.method == "POST":
        context["name"] = request.POST.get("name", "")[:200]
        try:
            with pooled() as conn:
                form = store.create_form(
                    conn,
                    name=request.POST.get("name", ""),
                    template=context["chosen"],
                    source_id=None,
                    acting_user=name_of(request.user),
                )
            return HttpResponseRedirect(f"/forms/{form.id}")
        except FormRejected as fault:  # an answer to the form, beside which it is read
            context["fault"] = str(fault)
    return render(request, "forms/new.html", context, status=422 if "fault" in context else 200)


@requires(Permission.EDIT_AUDIENCES)
@require_safe
def builder(request: HttpRequest, number: int) -> HttpResponse:
    """The form with its preview beside."""
    with pooled() as conn:
        form = store.find_form(conn, number)
        return render(request, "forms/builder.html", _context(conn, form))


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def save(request: HttpRequest, number: int) -> HttpResponse:
    """Keeps what the builder shows; answers with its state and, after a button, with the fields."""
    act = request.POST.get("act", "")
    source = request.POST.get("source", "")
    with pooled() as conn:
        draft = with_act(definition_of(request.POST), act)
        form = store.save_draft(
            conn,
            number,
            draft,
            name=request.POST.get("name", "") or None,
            source_id=int(source) if source.isascii() and source.isdigit() and len(source) < 9 else None,
            acting_user=name_of(request.user),
        )
        context = _context(conn, form) | {"has_fields": bool(act), "is_answer": True}
    return render(request, "forms/builder.html#state", context)


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """One change back."""
    with pooled() as conn:
        store.undo(conn, number, acting_user=name_of(request.user))
    return HttpResponseRedirect(f"/forms/{number}")


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def publish(request: HttpRequest, number: int) -> HttpResponse:
    """Visitors get the draft from now on."""
    has_mail = bool(load_settings().mail.host)
    try:
        with pooled() as conn:
            version = store.publish(conn, number, has_mail=has_mail, acting_user=name_of(request.user))
    except FormRejected as fault:  # read on the page that it is about
        messages.error(request, str(fault))
        return HttpResponseRedirect(f"/forms/{number}")
    messages.success(request, _("Version %(n)d is published. Visitors get it within seconds.") % {"n": version})
    return HttpResponseRedirect(f"/forms/{number}/embed")


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def archive(request: HttpRequest, number: int) -> HttpResponse:
    """Out of use; the toast brings it back."""
    with pooled() as conn:
        form = store.set_archived(conn, number, is_archived=True, acting_user=name_of(request.user))
    text = _("The form %(name)s is archived: pages that embed it show nothing.") % {"name": form.name}
    messages.success(request, text, extra_tags=f"/forms/{number}/restore")
    return HttpResponseRedirect("/forms")


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def restore(request: HttpRequest, number: int) -> HttpResponse:
    """As it was before it was archived."""
    with pooled() as conn:
        store.set_archived(conn, number, is_archived=False, acting_user=name_of(request.user))
    return HttpResponseRedirect("/forms")


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def take_version(request: HttpRequest, number: int, version: int) -> HttpResponse:
    """An older version becomes the draft."""
    with pooled() as conn:
        store.take_version(conn, number, version, acting_user=name_of(request.user))
    messages.success(request, _("Version %(n)d is the draft now. Publish it to give it to visitors.") % {"n": version})
    return HttpResponseRedirect(f"/forms/{number}")


@requires(Permission.SEE_PEOPLE)
@require_safe
def embed(request: HttpRequest, number: int) -> HttpResponse:
    """Code to paste, the hosted page, and every version."""
    with pooled() as conn:
        form = store.find_form(conn, number)
        context = {
            "form": form,
            "counts": waiting_counts(conn, number),
            "versions": store.versions_of(conn, number),
            "status": STATUS_WORDS[form.status],
            "base": collector_url(),
            "here": "embed",
        }
    return render(request, "forms/embed.html", context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def drawing(request: HttpRequest) -> HttpResponse:
    """The script that draws a form, for the preview: the one that visitors get."""
    return HttpResponse(library(), content_type="text/javascript; charset=utf-8")


def collector_url() -> str:
    """Where visitors reach the collector."""
    settings = load_settings().collector
    return (settings.url or "").rstrip("/") or f"http://{reachable(settings.host)}:{settings.port}"


def _context(conn: Connection[Any], form: store.Form) -> dict[str, Any]:
    purposes = list_purposes(conn)
    draft = form.draft
    shown = shown_of(draft)
    return {
        "form": form,
        "draft": draft,
        "rows": rows_of(draft),
        "addable": addable(draft),
        "is_full": len(draft.fields) >= MAX_FIELDS,
        "kinds": KIND_WORDS,
        "status": STATUS_WORDS[form.status],
        "faults": list(faults_of(draft, frozenset(purpose.slug for purpose in purposes))),
        "purposes": purposes,
        "sources": [source for source in list_sources(conn) if source.kind == "browser"],
        "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
        "shown": shown,
        "shown_text": json.dumps(shown),
        "letter": letter_of(draft, "{link}", "{first_name}"),
        "has_mail": bool(load_settings().mail.host),
        "origins": "\n".join(draft.origins),
        "counts": waiting_counts(conn, form.id),
        "here": "build",
    }
