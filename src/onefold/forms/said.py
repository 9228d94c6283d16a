"""What a submission says, as events of the form's source. Pure.

`identify` with the traits, `Form Submitted`, and `Consent Updated` where a box was ticked: in one row of the log.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from onefold.forms.answers import MAX_ID, Checked, Sent, Value, identifier_of
from onefold.forms.definition import Definition
from onefold.kernel.hashing import identifier_hash

SUBMITTED: Final = "Form Submitted"
_CAMPAIGN: Final = {
    "utm_source": "source",
    "utm_medium": "medium",
    "utm_campaign": "name",
    "utm_term": "term",
    "utm_content": "content",
}


class Heard(NamedTuple):
    """A submission of which everything is known. `at`: ISO 8601. `ip`: what the source's policy leaves of it."""

    id: UUID
    form: str
    key: str
    version: int
    at: str
    sent: Sent
    checked: Checked
    campaign: dict[str, str]
    ip: str
    user_agent: str


def person_of(heard: Heard) -> int:
    """The hash of the identifier by which the person is found afterwards: the address, else the browser's id."""
    email = heard.checked.values.get("email")
    found = identifier_of("email", email) if isinstance(email, str) else None
    return found.h if found else identifier_hash("anonymous_id", anonymous_id(heard))


def anonymous_id(heard: Heard) -> str:
    """Of the site's snippet; where there is none the submission's own, which nobody else has."""
    sent = heard.sent.about.get("anonymous_id", "").strip()
    return sent if 0 < len(sent) <= MAX_ID and sent.isprintable() else str(heard.id)


def events_of(
    definition: Definition, heard: Heard, new_traits: Mapping[str, str], confirmed_at: str = ""
) -> list[dict[str, Any]]:
    """The calls to log. `new_traits`: those of the definition that the person hasn't got yet.

    Consent that is to be confirmed isn't said before it is: without `confirmed_at` it is left out then.
    """
    of_event = {field.name for field in definition.fields if field.is_of_event}
    values = heard.checked.values
    traits: dict[str, Value] = {name: value for name, value in values.items() if name not in of_event}
    traits |= {name: value for name, value in new_traits.items() if name not in traits}
    context = _context(definition, heard)
    who = {"anonymousId": anonymous_id(heard), "timestamp": heard.at, "context": context}
    about = {"form": heard.form, "formKey": heard.key, "formVersion": heard.version}
    said: dict[str, Any] = {name: value for name, value in values.items() if name in of_event}
    if gclid := heard.campaign.get("gclid"):
        said["gclid"] = gclid
    events: list[dict[str, Any]] = [
        {"type": "identify", "messageId": f"{heard.id}-person", "traits": traits, **who},
        {
            "type": "track",
            "event": SUBMITTED,
            "messageId": message_id(heard.id),
            "properties": said | about | _lead(definition),
            **who,
        },
    ]
    if heard.checked.has_agreed and (confirmed_at or not definition.opt_in.is_on):
        events.append(_consent(definition, heard, confirmed_at) | who | {"timestamp": confirmed_at or heard.at})
    return events


def message_id(submission: UUID) -> str:
    """Of the event that stands for the submission."""
    return f"{submission}-sent"


def _lead(definition: Definition) -> dict[str, str]:
    return {"owner": definition.lead.owner} if definition.lead.owner else {}


def _consent(definition: Definition, heard: Heard, confirmed_at: str) -> dict[str, Any]:
    """The statement with its proof: wording, version, and by when which address was confirmed."""
    properties: dict[str, Any] = {
        "purposes": dict.fromkeys(definition.consent.purposes, True),
        "wording": definition.consent.wording,
        "wordingVersion": heard.version,
        "form": heard.form,
        "formKey": heard.key,
        "givenAt": heard.at,
    }
    if confirmed_at:
        properties["confirmedAt"] = confirmed_at
    return {
        "type": "track",
        "event": "Consent Updated",
        "messageId": f"{heard.id}-consent",
        "properties": properties,
    }


def _context(definition: Definition, heard: Heard) -> dict[str, Any]:
    about = heard.sent.about
    page: dict[str, str] = {name: about[name] for name in ("url", "title", "referrer") if about.get(name)}
    if path := path_of(about.get("url", "")):
        page["path"] = path
    campaign = {_CAMPAIGN[name]: value for name, value in heard.campaign.items() if name in _CAMPAIGN}
    context: dict[str, Any] = {"library": {"name": "onefold-form", "version": "1"}, "locale": definition.language}
    found = {"page": page, "campaign": campaign, "ip": heard.ip, "userAgent": heard.user_agent}
    return context | {name: value for name, value in found.items() if value}


def path_of(url: str) -> str:
    """Of an address; "" for what is none."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def campaign_title(campaign: Mapping[str, str]) -> str:
    """One line of a campaign: name, else source and medium."""
    parts = [campaign.get("utm_source", ""), campaign.get("utm_medium", "")]
    return (campaign.get("utm_campaign") or " / ".join(part for part in parts if part))[:MAX_ID]
