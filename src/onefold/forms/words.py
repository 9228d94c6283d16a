"""What pages call states, kinds and reasons."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = dict[str, str | Promise]
STATUS_WORDS: Final[dict[str, tuple[str | Promise, str]]] = {
    "draft": (_("Draft"), ""),
    "published": (_("Published"), "ok"),
    "archived": (_("Archived"), "warn"),
}
"""By status: title, tone."""
KIND_WORDS: Final[Words] = {
    "text": _("Text"),
    "email": _("E-mail address"),
    "phone": _("Phone number"),
    "number": _("Number"),
    "long": _("Several lines"),
    "choice": _("One of a list"),
    "choices": _("Some of a list"),
    "hidden": _("Hidden"),
}
STATE_WORDS: Final[dict[str, tuple[str | Promise, str]]] = {
    "accepted": (_("Taken"), "ok"),
    "confirmed": (_("Confirmed"), "ok"),
    "released": (_("Was let in"), "ok"),
    "waiting": (_("Waits for the click"), "busy"),
    "held": (_("Kept aside"), "warn"),
    "expired": (_("Never confirmed"), ""),
    "discarded": (_("Thrown away"), ""),
}
REASON_WORDS: Final[Words] = {
    "honeypot": _("It filled in a field that people don't see."),
    "no_token": _("It came without showing the form."),
    "too_fast": _("It was filled in faster than people type."),
    "stale": _("The form stood open for more than a week."),
    "links": _("There is a link where a name belongs."),
    "many_mails": _("This address was sent three mails today already."),
}
LANGUAGE_NAMES: Final = {"en": "English", "de": "Deutsch", "ro": "Română"}
