"""What an event says of consent. Pure. docs/reference/consent.md tells the world."""

import re
from collections.abc import Collection
from typing import Any, Final

from onefold.events.event import Decoded, Kind, Reason
from onefold.events.fields import Refused, object_of, type_name

CONSENT_EVENTS: Final = frozenset(
    {"Consent Updated", "Segment Consent Preference Updated", "Segment Consent Preference"}
)
"""Names of track calls that state a decision; they are kept whatever the decision is."""
ANALYTICS: Final = "analytics"
MAX_PURPOSES: Final = 50
_FORM: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,49}")
Consents = tuple[tuple[str, bool], ...]


def consents_of(kind: Kind, name: str, properties: dict[str, Any], context: dict[str, Any]) -> Consents:
    """(purpose, granted) by name: of `context.consent`, RudderStack's `context.consentManagement`, and of a consent
    event's own properties, which win.

    What is neither true nor false says nothing.
    """
    consent, management = context.get("consent"), context.get("consentManagement")
    is_stated = kind is Kind.TRACK and name in CONSENT_EVENTS
    if consent is None and management is None and not is_stated:
        return ()
    said: dict[str, bool] = {}
    if type(consent) is dict:
        _add(said, consent.get("categoryPreferences"))
    if type(management) is dict:
        for ids, is_granted in (
            (management.get("allowedConsentIds"), True),
            (management.get("deniedConsentIds"), False),
        ):
            if type(ids) is list:
                _add(said, {purpose: is_granted for purpose in ids if type(purpose) is str})
    if is_stated:
        _add(said, properties.get("purposes"))
    return tuple(sorted(said.items())[:MAX_PURPOSES])


def is_statement(event: Decoded) -> bool:
    """Whether this is a decision of its own, not a stamp on something else."""
    return event.kind is Kind.TRACK and event.name in CONSENT_EVENTS


def denied_of(event: Decoded, categories: Collection[str]) -> str:
    """Which of these categories the event's own consent denies; "" for none, and for a decision, which is kept."""
    if is_statement(event):
        return ""
    return next((name for name, is_granted in event.consents if not is_granted and name in categories), "")


def check_consents(event: dict[str, Any], decoded: Decoded) -> None:
    """At the receipt: raises Refused when analytics is denied, or when a consent event can't be understood."""
    if is_statement(decoded):
        purposes = object_of(object_of(event, "properties"), "purposes", "properties.purposes")
        for name, value in purposes.items():
            if type(value) is not bool:
                raise Refused(
                    Reason.FIELD_WRONG_TYPE,
                    f"properties.purposes.{name[:50]} is {type_name(value)}; it must be true or false.",
                )
    elif (ANALYTICS, False) in decoded.consents:
        raise Refused(Reason.CONSENT_DENIED, "The event's own consent denies analytics, so nothing of it is kept.")


def slug_of(name: object) -> str:
    """A purpose as it is compared: `E-mail Marketing` → `e_mail_marketing`; "" for what can't be one."""
    if type(name) is not str:
        return ""
    slug = name.strip().lower().replace(" ", "_").replace("-", "_")
    return slug if _FORM.fullmatch(slug) else ""


def _add(said: dict[str, bool], preferences: object) -> None:
    if type(preferences) is not dict:
        return
    for name, value in preferences.items():
        if type(value) is bool and (slug := slug_of(name)):
            said[slug] = value
