"""The consent ledger as a function of events. Pure; independent of order and repetition."""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple

import msgspec

from onefold.events.api import Decoded, Flag, is_statement

ADVERTISING: Final = "advertising"
NO_STATEMENT: Final = bytes(16)
MAX_DETAIL: Final = 500
_DETAILS: Final = ("wording", "wordingVersion", "form", "locale")


class Origin(IntEnum):
    """How consent was said; stored in `consent.origin`."""

    STATEMENT = 1  # an event of its own
    STAMP = 2  # `context.consent` on an event about something else
    GPC = 3  # the browser's Sec-GPC header


class Key(NamedTuple):
    """What one row of a fragment's ledger is about."""

    purpose: str
    origin: Origin
    source_id: int
    is_granted: bool
    statement: bytes  # event id; NO_STATEMENT for what is stamped on events


class Said(NamedTuple):
    """When it was said; times in µs. The last four are of the latest event that says so."""

    first_ts: int
    ts: int
    received_at: int
    event: bytes
    details: str  # JSON object, "" = none

    def merged(self, other: "Said") -> "Said":
        """Both: the earliest first, the latest last."""
        latest = max(self, other, key=lambda said: (said.ts, said.received_at, said.event))
        return latest._replace(first_ts=min(self.first_ts, other.first_ts))


Ledger = dict[Key, Said]
"""What one fragment's events say."""


def add_consents(ledger: Ledger, event: Decoded) -> None:
    """Fold one event into the ledger of its fragment. Cost: nothing for one that says nothing."""
    if not event.consents and not event.flags & Flag.GPC:
        return
    said = Said(event.ts, event.ts, event.received_at, event.id, "")
    if event.consents:
        has_own_row = is_statement(event)
        statement = event.id if has_own_row else NO_STATEMENT
        origin = Origin.STATEMENT if has_own_row else Origin.STAMP
        stated = said._replace(details=details_of(event)) if has_own_row else said
        for purpose, is_granted in event.consents:
            _add(ledger, Key(purpose, origin, event.source_id, is_granted, statement), stated)
    if event.flags & Flag.GPC:
        _add(ledger, Key(ADVERTISING, Origin.GPC, event.source_id, False, NO_STATEMENT), said)


def details_of(event: Decoded) -> str:
    """What a statement says of itself (wording, form, locale, who acted), each cut to MAX_DETAIL, as JSON."""
    body: dict[str, Any] = msgspec.json.decode(event.body)
    properties, context = body.get("properties") or {}, body.get("context") or {}
    found = {name: properties.get(name) for name in _DETAILS}
    found["locale"] = found["locale"] or context.get("locale")
    found["actingUser"] = body.get("actingUser")
    kept = {name: str(value)[:MAX_DETAIL] for name, value in found.items() if isinstance(value, str | int) and value}
    return msgspec.json.encode(kept).decode() if kept else ""


class Entry(NamedTuple):
    """A row of a person's ledger: of whichever fragment."""

    key: Key
    said: Said


def in_force(entries: Iterable[Entry], meanings: Mapping[str, str | None]) -> dict[str, Entry]:
    """Of each purpose the entry that counts: the latest, of two at one instant the denial.

    `meanings`: of categories of consent banners the purpose that each means; None = none, nobody is asked.

    A grant that is merely stamped on events counts only where nobody has made a statement: what a page repeats must
    not undo what a person said elsewhere.
    """
    listed = [(meanings.get(entry.key.purpose, entry.key.purpose), entry) for entry in entries]
    stated = {purpose for purpose, entry in listed if entry.key.origin is Origin.STATEMENT}
    best: dict[str, Entry] = {}
    for purpose, entry in listed:
        if purpose is None:
            continue
        if entry.key.origin is Origin.STAMP and entry.key.is_granted and purpose in stated:
            continue
        known = best.get(purpose)
        if known is None or _rank(entry) > _rank(known):
            best[purpose] = entry
    return best


def in_force_at(entries: Iterable[Entry], meanings: Mapping[str, str | None], at_us: int) -> dict[str, bool] | None:
    """Purpose → whether it was allowed at a moment (µs), purposes sorted. None: the ledger alone doesn't tell.

    Of what is stamped on events it knows when that was said first and last. Where one answer was stamped before and
    after the moment, its last time before lies in between: that matters where the other answer lies in between, too.
    """
    said = [entry for entry in entries if entry.said.first_ts <= at_us]
    found = []
    for is_favoured in (True, False):
        placed = [_placed(entry, entry.key.is_granted is is_favoured, at_us) for entry in said]
        found.append({purpose: one.key.is_granted for purpose, one in sorted(in_force(placed, meanings).items())})
    return found[0] if found[0] == found[1] else None


def in_force_of(events: Iterable[Decoded], meanings: Mapping[str, str | None]) -> dict[str, bool]:
    """As `in_force_at`, of all events that say something of consent by then."""
    ledger: Ledger = {}
    for event in events:
        add_consents(ledger, event)
    found = in_force((Entry(key, said) for key, said in ledger.items()), meanings)
    return {purpose: one.key.is_granted for purpose, one in sorted(found.items())}


def _placed(entry: Entry, is_late: bool, at_us: int) -> Entry:
    """What was said before and after a moment: as late before it as may be, or as early."""
    if entry.said.ts <= at_us:
        return entry
    return entry._replace(said=entry.said._replace(ts=at_us if is_late else entry.said.first_ts))


def _rank(entry: Entry) -> tuple[int, bool, int, bytes]:
    return (entry.said.ts, not entry.key.is_granted, entry.said.received_at, entry.said.event)


def _add(ledger: Ledger, key: Key, said: Said) -> None:
    known = ledger.get(key)
    ledger[key] = said if known is None else known.merged(said)
