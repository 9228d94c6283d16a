"""The sample shop's form, on its page Contact."""

from typing import Any, Final

import msgspec
from psycopg import Connection

from onefold.events.api import get_source
from onefold.forms import store
from onefold.forms.definition import STANDARD, After, Consent, Definition, Field, Look
from onefold.programs.demo.calls import WEBSITE

NAME: Final = "Contact"
ACTOR: Final = "demo"
_TOPICS: Final = ("A tent for winter", "Boots and sizes", "A repair", "Something else")
_FORM: Final = Definition(
    title="How can we help?",
    intro="We answer within a day.",
    fields=(
        STANDARD["first_name"],
        STANDARD["last_name"],
        STANDARD["email"],
        STANDARD["company"],
        Field(name="topic", kind="choice", label="It is about", choices=_TOPICS, is_of_event=True),
        msgspec.structs.replace(STANDARD["message"], placeholder="Where are you going?"),
    ),
    consent=Consent(purposes=("email_marketing",), wording="Send me letters from the north, twice a month."),
    after=After(message="Thank you. Somebody who knows the answer will write to you."),
    look=Look(accent="#1f5c46", button="Send it", corner=8),
)


def ensure_form(conn: Connection[Any]) -> str:
    """The form's key; it is made and published when it isn't there."""
    for line in store.list_forms(conn):
        if line.name == NAME:
            return line.key
    source_id = get_source(conn, WEBSITE).id
    form = store.create_form(conn, name=NAME, template="contact", source_id=source_id, acting_user=ACTOR)
    store.save_draft(conn, form.id, _FORM, acting_user=ACTOR)
    store.publish(conn, form.id, has_mail=False, acting_user=ACTOR)
    return form.key
