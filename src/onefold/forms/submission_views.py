"""Pages of what was sent by a form."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onefold.accounts.api import Permission, name_of, requires
from onefold.forms import store, submissions
from onefold.forms.words import REASON_WORDS, STATE_WORDS, STATUS_WORDS
from onefold.infra.pool import pooled

SHOWN = {"": None, "held": ("held",), "waiting": ("waiting",)}
_MAX_CHARACTERS = 160


@requires(Permission.SEE_PEOPLE)
@require_safe
def submission_list(request: HttpRequest, number: int) -> HttpResponse:
    """The latest first: `show` = held or waiting, `before` = where the next page begins."""
    show = request.GET.get("show", "")
    show = show if show in SHOWN else ""
    with pooled() as conn:
        form = store.find_form(conn, number)
        found = submissions.submissions_of(
            conn, number, states=SHOWN[show], before=submissions.place_of(request.GET.get("before", ""))
        )
        counts = submissions.waiting_counts(conn, number)
        (line,) = store.list_forms(conn, number)
    last = found[-1] if len(found) == submissions.PAGE_SIZE else None
    context = {
        "form": form,
        "line": line,
        "share": min(1.0, line.submissions / line.views) if line.views else None,
        "status": STATUS_WORDS[form.status],
        "rows": [_row(one) for one in found],
        "show": show,
        "counts": counts,
        "older": submissions.text_of_place(last) if last else "",
        "here": "submissions",
    }
    return render(request, "forms/submissions.html", context)


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def let_in(request: HttpRequest, number: int, submission: UUID) -> HttpResponse:
    """One that was kept aside counts."""
    with pooled() as conn:
        state = submissions.let_in(conn, number, submission, acting_user=name_of(request.user))
    said = _("It is let in.") if state == "released" else _("Its address is asked to confirm.")
    messages.success(request, said)
    return HttpResponseRedirect(f"/forms/{number}/submissions?show=held")


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def discard(request: HttpRequest, number: int, submission: UUID) -> HttpResponse:
    """One that was kept aside goes."""
    with pooled() as conn:
        submissions.discard(conn, number, submission, acting_user=name_of(request.user))
    messages.success(request, _("It is thrown away, with what it said."))
    return HttpResponseRedirect(f"/forms/{number}/submissions?show=held")


def _row(one: submissions.Submission) -> dict[str, Any]:
    answers = one.answers or {}
    names = [str(answers[name]) for name in ("first_name", "last_name") if answers.get(name)]
    rest = {name: value for name, value in answers.items() if name not in ("first_name", "last_name")}
    title, tone = STATE_WORDS[one.state]
    return {
        "one": one,
        "title": title,
        "tone": tone,
        "reason": REASON_WORDS.get(one.reason, ""),
        "name": " ".join(names)[:_MAX_CHARACTERS],
        "email": str(answers.get("email", ""))[:_MAX_CHARACTERS],
        "said": [(name, _shown(value)) for name, value in list(rest.items())[:8]],
    }


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _MAX_CHARACTERS else text[:_MAX_CHARACTERS] + "…"
