"""Pages: companies. People's list is in `people_pages`, one person's in `record_views` and `identity_views`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onefold.accounts.api import Permission, requires
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.profiles import companies


@requires(Permission.SEE_PEOPLE)
@require_safe
def one_company(request: HttpRequest, identifier: str) -> HttpResponse:
    """A company by `space:key`; the default space is empty."""
    space, _, key = identifier.partition(":")
    with pooled() as conn:
        found = None if "\0" in identifier else companies.find_company(conn, space, key)
        if found is None:
            raise NotFound("No group call has named this company.")
        members = companies.people_of(conn, found)
    return render(request, "profiles/company.html", {"company": found, "people": members})
