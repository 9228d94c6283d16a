"""What an event and a request may hold; docs/reference/tracking-api.md tells the world."""

from typing import Final

import msgspec

from onefold.config import CollectorSettings


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of the per-event check. The collector and the processor must use the same."""

    max_event_bytes: int = 32_768
    max_events: int = 2_500  # in one request
    max_depth: int = 64  # objects and lists within each other, the event itself being the first
    max_id_chars: int = 500
    max_message_id_chars: int = 100
    max_traits: int = 300
    max_trait_bytes: int = 16_384  # of one value as JSON: a fragment keeps every trait, so this bounds its document
    max_external_ids: int = 100
    max_shared_bytes: int = 4_096  # context and integrations of a batch, which every event of it repeats
    max_internal_bytes: int = 512_000  # Onefold's own link and retract events


DEFAULT_LIMITS: Final = Limits()


def limits_of(settings: CollectorSettings) -> Limits:
    """The limits as set."""
    return Limits(max_event_bytes=settings.max_event_bytes, max_events=settings.max_events)
