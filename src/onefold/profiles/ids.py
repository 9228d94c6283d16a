"""Ids of profiles, as text, and of companies. Pure."""

import re

from onefold.kernel.hashing import NodeHash, identifier_hash

_FORM = re.compile(r"[0-9a-f]{16}")
_MASK = (1 << 64) - 1


def to_text(h: int) -> str:
    """A profile id (the 64-bit hash of its anchor) in 16 hexadecimal digits: JavaScript's numbers hold 53 bits only."""
    return f"{h & _MASK:016x}"


def from_text(text: str) -> NodeHash | None:
    """The hash that `text` shows; None if it is no profile id. Upper case is understood."""
    lowered = text.lower()
    if not _FORM.fullmatch(lowered):
        return None
    number = int(lowered, 16)
    return NodeHash(number - (1 << 64) if number >> 63 else number)


def company_hash(space: str, key: str) -> NodeHash:
    """Names a company: a group id within the space of its source."""
    return identifier_hash(f"{space}:group" if space else "group", key)
