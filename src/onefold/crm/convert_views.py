"""The dialog in which a lead becomes an opportunity: deal, company, stage, and a look at who may be the same."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onefold.accounts.api import Permission, actor_of, requires
from onefold.crm.company_fields import company_url
from onefold.crm.converting import CompanyIsThere, ConversionWanted, convert, usual_company
from onefold.crm.duplicate_signs import SIGNS
from onefold.crm.duplicates import pairs_of
from onefold.crm.errors import RecordRejected
from onefold.crm.page import Asked, asked, go
from onefold.crm.person_editing import edited
from onefold.crm.person_fields import OWNER
from onefold.crm.person_rights import demand_person
from onefold.infra.pool import pooled


@requires(Permission.EDIT_RECORDS)
@require_http_methods(["GET", "POST"])
def conversion(request: HttpRequest, identifier: str) -> HttpResponse:
    """The dialog, filled with what is known of the person; sent, their new deal."""
    with pooled() as conn:
        given = asked(conn, request, "deal")
        actor = actor_of(request)
        if request.method != "POST":
            demand_person(conn, actor, edited(conn, identifier).values.get(OWNER))
            return _dialog(request, given, identifier, None)
        post = request.POST
        wanted = ConversionWanted(
            deal=post.get("deal", ""),
            amount=post.get("amount", ""),
            company=post.get("company", ""),
            pick=post.get("pick", ""),
        )
        try:
            done = convert(conn, actor, given.asking, identifier, wanted, once=_once(post))
        except RecordRejected as fault:
            return _dialog(request, given, identifier, fault)
    messages.success(request, _("Converted. Here is the deal."), extra_tags=f"/acts/{done.act}/undo")
    return go(request, f"/deals/{done.deal}")


def _dialog(request: HttpRequest, given: Asked, identifier: str, fault: RecordRejected | None) -> HttpResponse:
    lead = edited(given.conn, identifier)
    usual = usual_company(given.conn, lead)
    title = usual.title if usual else str(lead.values.get("company") or "")[:200]
    name = lead.whom.golden(lead.names.priorities).name
    alike = fault.found if isinstance(fault, CompanyIsThere) else []
    context = {
        "identifier": lead.identifier,
        "deal": request.POST.get("deal", title or name),
        "amount": request.POST.get("amount", ""),
        "company": request.POST.get("company", title),
        "fault": fault,
        "companies": [(one, f"{one.space}:{one.key}", company_url(one.space, one.key)) for one in alike],
        "people": [
            (one.other(lead.whom.profile_id), [SIGNS[sign] for sign in one.signs])
            for one in pairs_of(given.conn, lead.whom.profile_id)
        ],
        "once": _once(request.POST),
    }
    return render(request, "crm/convert.html", context)


def _once(post: QueryDict) -> UUID:
    """The form's own number: sent twice, it makes one company."""
    try:
        return UUID(post.get("once", ""))
    except ValueError:
        return uuid4()
