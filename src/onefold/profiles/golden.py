"""The golden record of one profile: from its members' fragments to the row that lists and pages read. Pure."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from onefold.identity.api import MUTE, IdentityConfig, Node
from onefold.profiles.fold import Claims, current_values

HOUR_US = 3_600_000_000
DEVICE_RANK = 40
"""Identifiers from this rank on name a device; a person known by stronger ones is known."""
MAX_COLUMN = 500
MAX_SEARCH = 2_000

Membership = tuple[int, int]
"""(last seen there in µs, company hash): the greatest of a profile is its present company."""


class Golden(NamedTuple):
    """A row of `profile`; instants in µs."""

    id: int
    name: str
    email: str
    phone: str
    company: int | None
    traits: str  # JSON object, names sorted
    is_known: bool
    first_seen: int
    last_seen: int
    search: str


def is_nobody(members: Collection[Node], config: IdentityConfig) -> bool:
    """A kiosk or a call centre's number: alone, links with nothing, and not a person's own identifier."""
    if len(members) != 1:
        return False
    (member,) = members
    return bool(member.fl & MUTE) and not config.by_code[member.ns].is_unique


def golden_record(
    profile_id: int,
    members: Collection[Node],
    claims: Collection[Claims],
    companies: Collection[Membership],
    priorities: Mapping[int, int],
    config: IdentityConfig,
) -> Golden:
    """The row of a profile with these members. Seen times fall back to receipts while a profile has no events."""
    traits = current_values(claims, priorities)
    ranked = sorted(members, key=lambda node: (config.by_code[node.ns].rank, node.h))
    strong = [node for node in ranked if config.by_code[node.ns].rank < DEVICE_RANK]
    name = _name(traits)
    email = _text(traits.get("email")) or next((n.val for n in strong if config.by_code[n.ns].name == "email"), "")
    phone = _text(traits.get("phone")) or next((n.val for n in strong if config.by_code[n.ns].name == "phone"), "")
    words = dict.fromkeys(word.lower() for word in (name, email, phone, *(node.val for node in strong)) if word)
    first = [node.first_ts for node in members if node.first_ts is not None]
    last = [node.last_ts for node in members if node.last_ts is not None]
    received = [node.rcv for node in members]
    return Golden(
        id=profile_id,
        name=name,
        email=email,
        phone=phone,
        company=max(companies)[1] if companies else None,
        traits=msgspec.json.encode(traits).decode(),
        is_known=bool(strong),
        first_seen=min(first or received),
        last_seen=floor_hour(max(last or received)),
        search=" ".join(words)[:MAX_SEARCH],
    )


def floor_hour(instant_us: int) -> int:
    """`profile.last_seen` is indexed, so it moves once an hour at most."""
    return instant_us - instant_us % HOUR_US


def _name(traits: Mapping[str, Any]) -> str:
    whole = _text(traits.get("name")) or _text(traits.get("fullName"))
    if whole:
        return whole
    first = _text(traits.get("firstName")) or _text(traits.get("first_name"))
    last = _text(traits.get("lastName")) or _text(traits.get("last_name"))
    return f"{first} {last}".strip()[:MAX_COLUMN]


def _text(value: Any) -> str:  # noqa: ANN401  (a trait is any JSON value)
    return value.strip()[:MAX_COLUMN] if isinstance(value, str) else ""
