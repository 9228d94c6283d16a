"""Claims about traits: folded per fragment, resolved per profile. Pure, and independent of order and repetition."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

MAX_TRAIT_NAMES = 500
"""Of more names, those with the smallest hash are kept: the only choice that no order of arrival can change."""


class Claim(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What one source last said of one trait. Instants in µs; `value` is any JSON value, null withdraws."""

    ts: int
    received_at: int
    event_id: bytes
    value: Any

    @property
    def recency(self) -> tuple[int, int, bytes]:
        return (self.ts, self.received_at, self.event_id)


Claims = dict[str, dict[int, Claim]]
"""Trait name → source id → its latest claim."""


class Resolved(NamedTuple):
    """The value of a trait and where it comes from; `others` are the claims that lost, strongest first."""

    value: Any
    source_id: int
    ts: int
    received_at: int
    event_id: bytes
    others: list[tuple[int, Claim]]


DEFAULT_PRIORITY = 100
_decoder = msgspec.msgpack.Decoder(Claims)
_encoder = msgspec.msgpack.Encoder()


def unpack(doc: bytes | None) -> Claims:
    """The claims in a stored document (`node.doc`, `company.doc`)."""
    return _decoder.decode(doc) if doc else {}


def pack(claims: Claims) -> bytes:
    """The document of `claims`; equal claims give equal bytes."""
    return _encoder.encode({name: dict(sorted(claims[name].items())) for name in sorted(claims)})


def add_claims(claims: Claims, traits: Mapping[str, Any], source_id: int, at: tuple[int, int, bytes]) -> bool:
    """Fold one event's traits into `claims`; `at` = (ts, received_at, event id). True if anything changed."""
    changed = False
    for name, value in traits.items():
        by_source = claims.setdefault(name, {})
        known = by_source.get(source_id)
        if known is None or known.recency < at:
            by_source[source_id] = Claim(*at, value)
            changed = True
    if len(claims) > MAX_TRAIT_NAMES:
        for name in sorted(claims, key=_name_hash)[MAX_TRAIT_NAMES:]:
            del claims[name]
    return changed


def merge(fragments: Iterable[Claims]) -> Claims:
    """The latest claim of each source over several fragments."""
    merged: Claims = {}
    for claims in fragments:
        for name, by_source in claims.items():
            into = merged.setdefault(name, {})
            for source_id, claim in by_source.items():
                known = into.get(source_id)
                if known is None or known.recency < claim.recency:
                    into[source_id] = claim
    return merged


def resolve(fragments: Iterable[Claims], priorities: Mapping[int, int]) -> dict[str, Resolved]:
    """The golden record: of each trait the claim with the smallest source priority, then the latest.

    `priorities` maps source ids; a missing one counts 100. Traits whose claims are all null are absent.
    """
    record = {}
    for name, by_source in merge(fragments).items():
        standing = [(source_id, claim) for source_id, claim in by_source.items() if claim.value is not None]
        if standing:
            standing.sort(key=lambda pair: pair[1].recency, reverse=True)
            standing.sort(key=lambda pair: priorities.get(pair[0], DEFAULT_PRIORITY))
            (source_id, best), others = standing[0], standing[1:]
            record[name] = Resolved(best.value, source_id, best.ts, best.received_at, best.event_id, others)
    return record


def current_values(fragments: Iterable[Claims], priorities: Mapping[int, int]) -> dict[str, Any]:
    """Trait name → value, as `resolve`, names sorted."""
    record = resolve(fragments, priorities)
    return {name: record[name].value for name in sorted(record)}


def _name_hash(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=8).digest()
