"""What one event says of two identifiers that it names together. Pure."""

from typing import Final

from onefold.events.api import Decoded, Trust
from onefold.identity.store import EdgeFacts

EARLIEST_PUBLIC_CLAIM_US: Final = 48 * 3_600_000_000
"""Whoever holds a public key can't claim to have been first longer ago than this."""
CLAIMED_SQL: Final = (
    f"case when trust > {int(Trust.PUBLIC)} then ts else greatest(ts, received_at - {EARLIEST_PUBLIC_CLAIM_US}) end"
)
"""`sighting(event).first` of a row with trust, ts and received_at (µs), for any engine."""


def sighting(event: Decoded) -> EdgeFacts:
    """The edge that the event alone would make; see docs/reference/identity.md, Edges."""
    is_believed = event.trust > Trust.PUBLIC
    claimed = event.ts if is_believed else max(event.ts, event.received_at - EARLIEST_PUBLIC_CLAIM_US)
    return EdgeFacts(claimed, event.trust, event.received_at)
