"""The door of the slice `privacy`: consent, erasure, suppression. Free of Django: the processor comes in here too."""

from onefold.privacy.consent import Entry, Key, Ledger, Origin, Said, add_consents
from onefold.privacy.erasure import (
    Report,
    Request,
    by_kind,
    clean_log,
    clean_violations,
    delete_own_events,
    finish,
    forget_traces,
    lock_request,
    neighbours_of,
    redact_events,
    tell_counts,
)
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
from onefold.privacy.redact import Redactor
from onefold.privacy.suppression import Suppressions, load_suppressions, release, suppress, suppression_key

__all__ = [
    "CONSENT_COLUMNS",
    "CONSENT_KEY_WIDTH",
    "Entry",
    "Key",
    "Ledger",
    "Origin",
    "Redactor",
    "Report",
    "Request",
    "Said",
    "Suppressions",
    "add_consents",
    "allowing",
    "by_kind",
    "clean_log",
    "clean_violations",
    "consents_of",
    "delete_consents",
    "delete_own_events",
    "finish",
    "forget_consents",
    "forget_traces",
    "load_suppressions",
    "lock_request",
    "may",
    "neighbours_of",
    "redact_events",
    "release",
    "rows_of",
    "suppress",
    "suppression_key",
    "tell_counts",
    "write_consents",
]
