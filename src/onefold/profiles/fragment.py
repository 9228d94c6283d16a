"""The fold of one fragment from its events. Pure; any order, each event once."""

from collections.abc import Collection
from dataclasses import dataclass, field

import msgspec

from onefold.events.api import Decoded, Kind
from onefold.identity.api import EdgeFacts, sighting
from onefold.profiles.fold import Claims, add_claims


@dataclass
class Fragment:
    """What the accepted events of one strongest identifier say; times in µs."""

    n: int = 0
    own_rcv: int | None = None
    first_ts: int | None = None
    last_ts: int | None = None
    claims: Claims = field(default_factory=dict)
    edges: dict[int, EdgeFacts] = field(default_factory=dict)  # weaker identifier → facts

    def add(self, event: Decoded, weaker: Collection[int]) -> None:
        """Fold one event."""
        self.n += 1
        self.own_rcv = event.received_at if self.own_rcv is None else min(self.own_rcv, event.received_at)
        self.first_ts = event.ts if self.first_ts is None else min(self.first_ts, event.ts)
        self.last_ts = event.ts if self.last_ts is None else max(self.last_ts, event.ts)
        seen = sighting(event)
        for h in weaker:
            known = self.edges.get(h)
            self.edges[h] = seen if known is None else known.merged(seen)
        if event.kind is Kind.IDENTIFY and event.traits:
            add_claims(
                self.claims,
                msgspec.json.decode(event.traits),
                event.source_id,
                (event.ts, event.received_at, event.id),
            )
