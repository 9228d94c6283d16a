"""The middle steps of a batch: fold events into fragments, resolve identity, refold the profiles that this touched."""

import msgspec

from onefold.audiences.api import look_at_moved
from onefold.events.api import Decoded, Flag, Kind
from onefold.identity.api import Node, Resolver
from onefold.kernel.hashing import company_hash
from onefold.privacy.api import add_consents
from onefold.profiles.api import (
    CompanyFacts,
    add_claims,
    company_named,
    floor_hour,
    fold_companies,
    pack,
    refold_profiles,
    unpack,
    widen_seen,
)
from onefold.programs.processor.batch import LINKS_ONLY, Accepted, Batch

_GPC = int(Flag.GPC)


def fold_fragments(batch: Batch) -> None:
    """Each event into the fragment of its strongest identifier; of companies' own only the company knows."""
    for accepted in batch.accepted:
        event = accepted.event
        if accepted.rule is None and accepted.identifiers:
            _tally(batch, batch.nodes[accepted.fragment], event)
            if event.consents or event.flags & _GPC:
                add_consents(batch.consents.setdefault(accepted.fragment, {}), event)
            if event.kind is Kind.IDENTIFY:
                _fold_traits(batch, accepted)
            elif event.kind is Kind.GROUP:
                _fold_company(batch, accepted)
                batch.facts.refold.add(accepted.fragment)
        elif accepted.fragment != LINKS_ONLY:
            _fold_company(batch, accepted)
    for h in batch.facts.refold:
        if h in batch.claims:
            node = batch.nodes[h]
            node.doc, node.has_doc, node.is_changed = pack(batch.claims[h]), True, True


def resolve_identity(batch: Batch) -> None:
    """What the batch's pairs, rules and receipts make of the components they touch."""
    batch.resolved = Resolver(batch.conn, batch.context.config, batch.nodes).run(batch.facts)


def refold(batch: Batch) -> None:
    """Companies, then the profiles that changed; the others only move their last-seen hour."""
    context, resolved = batch.context, batch.resolved
    look_at_moved(batch.conn, fold_companies(batch.conn, batch.companies, context.priorities))
    batch.refolded = refold_profiles(
        batch.conn, resolved.touched, batch.nodes, batch.claims, context.priorities, context.config
    )
    widened: dict[int, tuple[int, int]] = {}
    for h, (first, last) in batch.seen.items():
        profile_id = batch.nodes[h].prof
        if profile_id not in resolved.touched:
            known = widened.get(profile_id, (first, last))
            widened[profile_id] = (min(first, known[0]), max(last, known[1]))
    batch.widened = set(widened)
    widen_seen(batch.conn, {key: (first, floor_hour(last)) for key, (first, last) in widened.items()})


def _tally(batch: Batch, node: Node, event: Decoded) -> None:
    """Counts and times of the fragment; what a profile shows of them is noted in `seen` or makes it refold."""
    batch.tallied.add(node.h)
    node.n += 1
    if node.own_rcv is None or event.received_at < node.own_rcv:
        node.own_rcv, node.is_changed = event.received_at, True
    if node.first_ts is None or node.last_ts is None:  # the fragment's first event
        node.first_ts = node.last_ts = event.ts
        if not node.is_new:
            batch.facts.refold.add(node.h)
        return
    if event.ts < node.first_ts or floor_hour(event.ts) > floor_hour(node.last_ts):
        if event.ts < node.first_ts:
            batch.earlier.add(node.h)
        first, last = batch.seen.get(node.h, (event.ts, event.ts))
        batch.seen[node.h] = (min(first, event.ts), max(last, event.ts))
    node.first_ts, node.last_ts = min(node.first_ts, event.ts), max(node.last_ts, event.ts)


def _fold_traits(batch: Batch, accepted: Accepted) -> None:
    event, h = accepted.event, accepted.fragment
    if not event.traits:
        return
    traits = msgspec.json.decode(event.traits)
    claims = batch.claims.get(h)
    if claims is None:
        claims = batch.claims[h] = unpack(batch.nodes[h].doc)
    if add_claims(claims, traits, event.source_id, (event.ts, event.received_at, event.id)):
        batch.facts.refold.add(h)


def _fold_company(batch: Batch, accepted: Accepted) -> None:
    event = accepted.event
    space, key = company_named(event, batch.context.user_spaces)
    h = company_hash(space, key)
    facts = batch.companies.setdefault(h, CompanyFacts(space, key))
    traits = msgspec.json.decode(event.traits) if event.traits else {}
    facts.add(accepted.fragment, event.ts, traits, event.source_id, (event.ts, event.received_at, event.id))
