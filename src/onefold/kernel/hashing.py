"""Stable hashes: of identifiers (64 bit) and of events (128 bit)."""

from hashlib import blake2b
from typing import NewType

NodeHash = NewType("NodeHash", int)


def identifier_hash(namespace: str, value: str) -> NodeHash:
    """Signed 64-bit hash of `namespace:value`; names the identifier, its fragment and, for an anchor, its profile."""
    digest = blake2b(f"{namespace}:{value}".encode(), digest_size=8).digest()
    return NodeHash(int.from_bytes(digest, "big", signed=True))


def company_hash(space: str, key: str) -> NodeHash:
    """Names a company (a group id within a user space), and the fragment of the events that are its own."""
    return identifier_hash(f"{space}:group" if space else "group", key)


def event_id(source_id: int, message_id: str) -> bytes:
    """16 bytes that name an event: the same for every delivery of one message of one source."""
    return blake2b(b"%d:%s" % (source_id, message_id.encode()), digest_size=16).digest()
