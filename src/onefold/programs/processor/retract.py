"""Take back stored events: afterwards everything is as if they had never come.

Fragments that lost events are folded anew from those that are left; edges, counts, receipts and labels follow.
Cost: every remaining event of the fragments that lost one, and of the companies' members; so import undo comes in
pieces.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import msgspec
from psycopg import Connection

from onefold.audiences.api import Folder, Happened, State, follow, look_at_moved, note_refolded
from onefold.events.api import (
    Counts,
    Decoded,
    Kind,
    Stored,
    Tallies,
    company_events_of,
    delete_retracted,
    end_pending,
    events_of,
    note_pending,
    ready_retractions,
    store_counts,
    store_tallies,
)
from onefold.identity.api import (
    WEAKER,
    EdgeFacts,
    Node,
    Pair,
    Resolver,
    delete_edges,
    delete_nodes,
    delete_rules,
    earliest_receipts,
    load_edges_from,
    load_nodes,
    write_edges,
    write_moves,
    write_nodes,
)
from onefold.kernel.hashing import company_hash
from onefold.lake.cold import HistoryInLake, want_history
from onefold.privacy.api import Ledger, add_consents, forget_consents, rows_of, write_consents
from onefold.profiles.api import (
    CompanyFacts,
    Fragment,
    companies_with,
    company_named,
    members_of,
    pack,
    refold_profiles,
    replace_companies,
)
from onefold.programs.processor.batch import MINUTE_US, Batch
from onefold.programs.processor.context import Context

PENDING_AT_ONCE: Final = 1_000


@dataclass
class WholeFragment(Fragment):
    """With what its events say of consent, and what audiences keep of them."""

    folder: Folder | None = None
    consents: Ledger = field(default_factory=dict)
    state: State = field(default_factory=dict)

    def add(self, event: Decoded, weaker: Collection[int]) -> None:
        """Fold one event."""
        super().add(event, weaker)
        add_consents(self.consents, event)
        if self.folder is not None:
            self.folder.fold(self.state, event)


def take_back(batch: Batch) -> None:
    """A last step: stored events that the batch's retractions name."""
    if batch.to_take_back:
        take_back_stored(batch.conn, batch.context, batch.to_take_back)
        note_pending(batch.conn, batch.to_take_back)  # there may be other deliveries of them in the lake


def take_back_pending(conn: Connection[Any], context: Context) -> bool:
    """Between batches: what was in the lake only and has been fetched; False when there is nothing. One transaction."""
    ids = set(ready_retractions(conn, PENDING_AT_ONCE))
    if not ids:
        return False
    if take_back_stored(conn, context, ids):
        end_pending(conn, ids)
    else:
        note_pending(conn, ids)  # and again when that is here
    return True


def take_back_stored(conn: Connection[Any], context: Context, ids: set[bytes]) -> bool:
    """Take back those of `ids` that are in PostgreSQL. False, with nothing done, if histories must be fetched first."""
    try:
        with conn.transaction():
            if removed := delete_retracted(conn, ids):
                _count_taken_back(conn, removed)
                settle_without(conn, context, removed)
    except HistoryInLake as needs:
        want_history(conn, needs.fragments)
        return False
    return True


def _count_taken_back(conn: Connection[Any], removed: list[Stored]) -> None:
    counts: Counts = {}
    for stored in removed:
        event = stored.event
        key = (event.source_id, event.received_at - event.received_at % MINUTE_US, "taken_back")
        counts[key] = counts.get(key, 0) + 1
    store_counts(conn, counts)  # a batch's own are stored by now


def settle_without(
    conn: Connection[Any],
    context: Context,
    removed: list[Stored],
    changed_to: Collection[Decoded] = (),
    emptied: Collection[int] = (),
) -> list[Node]:
    """Make everything as the stored events have it, after `removed` went; returns the identifiers that vanished.

    An event that changed counts as removed, as it was, and stands in `changed_to` as it is now. Nothing stands any more
    of the fragments `emptied`, whether their events are gone or yet to go; sums keep those until then.
    """
    if not removed and not emptied:
        return []
    retally(conn, removed, changed_to)
    decisions = [(s.event.id, s.event.received_at) for s in removed if s.event.kind is Kind.LINK]
    named = {end for pair in delete_rules(conn, decisions) for end in pair}
    lost = {stored.fragment for stored in removed if stored.event.kind not in (Kind.LINK, Kind.RETRACT)} | set(emptied)
    nodes = load_nodes(conn, lost | named)
    lost &= nodes.keys()  # of a fragment that is being erased nothing stood
    companies = _companies_in(removed, context) | companies_with(conn, emptied)
    fragments = _refold_fragments(conn, context, lost, companies, emptied)
    changed = _replace_edges(conn, context, fragments, nodes) | lost
    forget_consents(conn, lost)
    write_consents(conn, rows_of({h: fragment.consents for h, fragment in fragments.items()}))
    for h, fragment in fragments.items():
        _replace_fragment(nodes[h], fragment)
    gone = _lower_receipts(conn, nodes, changed | named)
    delete_nodes(conn, gone)
    vanished = [nodes.pop(h) for h in gone]
    resolver = Resolver(conn, context.config, nodes)
    resolver.result.touched.update(node.prof for node in vanished)
    resolved = resolver.resettle(
        [h for h in changed if h in nodes], [h for h in named if h in nodes], {node.comp for node in vanished}
    )
    resolved.touched.update(nodes[h].prof for h in lost if h in nodes)
    look_at_moved(conn, replace_companies(conn, companies, context.priorities))
    claims = {h: fragment.claims for h, fragment in fragments.items()}
    refold_profiles(conn, resolved.touched, nodes, claims, context.priorities, context.config)
    write_nodes(conn, [node for node in nodes.values() if node.is_changed])
    moves = resolved.moves + [(node.h, node.prof, None, None) for node in vanished]
    write_moves(conn, moves)
    note_refolded(conn, context.live, lost)
    happened = Happened(
        moves=moves,
        touched=resolved.touched,
        consents=lost,
        replaced={h: fragment.state for h, fragment in fragments.items()},
        profile_of={h: node.prof for h, node in nodes.items()},
    )
    follow(conn, context.live, happened, context.clock())
    return vanished


