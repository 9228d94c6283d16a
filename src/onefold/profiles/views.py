"""Pages: companies. People's list is in `people_pages`, one person's in `record_views` and `identity_views`."""

from itertools import islice
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onefold.accounts.api import Permission, requires
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.profiles import companies

MOST_TRAITS: Final = 200


@requires(Permission.SEE_PEOPLE)
@require_safe
def one_company(request: HttpRequest, identifier: str) -> HttpResponse:
    """A company by `space:key`; the default space is empty."""
    space, key = identifier.partition(":")[::2]
    with pooled() as conn:
        found = None if "\0" in identifier else companies.find_company(conn, space, key)
        if found is None:
            raise NotFound(_("No group call has named this company."))
        members = companies.people_of(conn, found)
    traits: dict[str, Any] = msgspec.json.decode(found.traits or "{}")
    shown = list(islice(traits.items(), MOST_TRAITS))
    context = {"company": found, "people": members, "traits": shown, "n_traits": len(traits)}
    return render(request, "profiles/company.html", context)
