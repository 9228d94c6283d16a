"""What a new form begins with, by name: title, words, definition."""

from typing import Final

from onefold.forms.definition import STANDARD, Consent, Definition, OptIn
from onefold.kernel.marking import marked as _

TEMPLATES: Final = {
    "newsletter": (
        _("Newsletter"),
        _("An e-mail address and consent, confirmed by mail."),
        Definition(
            title="Our newsletter",
            fields=(STANDARD["email"],),
            consent=Consent(
                purposes=("email_marketing",),
                wording="Send me news by e-mail. I can unsubscribe at any time.",
                is_required=True,
            ),
            opt_in=OptIn(is_on=True),
        ),
    ),
    "contact": (
        _("Contact"),
        _("Name, e-mail address, company and a message."),
        Definition(
            title="Write to us",
            fields=tuple(STANDARD[name] for name in ("first_name", "last_name", "email", "company", "message")),
        ),
    ),
    "demo": (
        _("Ask for a demo"),
        _("For sales: job title, phone and company, too."),
        Definition(
            title="See it for yourself",
            fields=tuple(
                STANDARD[name] for name in ("first_name", "last_name", "email", "phone", "company", "title", "message")
            ),
        ),
    ),
}
