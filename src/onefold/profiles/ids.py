"""Ids of profiles, as text, and the keys of companies. Pure."""

import re
from collections.abc import Mapping

from onefold.events.api import Decoded
from onefold.kernel.hashing import NodeHash

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


def company_named(event: Decoded, user_spaces: Mapping[int, str]) -> tuple[str, str]:
    """Space and key of the company that an event says something of: in the space that it names, else in its source's
    (`user_spaces`: by source id).
    """
    space = user_spaces.get(event.source_id, "") if event.space is None else event.space
    return space, event.group_id or ""
