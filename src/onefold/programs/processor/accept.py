"""The first steps of a batch: which events count, and whom they name."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from onefold.events.api import (
    DEDUPLICATION_US,
    NOTHING_KEPT,
    Decoded,
    Kind,
    LogRow,
    Reason,
    Violation,
    decode_each,
    denied_of,
    known_receipts,
    retracted_until,
    store_retractions,
)
from onefold.identity.api import (
    RULES,
    Extractor,
    Facts,
    Identifier,
    Refused,
    Rule,
    RuleKind,
    load_docs,
    new_node,
    pair_of,
    sighting,
)
from onefold.kernel.hashing import company_hash, event_id
from onefold.profiles.api import company_named
from onefold.programs.processor.batch import LINKS_ONLY, Accepted, Batch, Incoming, Prepared
from onefold.programs.processor.context import Context

_INTERNAL = frozenset((Kind.LINK, Kind.RETRACT, Kind.REQUEST))
_SUPPRESSED = Refused(Reason.SUPPRESSED, "It names somebody who was erased and is suppressed. Nothing of it is kept.")


def prepare(rows: list[LogRow], context: Context, await_turn: Callable[[], None] = lambda: None) -> Prepared:
    """Log rows → events by receipt, their identifiers normalised, and violations. No database.

    `await_turn` is called before each row.
    """
    prepared = Prepared(rows, [], [], [])
    for row in rows:
        await_turn()
        unkept = []
        for place, decoded in enumerate(decode_each(row, context.limits)):
            found = decoded if type(decoded) is Violation else _judge(decoded, context)  # type: ignore[arg-type]  # mypy doesn't narrow on `type() is`
            if type(found) is Incoming:
                prepared.events.append(found)
                continue
            prepared.violations.append(found)  # type: ignore[arg-type]  # as above
            if found.reason in NOTHING_KEPT:  # type: ignore[union-attr]  # as above
                unkept.append(place)
        if unkept:
            prepared.unkept.append((row, unkept))
    prepared.events.sort(key=lambda incoming: incoming.event.received_at)
    return prepared


def _judge(event: Decoded, context: Context) -> Incoming | Violation:
    """Whom an event names, or why nothing of it may be kept."""
    if event.kind in _INTERNAL:
        if event.kind is Kind.LINK and context.suppressions:
            rule = link_rule(context.extractor, event)
            if not isinstance(rule, Refused) and context.names_suppressed(rule[1]):
                return _suppressed(event, rule[1])
        return Incoming(event, [], [])
    identifiers, refused = context.extractor.identifiers(event)
    if context.suppressions and context.names_suppressed(identifiers):
        return _suppressed(event, identifiers)
    if event.consents and (denied := denied_of(event, context.suppressions.denying)):
        detail = f"The event's own consent denies {denied}, which means analytics here, so nothing of it is kept."
        return _violation(event, Refused(Reason.CONSENT_DENIED, detail), is_fatal=True)
    return Incoming(event, identifiers, refused, context.live.folder.count(event))


def take_in(batch: Batch) -> None:
    """What was prepared: events, violations to keep, and requests, which are no events."""
    batch.incoming = []
    for incoming in batch.prepared.events:
        if incoming.event.kind is Kind.REQUEST:
            batch.requests.append(request_of(incoming.event))
        else:
            batch.incoming.append(incoming)
    for violation in batch.prepared.violations:
        batch.refuse(violation)


def request_of(event: Decoded) -> int:
    """The id of the privacy request that a REQUEST event stands for."""
    return int(msgspec.json.decode(event.body)["request"])


def note_retractions(batch: Batch) -> None:
    """Remember what is taken back before anything is accepted: a retraction may overtake what it retracts."""
    said = [incoming for incoming in batch.incoming if incoming.event.kind is Kind.RETRACT]
    if not said:
        return
    batch.incoming = [incoming for incoming in batch.incoming if incoming.event.kind is not Kind.RETRACT]
    retractions: dict[bytes, tuple[int, bytes]] = {}
    for event, *_ in _without_copies(batch, said, {}):
        batch.accepted.append(Accepted(event, [], LINKS_ONLY))
        body = msgspec.json.decode(event.body)
        source_id = _source_id(batch, body["source"])
        for message_id in body["messageIds"]:
            retracted = event_id(source_id, message_id)
            known = retractions.get(retracted)
            if known is None or known[0] < event.received_at:
                retractions[retracted] = (event.received_at, event.id)
    store_retractions(batch.conn, retractions)
    batch.to_take_back.update(retractions)


def deduplicate(batch: Batch) -> None:
    """Leave out what is retracted, and what came before within 24 h (by the full message id, per source)."""
    if not batch.incoming:
        return
    until = retracted_until(batch.conn, [incoming.event.id for incoming in batch.incoming])
    standing = []
    for incoming in batch.incoming:
        event = incoming.event
        if until and event.received_at <= until.get(event.id, -1):
            batch.count(event.source_id, event.received_at, "retracted")
        else:
            standing.append(incoming)
    batch.incoming = _without_copies(batch, standing, until)


def _without_copies(batch: Batch, said: list[Incoming], until: Mapping[bytes, int]) -> list[Incoming]:
    """Those of `said` (by receipt) that are no copy; what is taken back `until` then never came: no copy of that."""
    if not said:
        return []
    earliest, latest = said[0].event.received_at - DEDUPLICATION_US, said[-1].event.received_at + DEDUPLICATION_US
    receipts = known_receipts(batch.conn, [incoming.event.id for incoming in said], earliest, latest)
    fresh = []
    for incoming in said:
        event = incoming.event
        before = receipts.get(event.id)
        if before is None:
            receipts[event.id] = [event.received_at]
            fresh.append(incoming)
            continue
        taken_back = until.get(event.id, -1)
        if any(abs(event.received_at - at) < DEDUPLICATION_US for at in before if at > taken_back):
            batch.duplicates.append(event)
            batch.count(event.source_id, event.received_at, "duplicate")
        else:
            before.append(event.received_at)
            fresh.append(incoming)
    return fresh


def identify(batch: Batch) -> None:
    """Whom each event names. One of which no identifier is left names nobody and is refused.

    One that never had any is a company's own: nothing else that names nobody is well-formed.
    """
    for event, identifiers, refused, counted in batch.incoming:
        if event.kind is Kind.LINK:
            _accept_link(batch, event)
            continue
        for refusal in refused:
            batch.refuse(_violation(event, refusal, is_fatal=not identifiers))
        if identifiers:
            batch.accepted.append(Accepted(event, identifiers, identifiers[0].h, counted))
        elif not refused:
            of_company = company_hash(*company_named(event, batch.context.user_spaces))
            batch.accepted.append(Accepted(event, [], of_company))


def gather(batch: Batch) -> None:
    """Who was seen with whom, and what link events say."""
    batch.facts = Facts()
    for accepted in batch.accepted:
        event = accepted.event
        if accepted.rule is not None:
            batch.facts.rules.append((accepted.rule, event.received_at))
        elif len(accepted.identifiers) > 1:
            strongest, *weaker = accepted.identifiers
            seen = sighting(event)
            for identifier in weaker:
                batch.facts.add_pair((strongest.h, identifier.h), seen, event.id)


def load(batch: Batch) -> None:
    """Of the batch's identifiers those that it may change: heads of fragments, ends of pairs with something new.

    Most weaker ends are known beside their stronger one, and need no look. Two identifiers never meet by their hash.
    """
    batch.facts.compare(batch.last_known.load_edges(batch.conn, batch.facts.pairs.keys()))
    named, colliding = _needed(batch)
    batch.nodes = batch.last_known.load_nodes(batch.conn, named.keys())
    colliding |= {named[h] for h, node in batch.nodes.items() if (node.val, node.ns) != (named[h].value, named[h].ns)}
    if colliding:
        _leave_out(batch, colliding)
        gather(batch)
        load(batch)
        return
    folded = {accepted.fragment for accepted in batch.accepted if accepted.event.kind is Kind.IDENTIFY}
    documents = [h for h in folded if h in batch.nodes and batch.nodes[h].has_doc]
    for h, doc in load_docs(batch.conn, documents).items():
        batch.nodes[h].doc = doc
    for h, identifier in named.items():
        if h not in batch.nodes:
            batch.nodes[h] = new_node(identifier, batch.facts.receipts[h])


def _needed(batch: Batch) -> tuple[dict[int, Identifier], set[Identifier]]:
    """Identifiers by hash, their earliest receipts noted; and those whose hash another one had first."""
    named: dict[int, Identifier] = {}
    colliding = set()
    changed, receipts = batch.facts.changed, batch.facts.receipts
    for accepted in batch.accepted:
        received_at, fragment = accepted.event.received_at, accepted.fragment
        for identifier in accepted.identifiers:
            h = identifier.h
            if h != fragment and (fragment, h) not in changed and accepted.rule is None:
                continue
            first = named.setdefault(h, identifier)
            if first is not identifier and first != identifier:
                colliding.add(identifier)
            known = receipts.get(h)
            if known is None or received_at < known:
                receipts[h] = received_at
    return named, colliding


def _leave_out(batch: Batch, colliding: set[Identifier]) -> None:
    """Identifiers whose 64-bit hash is another's: their events go on without them."""
    kept = []
    for accepted in batch.accepted:
        if any(identifier in colliding for identifier in accepted.identifiers):
            left = [identifier for identifier in accepted.identifiers if identifier not in colliding]
            refusal = Refused(Reason.HASH_COLLISION, "An identifier has the same hash as another one; it is left out.")
            is_usable = bool(left) and accepted.rule is None
            batch.refuse(_violation(accepted.event, refusal, is_fatal=not is_usable))
            if not is_usable:
                continue
            accepted = Accepted(accepted.event, left, left[0].h, accepted.counted)  # noqa: PLW2901  (the list is made anew)
        kept.append(accepted)
    batch.accepted = kept


