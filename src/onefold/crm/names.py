"""Titles that administrators give, and the names made from them for addresses, forms and the API. Pure."""

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from django.utils.translation import gettext as _

from onefold.crm.errors import SetupRejected

MAX_TITLE: Final = 100
MAX_NAME: Final = 60
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_UNSEEN: Final = re.compile("[\0-\x1f\x7f\u202a-\u202e\ud800-\udfff]")  # and what turns the text around it
RESERVED_FIELDS: Final = frozenset(
    {
        *("id", "created_by", "seen", "records", "currency", "deleted_at", "custom", "search", "object"),  # of records
        *("back", "csrfmiddlewaretoken"),  # of forms
        *("people", "companies", "deals", "tasks", "activities", "products"),  # relations
    }
)
"""What fields of no object may be called, besides the names of its own."""
RESERVED_OBJECTS: Final = frozenset(
    {
        *("deal", "task", "activity", "product", "stage", "pipeline", "person", "company", "user", "profile"),
        *("deals", "tasks", "activities", "products", "stages", "pipelines", "people", "companies", "users"),
        *("of", "new", "bulk", "totals", "delete", "restore", "fields", "order", "record", "records", "acts"),
        # fields of people and companies, whose filters lead to objects by their names
        *("name", "email", "phone", "key", "known", "owner", "first_seen", "last_seen", "at_company", "id", "trait"),
    }
)
"""What objects may not be called."""


def read_title(text: object, *, what: str = "title") -> str:
    """As it was typed, without spaces too many. `what`: which input. Raises SetupRejected."""
    title = " ".join(_UNSEEN.sub(" ", text).split()) if isinstance(text, str) else ""
    if not title:
        raise _refused(what, _("A title is needed."))
    if len(title) > MAX_TITLE:
        said = _("It has %(n)s characters; %(most)d are allowed.") % {"n": f"{len(title):,}", "most": MAX_TITLE}
        raise _refused(what, said)
    return title


def name_from(title: str, taken: Collection[str], reserved: Collection[str], *, otherwise: str) -> str:
    """A name that nothing has: of the title's letters, maybe with a number; `otherwise` when it has none of a to z.

    Raises SetupRejected for a title that means what Onefold has itself.
    """
    plain = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[: MAX_NAME - 5].strip("_")
    if not stem or not stem[0].isalpha():
        stem = f"{otherwise}_{stem}".strip("_")
    if stem in reserved:
        raise _refused(
            "title", _("“%(name)s” is a name that Onefold needs itself. Choose another title.") % {"name": stem}
        )
    return next(one for one in (stem, *(f"{stem}_{n}" for n in range(2, len(taken) + 3))) if one not in taken)


def check_name(name: str, taken: Collection[str], reserved: Collection[str]) -> str:
    """A name that somebody chose. Raises SetupRejected."""
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        said = _("A name has up to %(n)d of a to z, 0 to 9 and _, and begins with a letter.") % {"n": MAX_NAME}
        raise _refused("name", said)
    if name in reserved:
        raise _refused("name", _("“%(name)s” is a name that Onefold needs itself. Choose another.") % {"name": name})
    if name in taken:
        raise _refused("name", _("The name “%(name)s” is taken, maybe by what is archived.") % {"name": name})
    return name


def _refused(what: str, said: str) -> SetupRejected:
    return SetupRejected(said, {what: said})
