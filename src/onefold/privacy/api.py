"""The door of the slice `privacy`: consent, erasure, suppression. Free of Django: the processor comes in here too."""

from onefold.privacy.consent import Entry, Key, Ledger, Origin, Said, add_consents
from onefold.privacy.ledger import COLUMNS as CONSENT_COLUMNS
from onefold.privacy.ledger import KEY_WIDTH as CONSENT_KEY_WIDTH
from onefold.privacy.ledger import (
    allowing,
    consents_of,
    delete_consents,
    forget_consents,
    may,
    rows_of,
    write_consents,
)

__all__ = [
    "CONSENT_COLUMNS",
    "CONSENT_KEY_WIDTH",
    "Entry",
    "Key",
    "Ledger",
    "Origin",
    "Said",
    "add_consents",
    "allowing",
    "consents_of",
    "delete_consents",
    "forget_consents",
    "may",
    "rows_of",
    "write_consents",
]