def link_rule(extractor: Extractor, event: Decoded) -> tuple[Rule, list[Identifier]] | Refused:
    """The decision that a link event states, with the one or two identifiers it names; or why it states none."""
    body: dict[str, Any] = msgspec.json.decode(event.body)
    ends = []
    for name in ("a", "b"):
        end = extractor.normalise(*body[name])
        if isinstance(end, Refused):
            return Refused(Reason.RULE_INVALID, end.detail)
        ends.append(end)
    one, other = pair_of(ends[0].h, ends[1].h)
    kind = RULES[body["rule"]]
    if one == other and kind is RuleKind.ALWAYS:
        return Refused(Reason.RULE_INVALID, "An identifier can't be linked with itself; name two.")
    return Rule(one, other, kind, event.ts, event.id), sorted(set(ends))


def _accept_link(batch: Batch, event: Decoded) -> None:
    found = link_rule(batch.context.extractor, event)
    if isinstance(found, Refused):
        batch.refuse(_violation(event, found, is_fatal=True))
    else:
        rule, ends = found
        batch.accepted.append(Accepted(event, ends, LINKS_ONLY, rule=rule))


def _source_id(batch: Batch, source: int | str) -> int:
    """Id of a source named by id or slug; -1, of which there are no events, if there is none."""
    return source if isinstance(source, int) else batch.context.slugs.get(source, -1)


def _violation(event: Decoded, refusal: Refused, *, is_fatal: bool) -> Violation:
    return Violation(
        source_id=event.source_id,
        received_at=event.received_at,
        message_id=event.message_id,
        kind=event.kind.name.lower(),
        reason=refusal.reason,
        detail=refusal.detail,
        is_fatal=is_fatal,
        body=b"" if refusal.reason in NOTHING_KEPT else event.body,
    )


def _suppressed(event: Decoded, identifiers: Iterable[Identifier]) -> Violation:
    """A receipt that names nobody: some senders make message ids of addresses."""
    violation = _violation(event, _SUPPRESSED, is_fatal=True)
    told = event.message_id.lower()
    if any(found.value.lower() in told for found in identifiers):
        violation = msgspec.structs.replace(violation, message_id="")
    return violation