def retally(conn: Connection[Any], removed: list[Stored], changed_to: Collection[Decoded] = ()) -> None:
    """Sums without what was removed, with what it was changed to."""
    tallies = Tallies()
    for stored in removed:
        tallies.add(stored.event, -1)
    for event in changed_to:
        tallies.add(event, 1)
    store_tallies(conn, tallies)


def _companies_in(removed: list[Stored], context: Context) -> dict[int, CompanyFacts]:
    """Companies that lost an event, still empty."""
    companies: dict[int, CompanyFacts] = {}
    for stored in removed:
        if stored.event.tells_of_company:
            space, key = company_named(stored.event, context.user_spaces)
            companies[company_hash(space, key)] = CompanyFacts(space, key)
    return companies


def _refold_fragments(
    conn: Connection[Any],
    context: Context,
    lost: set[int],
    companies: dict[int, CompanyFacts],
    emptied: Collection[int],
) -> dict[int, WholeFragment]:
    """The fragments as their remaining events have them; fills `companies` from all that their members still say."""
    fragments = {h: WholeFragment(folder=context.live.folder) for h in lost}
    standing = lost.difference(emptied)
    members = members_of(conn, companies.keys()).difference(standing, emptied)
    for stored in chain(events_of(conn, standing), company_events_of(conn, members)):
        event = stored.event
        if event.kind in (Kind.LINK, Kind.RETRACT):
            continue
        if stored.fragment in fragments:
            identifiers, _ = context.extractor.identifiers(event)
            fragments[stored.fragment].add(event, [found.h for found in identifiers if found.h != stored.fragment])
        if event.tells_of_company:
            facts = companies.get(company_hash(*company_named(event, context.user_spaces)))
            if facts is not None:
                traits = msgspec.json.decode(event.traits) if event.traits else {}
                at = (event.ts, event.received_at, event.id)
                facts.add(stored.fragment, event.ts, traits, event.source_id, at)
    return fragments


def _replace_edges(
    conn: Connection[Any], context: Context, fragments: dict[int, WholeFragment], nodes: dict[int, Node]
) -> set[int]:
    """Make the edges of these fragments as they are now; returns the weaker ends that this touched, loaded."""
    stored = {(edge.a, edge.b): edge for edge in load_edges_from(conn, fragments.keys())}
    now: dict[Pair, EdgeFacts] = {
        (h, weaker): facts for h, fragment in fragments.items() for weaker, facts in fragment.edges.items()
    }
    deleted = [pair for pair in stored if pair not in now]
    altered = {
        pair: facts
        for pair, facts in now.items()
        if pair in stored and facts != EdgeFacts(stored[pair].first, stored[pair].trust, stored[pair].rcv)
    }
    ends = {b for _, b in (*deleted, *altered)}
    nodes.update(load_nodes(conn, ends - nodes.keys()))
    delete_edges(conn, deleted)
    write_edges(conn, altered)
    for a, b in deleted:
        _uncount(context, nodes[a], nodes[b])
    return ends


def _uncount(context: Context, strong: Node, weak: Node) -> None:
    """An edge is gone: both ends have one distinct neighbour less."""
    by_code = context.config.by_code
    _lower(strong, WEAKER)
    for node, other in ((strong, weak), (weak, strong)):
        if by_code[other.ns].is_unique and not by_code[node.ns].is_unique:
            _lower(node, other.ns)


def _lower(node: Node, kind: int) -> None:
    degree = node.degree()
    degree[kind] -= 1
    node.set_degree({key: count for key, count in degree.items() if count})
    node.is_changed = True


def _replace_fragment(node: Node, fragment: WholeFragment) -> None:
    node.n, node.own_rcv = fragment.n, fragment.own_rcv
    node.first_ts, node.last_ts = fragment.first_ts, fragment.last_ts
    node.doc, node.has_doc, node.is_changed = pack(fragment.claims), bool(fragment.claims), True


def _lower_receipts(conn: Connection[Any], nodes: dict[int, Node], hashes: Collection[int]) -> list[int]:
    """Earliest receipts from what is left; returns the identifiers that nothing names any more."""
    elsewhere = earliest_receipts(conn, hashes)
    gone = []
    for h in hashes:
        receipts = [receipt for receipt in (nodes[h].own_rcv, elsewhere.get(h)) if receipt is not None]
        if not receipts:
            gone.append(h)
        elif nodes[h].rcv != min(receipts):
            nodes[h].rcv, nodes[h].is_changed = min(receipts), True
    return gone
