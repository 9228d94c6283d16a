"""Made-up traffic: people, the events they send, and a database that already knows a million of them."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from psycopg import Connection

from onefold.identity.api import WEAKER
from onefold.kernel.hashing import identifier_hash

START_US = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1_000_000)
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
ACTIVE = 20_000
"""People who visit at the same time; each sends EVENTS_A_VISIT events on average, then somebody else comes."""
EVENTS_A_VISIT = 8
NEW_SHARE = 0.035
"""Of the events this share brings something new to identity: a new visitor, or a known one on a new device."""


def user(n: int) -> str:
    return f"user-{n:08}"


def visitor(n: int) -> str:
    return f"{n:08x}-6c1e-4b0a-9d3f-0123456789ab"


def fill(conn: Connection[Any], people: int) -> None:
    """`people` profiles, each with a user id, a device's anonymous id and two traits: as the processor would."""
    rcv = START_US - 86_400_000_000
    degrees = {1: msgspec.msgpack.encode({WEAKER: 1}), 2: msgspec.msgpack.encode({2: 1})}
    with conn.cursor() as cursor:
        with cursor.copy(
            "copy node (h, ns, val, rcv, comp, prof, deg, n, own_rcv, first_ts, last_ts, doc) from stdin"
        ) as copy:
            for n in range(people):
                h, v = identifier_hash("user_id", user(n)), identifier_hash("anonymous_id", visitor(n))
                claim = [rcv, rcv, n.to_bytes(16, "big"), f"Person {n}"]
                doc = msgspec.msgpack.encode({"name": {2: claim}, "plan": {2: [*claim[:3], "free"]}})
                copy.write_row((h, 2, user(n), rcv, h, h, degrees[1], 1, rcv, rcv, rcv, doc))
                copy.write_row((v, 7, visitor(n), rcv, h, h, degrees[2], 0, None, None, None, None))
        with cursor.copy("copy edge (a, b, first, trust, rcv) from stdin") as copy:
            for n in range(people):
                h, v = identifier_hash("user_id", user(n)), identifier_hash("anonymous_id", visitor(n))
                copy.write_row((h, v, rcv, 0, rcv))
        with cursor.copy("copy profile (id, name, traits, is_known, first_seen, last_seen) from stdin") as copy:
            seen = datetime.fromtimestamp(rcv / 1e6, UTC)
            for n in range(people):
                h = identifier_hash("user_id", user(n))
                traits = json.dumps({"name": f"Person {n}", "plan": "free"})
                copy.write_row((h, f"Person {n}", traits, True, seen, seen))
        with cursor.copy("copy profile_search (id, search, by_name) from stdin") as copy:
            for n in range(people):
                copy.write_row((identifier_hash("user_id", user(n)), f"person {n} {user(n)}", f"person {n}"))
        with cursor.copy("copy profile_traits (id, traits) from stdin") as copy:
            for n in range(people):
                traits = json.dumps({"name": f"Person {n}", "plan": "free"})
                copy.write_row((identifier_hash("user_id", user(n)), traits))
    conn.commit()
    conn.autocommit = True
    conn.execute("vacuum (analyze) node, edge, profile, profile_search, profile_traits")
    conn.autocommit = False


def events(count: int, people: int, seed: int) -> Iterator[dict[str, Any]]:
    """Events of about 750 bytes as a browser's client sends them: page views and tracks, 8 % identify calls."""
    r = random.Random(seed)  # noqa: S311 made-up traffic
    active = [r.randrange(people) for _ in range(ACTIVE)]
    for index in range(count):
        place = r.randrange(ACTIVE)
        n = active[place]
        if r.random() * EVENTS_A_VISIT < 1:
            active[place] = r.randrange(people)
        is_new = r.random() < NEW_SHARE
        ts = datetime.fromtimestamp(START_US / 1e6 + index / 1000, UTC)
        event: dict[str, Any] = {
            "messageId": f"ajs-next-{START_US // 1000 + index}-{r.getrandbits(64):016x}-{seed}",
            "timestamp": f"{ts:%Y-%m-%dT%H:%M:%S.%f}Z",
            "anonymousId": visitor(people + r.getrandbits(28)) if is_new else visitor(n),
            "context": {
                "page": {"path": f"/product/{r.randrange(500)}", "referrer": "", "search": "?utm_source=news",
                         "title": "A product that people like", "url": f"https://shop.example/product/{n % 500}"},
                "userAgent": USER_AGENT, "locale": "en-US", "timezone": "Europe/Bucharest",
                "library": {"name": "analytics.js", "version": "next-1.84.3"},
                "campaign": {"source": "news", "name": "fall"},
            },
            "integrations": {"Segment.io": True},
        }  # fmt: skip
        if not is_new or r.random() < 0.5:
            event["userId"] = user(n)
        kind = r.random()
        if kind < 0.08:
            event |= {"type": "identify", "traits": {"name": f"Person {n}", "plan": r.choice(("free", "pro"))}}
        elif kind < 0.55:
            event |= {"type": "page", "name": "Product", "properties": {"path": "/product", "variant": "b", "depth": 3}}
        else:
            properties = {"product_id": f"p{r.randrange(500)}", "price": 19.9, "currency": "EUR", "quantity": 1}
            event |= {"type": "track", "event": r.choice(("Product Viewed", "Product Added")), "properties": properties}
        yield event


def requests(count: int, people: int, seed: int, size: int) -> Iterator[bytes]:
    """Bodies of `size` events each."""
    batch: list[dict[str, Any]] = []
    for event in events(count, people, seed):
        batch.append(event)
        if len(batch) == size:
            yield json.dumps({"batch": batch, "sentAt": batch[-1]["timestamp"]}, separators=(",", ":")).encode()
            batch = []
