"""Settings: exchange rates."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.crm.errors import SetupRejected
from onefold.crm.rates import load_rates, remove_rate, set_rate
from onefold.infra.pool import pooled

PAGE: Final = "/settings/crm/rates"


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def rates(request: HttpRequest) -> HttpResponse:
    """All of them; sent, one (`currency`, `rate`), new or another."""
    with pooled() as conn:
        if request.method != "POST":
            return _page(request, conn)
        given = {
            **request.GET.dict(),
            **request.POST.dict(),
        }  # the toast of one that was removed says it in its address
        try:
            code = set_rate(conn, given.get("currency", ""), given.get("rate", ""), acting_user=name_of(request.user))
        except SetupRejected as fault:  # an answer to the form, beside which it is read
            return _page(request, conn, fault)
    messages.success(request, _("%(code)s has another rate; amounts follow within a minute.") % {"code": code})
    return HttpResponseRedirect(PAGE)


@requires(Permission.MANAGE_CRM)
@require_POST
def remove(request: HttpRequest, currency: str) -> HttpResponse:
    """Deals in it can't be converted any more; the toast brings it back."""
    with pooled() as conn:
        rate = remove_rate(conn, currency, acting_user=name_of(request.user))
    undo = f"{PAGE}?{urlencode({'currency': currency, 'rate': f'{rate:f}'})}"
    messages.success(request, _("%(code)s has no rate any more.") % {"code": currency}, extra_tags=undo)
    return HttpResponseRedirect(PAGE)


def _page(request: HttpRequest, conn: Connection[Any], fault: SetupRejected | None = None) -> HttpResponse:
    found = load_rates(conn)
    typed = {name: request.POST.get(name, "")[:40] for name in ("currency", "rate")}
    context = {
        "home": found.home,
        "rates": [(currency, f"{rate:f}") for currency, rate in found.rates.items()],
        "missing": found.missing.items(),
        "typed": typed,
        "faults": fault.faults if fault else {},
        "fault": "" if fault is None or fault.faults else str(fault),
    }
    return render(request, "crm/rates.html", context, status=422 if fault else 200)
