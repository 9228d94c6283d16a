"""A small lake with whatever is hard: odd values, late and moved and retracted events, months, zones, hot rows."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from onefold.lake.properties import path_of
from onefold.lake.snapshot import Snapshot
from tests.lake.questions import NAMES
from tests.lake.small import Row, event, snapshot_of

VALUES: Final[tuple[object, ...]] = (
    *("12", "", "x", "ä\n\"q\" 😀 'z' \\", "true", "null", "-1", "1e3", "Infinity"),
    *(0, 1, -7, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 10**30, 1.0, -0.0, 0.1, 1e300, -2.5e-7, 1234567.125),
    *(True, False, None, [], [1, 2], {}, {"total": 3}, {"a": {"b": None}}),
)
ODD_BODIES = (
    '{"properties": [{"plain": 1}]}',
    '{"properties": null}',
    "{}",
    '{"properties": "plain"}',
    "[]",
    '{"properties":{"plain":1E2}}',
)
PEOPLE = (1, 2, 3, 5, 17, 18, 33, 37, 49, -13, -15, 2**62 + 2, -(2**62) + 1)
"""Of few buckets, so that there are few files."""
PROMOTED: Final = (("plan", "string"), ("amount", "double"))
START: Final = datetime(2026, 1, 20, tzinfo=UTC)


def _put(into: dict[str, object], path: tuple[str, ...], value: object) -> None:
    for part in path[:-1]:
        inner = into.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        into = inner
    into[path[-1]] = value


def events() -> list[Row]:
    """About 600 over half a year; the clocks change within."""
    drawn = random.Random(7)  # noqa: S311 the same for every run
    rows = []
    for position in range(1, 601):
        properties: dict[str, object] = {
            "amount": drawn.choice((drawn.randrange(400) / 8, drawn.randrange(50), None, "9")),
            "plan": drawn.choice(("pro", "frei ä", None, 3)),
        }
        for name in NAMES:
            _put(properties, path_of(name), drawn.choice(VALUES))
        ts = START + timedelta(seconds=drawn.randrange(160 * 86_400), microseconds=drawn.choice((0, 999_999)))
        name = drawn.choice(("Opened", "Bought", "Bought", "it's \\ % _", "Über"))
        rows.append(
            event(position, drawn.choice(PEOPLE), ts, name, properties=properties, source_id=drawn.choice((1, 2, 3)))
        )
    for i, body in enumerate(ODD_BODIES):
        rows.append(event(700 + i, 2, START + timedelta(hours=i), body=body))
    # both hours at which the clocks show half past two
    rows += [event(800 + i, 5, datetime(2026, 10, 25, i, 30, tzinfo=UTC)) for i in range(3)]
    return rows


EVENTS: Final = events()
HOT: Final = EVENTS[560:600]
IN_FILES: Final = EVENTS[:560] + EVENTS[600:]
GONE: Final = [row["position"] for row in EVENTS[:560:9]]
MOVED: Final = {3: 2, 17: 100, -13: 5}
PEOPLE_TABLE: Final = (*range(-12, 30), 2**62)
NEWS: Final = (5, 29, 2**62)
"""People whose row isn't in the files yet, or another one."""


def awkward_snapshot(folder: Path, promoted: Sequence[tuple[str, str]] = PROMOTED) -> Snapshot:
    """Those events, some hot, some not yet filed; some gone, some fragments moved."""
    return snapshot_of(
        folder,
        IN_FILES,
        hot=HOT,
        gone=GONE,
        overrides=MOVED,
        withheld=(37,),
        promoted=promoted,
        fresh=frozenset(range(500, 561)),
        profiles=[_profile(number) for number in PEOPLE_TABLE if number not in NEWS]
        + [_profile(number + 1) | {"profile_id": number} for number in (5, 999)],
        hot_profiles=[_profile(number) for number in NEWS],
        replaced=(*NEWS, 999),
        companies=[_company(number) for number in range(9)],
        identifiers=[
            {"profile_id": n % 5, "identifier_id": n, "namespace": ("email", "user_id")[n % 2], "n_events": n * 3}
            for n in range(40)
        ],
    )


def _profile(number: int) -> Row:
    traits = {"vip": (True, False, "true", None)[number % 4]}
    return {
        "profile_id": number,
        "is_known": number % 3 == 0,
        "first_seen": START + timedelta(days=number % 50),
        "traits": msgspec.json.encode(traits).decode(),
    }


def _company(number: int) -> Row:
    traits = msgspec.json.encode({"plan": {"seats": number * 10}}).decode()
    return {"company_id": number, "name": f"Firma {number}", "n_events": number % 3, "traits": traits}
