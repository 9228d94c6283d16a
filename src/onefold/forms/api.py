"""The door of the slice `forms`. Free of Django: collector, worker and processor come in here."""

from onefold.forms.answers import (
    AGREED,
    HONEYPOT,
    Checked,
    Sent,
    campaign_of,
    check_answers,
    sent_from,
    suspicion,
)
from onefold.forms.definition import HIDDEN, Definition, FormRejected
from onefold.forms.forgetting import forget_submissions
from onefold.forms.page import Page, confirm_page, form_page, message_page
from onefold.forms.said import Heard
from onefold.forms.script import script_of
from onefold.forms.taking import Came, LiveForm, confirm, read_forms, store_counts, take
from onefold.forms.tokens import NONCE_BYTES, read_confirm, read_shown, shown_token
from onefold.forms.wording import words_of

__all__ = [
    "AGREED",
    "HIDDEN",
    "HONEYPOT",
    "NONCE_BYTES",
    "Came",
    "Checked",
    "Definition",
    "FormRejected",
    "Heard",
    "LiveForm",
    "Page",
    "Sent",
    "campaign_of",
    "check_answers",
    "confirm",
    "confirm_page",
    "forget_submissions",
    "form_page",
    "message_page",
    "read_confirm",
    "read_forms",
    "read_shown",
    "script_of",
    "sent_from",
    "shown_token",
    "store_counts",
    "suspicion",
    "take",
    "words_of",
]
