"""Which deliveries are events: the first part of the slow reference.

- Retraction first, duplicates second. A delivery is out when an accepted retraction names its source and message id
  and was received at or after it. Of the deliveries that remain, taken by `received_at`, one is a duplicate when the
  last accepted one of its id was received less than 24 h before; at exactly 24 h it is an event again, counts again
  and opens its own 24 h. So a copy that is received after the retraction of the first one is accepted, also within
  24 h of it: the first never came.
- A retraction can't be retracted. Copies of it are duplicates like any other's: only accepted ones take back.
- Copies must be alike but for `received_at`; the earliest receipt counts (for the clamp of claim times too).
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from .world import DAY, Config, Ev, Ident

DUPLICATE_FOR = DAY
INTERNAL = 1


def check(events: Collection[Ev], config: Config) -> None:
    """ValueError for what the door would not let in, so that a wrong test is not mistaken for a wrong world."""
    for event in events:
        _check_event(event, config)
    _check_copies(events)


def _check_event(event: Ev, config: Config) -> None:
    if event.ts > event.received_at:
        raise ValueError(f"{event.message_id}: ts lies after received_at")
    if event.kind in ("identify", "track", "group"):
        may_name_nobody = event.source_id == INTERNAL and event.kind != "identify"
        if not (event.identifiers or may_name_nobody) or len(set(event.identifiers)) != len(event.identifiers):
            raise ValueError(f"{event.message_id}: needs identifiers, each once")
        if (event.kind == "group" or not event.identifiers) != (event.company is not None):
            raise ValueError(f"{event.message_id}: a group event and a company's own name a company, no other does")
        if event.space is not None and event.source_id != INTERNAL:
            raise ValueError(f"{event.message_id}: only the internal source's events name a space")
    if event.kind == "link" and (event.rule is None or event.a is None or event.b is None):
        raise ValueError(f"{event.message_id}: a link needs rule, a and b")
    if event.kind == "link" and event.rule == "always" and event.a == event.b:
        raise ValueError(f"{event.message_id}: always {{a, a}} is refused at the door")
    if unknown := {i.namespace for i in named_by(event)} - set(config.namespaces):
        raise ValueError(f"{event.message_id}: namespaces without configuration: {sorted(unknown)}")


def _check_copies(events: Collection[Ev]) -> None:
    first: dict[bytes, Ev] = {}
    for event in events:
        copy = replace(event, received_at=first.setdefault(event.id, event).received_at)
        if copy != first[event.id]:
            raise ValueError(f"{event.message_id}: two deliveries differ in more than their receipt")


def accepted(events: Collection[Ev]) -> list[Ev]:
    """The deliveries that count, by receipt: without the retracted ones and then without duplicates."""
    retractions = _without_duplicates(e for e in events if e.kind == "retract")
    others = (e for e in events if e.kind != "retract" and not any(_takes_back(r, e) for r in retractions))
    return sorted(retractions + _without_duplicates(others), key=lambda e: (e.received_at, e.id))


def _takes_back(retraction: Ev, event: Ev) -> bool:
    return (
        retraction.retracted_source == event.source_id
        and event.message_id in retraction.retracted_messages
        and event.received_at <= retraction.received_at
    )


def _without_duplicates(events: Iterable[Ev]) -> list[Ev]:
    last: dict[bytes, int] = {}
    kept = []
    for event in sorted(events, key=lambda e: e.received_at):
        if event.id not in last or event.received_at >= last[event.id] + DUPLICATE_FOR:
            last[event.id] = event.received_at
            kept.append(event)
    return kept


def named_by(event: Ev) -> set[Ident]:
    """The identifiers that an event names, a link event's too."""
    return {*event.identifiers} | {i for i in (event.a, event.b) if i is not None}
