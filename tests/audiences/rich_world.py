"""A fixed world of 60 people and 1,500 events, with whatever is hard, and a lake that has it in files and hot."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from onefold.audiences.metrics import Measure, ValueType
from onefold.audiences.rules import Computed
from onefold.filters import api as f
from onefold.lake.snapshot import Snapshot
from tests.audiences.drawing import NAMES, NUMBERS, PURPOSES, TEXTS
from tests.audiences.oracle import Event, Somebody, World
from tests.lake.small import Row, event, snapshot_of

BEGIN: Final = datetime(2025, 11, 20, 22, 30, tzinfo=UTC)
END: Final = datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)
MOMENTS: Final = (END, END - timedelta(days=1, microseconds=2), END + timedelta(days=40))
"""When rules are asked: with everything there, in the midst of it, and long after."""
IDS: Final = (*(100 + 16 * n for n in range(40)), *(7 + 16 * n for n in range(18)), 2**62 + 4, 2**62 + 7)
"""Of two buckets, so that there are few files."""
ODD_NAME: Final = 'it\'s `x` "y"'
DATES: Final = (
    "1990-03-01", "1990-03-02T10:00:00+02:00", "2024-02-29", "2026-03-02", "2025-03-01 00:30:00.5-11:59", "0001-01-01",
    "2026-02-27T23:59:59.999999Z", "2026-02-27T23:59", "2026-02-27 23:59:60", "9998-12-31T23:59:59-14:59", "0002-01-01",
    "1582-10-10", "2026-3-1", "2026-02-30", "20260301", "2026-03-01T24:00", " 2026-03-01", "2026-03-01T10Z",
)  # fmt: skip
LONG: Final = "é" * 500
MORE_TEXTS: Final = (
    "ß", "ẞ", "ǅ", "ΌΣΟΣ ς", "İ", "I", "ı", "😀", "tab\there", "line\nline", "\r", "\u2028", "\\d", "$1", "a b", LONG,  # noqa: RUF001  (a dotless i)
)  # fmt: skip
MORE_NUMBERS: Final = (7, 42, 19.995, 0.30000000000000004, -0.0, 2**53 + 1, 1e-7, 123456789.123456, 1e22)
LISTS: Final[tuple[list[Any], ...]] = (
    [], ["x"], ["X", 12], [12.0], ["12"], [True, None], [[1], {"a": 1}], ["a'b\\c", 'say "hi"', "é\n"], [0.1, 1e15],
    [1, "1", 2.5], [-0.0], ["😀"], [{"x": 12}, [12]], [1e22, 2**53 + 1], ["true", "null"],
)  # fmt: skip
COMPANIES: Final[tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]] = (
    ({"name": "Acme", "key": "acme", "first_seen": BEGIN, "last_seen": END}, {"size": 12, "since": "2026-03-02"}),
    ({"name": "Ünïon's", "key": "u", "first_seen": END - timedelta(days=2), "last_seen": END}, {"size": "12"}),
    ({"name": "", "key": "k", "first_seen": BEGIN, "last_seen": BEGIN}, {"size": None, "tags": ["x", 1]}),
)  # fmt: skip
_KEPT_OF: Final[tuple[tuple[str, ValueType, tuple[Measure, ...]], ...]] = (
    ("total", "number", ("sum", "average", "min", "max", "first", "last", "distinct", "unique", "most_frequent")),
    ("category", "text", ("first", "last", "most_frequent", "unique", "distinct")),
    ("gift", "flag", ("first", "last", "most_frequent")),
)
COMPUTED: Final[Mapping[str, Computed]] = {
    f"{measure}_{kind}": Computed(f.EventMatch("Order Completed"), measure, prop, kind)
    for prop, kind, measures in _KEPT_OF
    for measure in measures
} | {
    "count": Computed(f.EventMatch("Product Viewed"), "count"),
    "days_since": Computed(f.EventMatch("Order Completed"), "days_since"),
    "sum_30_days": Computed(f.EventMatch("Order Completed"), "sum", "total", "number", f.Window(last=f.Span(30))),
    "last_since": Computed(f.EventMatch(NAMES[3]), "last", "category", "text", f.Window(since=date(2026, 1, 15))),
    "most_since_trait": Computed(
        f.EventMatch("", "page"), "most_frequent", "category", "text", f.Window(since_trait="born")
    ),
}  # fmt: skip


def rich_world() -> World:
    """The same at every call."""
    drawn = random.Random(11)  # noqa: S311 the same for every run
    people = [_somebody(number, drawn) for number in IDS]
    moments = sorted(_moment(drawn) for _ in range(1_500))
    events = [_event(n + 1, ts, drawn) for n, ts in enumerate(moments)]
    order, viewed = f.EventMatch("Order Completed"), f.EventMatch("Product Viewed")
    audiences = {
        7: f.AnyOf((f.Did(order, value=12), f.OneOf("trait:plan", "is", ("x",)))),
        8: f.NoneOf((f.InAudience(7), f.Did(viewed, window=f.Window(last=f.Span(2))))),
    }
    listed = {1: frozenset(drawn.sample(IDS, 25)), 2: frozenset[int]()}
    return World(people, events, COMPUTED, audiences, listed)


def rich_snapshot(folder: Path, world: World) -> Snapshot:
    """Most events in files, some of them not yet filed and some that fragments moved away from; the last are hot.

    The files have events besides that were taken back, or that nobody may see; and people as they were.
    """
    rows = [_row(e) for e in world.events]
    in_files, hot = rows[:1_200], rows[1_200:]
    moved = {rows[i]["fragment_id"]: rows[i]["profile_id"] for i in range(0, 1_200, 100)}
    strayed = [row | {"profile_id": IDS[0]} if row["fragment_id"] in moved else row for row in in_files]
    taken_back = [row | {"position": 5_000 + i, "event_id": _id_of(5_000 + i)} for i, row in enumerate(rows[:1_200:9])]
    unseen = [
        row | {"position": 6_000 + i, "event_id": _id_of(6_000 + i), "fragment_id": 9}
        for i, row in enumerate(rows[:50])
    ]
    people = [_person_row(one) for one in world.people]
    companies = [
        {"company_id": i + 1, "space": "", "n_events": 1, **columns, "traits": _json(traits)}
        for i, (columns, traits) in enumerate(COMPANIES)
    ]
    changed = people[::7]
    before = [row | {"traits": '{"plan":"x"}', "is_known": True, "consents": None} for row in changed]
    return snapshot_of(
        folder,
        strayed + taken_back + unseen,
        hot=hot,
        gone=[row["position"] for row in taken_back],
        overrides=moved,
        withheld=(9,),
        promoted=(("total", "double"), ("category", "string")),
        fresh=frozenset(range(1_100, 1_201)),
        profiles=[row for row in people if row not in changed] + before,
        hot_profiles=changed,
        replaced=[row["profile_id"] for row in changed],
        companies=companies,
    )


def _somebody(number: int, drawn: random.Random) -> Somebody:
    """Pools are gone through in turn, each at another pace, so that every value is somebody's."""
    turn = IDS.index(number)
    texts, numbers = (*TEXTS, *MORE_TEXTS), (*NUMBERS, *MORE_NUMBERS)
    pools: dict[str, Sequence[Any]] = {
        "plan": (*texts, 12, None, True),
        "born": (*DATES, 1990, None),
        "since": ("2026-01-05", "2026-02-25T23:00:00-03:00", "2027-01-01", "never", 2026),
        "a.b": (*numbers, "x"),
        "näme": (*texts, True, False, None, {"x": 1}, *numbers[:4], LISTS[1]),
        "tags": (*LISTS, "x"),
        "vip": (True, False, "true", None),
        ODD_NAME: (*texts[::-1], *numbers, *LISTS),
        "score": (*numbers, "12", None),
    }
    traits = {name: pool[turn % len(pool)] for name, pool in pools.items()}
    if turn % 5 == 4:
        del traits[drawn.choice(list(traits))]
    first = drawn.choice((BEGIN, BEGIN - timedelta(days=400), END - timedelta(days=1, microseconds=1), END))
    columns = {
        "name": drawn.choice(("", "x", "Straße", "İzmir", "O'Neil \\ Söhne", 'ΣΊΣΥΦΟΣ "s"')),
        "email": drawn.choice(("", "x@example.org", "X@EXAMPLE.ORG")), "phone": drawn.choice(("", "+49 30 1")),
        "first_seen": first, "last_seen": max(first, drawn.choice((BEGIN, END))), "known": drawn.random() < 0.5,
    }  # fmt: skip
    consents = {purpose: drawn.random() < 0.6 for purpose in PURPOSES if drawn.random() < 0.7}
    company = drawn.choice((None, *COMPANIES))
    return Somebody(number, traits, columns, consents, *(company or (None, {})))


def _moment(drawn: random.Random) -> datetime:
    """Many in the last days, many at the same time, many at a full hour."""
    days = drawn.choice((2, 30, 100))
    ts = END - timedelta(seconds=drawn.randrange(days * 86_400), microseconds=drawn.choice((0, 1, 999_999)))
    return drawn.choice((ts, ts.replace(minute=0, second=0, microsecond=0), ts.replace(hour=0, minute=0, second=0)))


def _event(n: int, ts: datetime, drawn: random.Random) -> Event:
    person = drawn.choice(IDS[:-1])
    is_page = drawn.random() < 0.2
    name = drawn.choice(("Home", "", "Prices")) if is_page else drawn.choice((*NAMES, "Order Completed"))
    properties: dict[str, Any] = {
        "total": drawn.choice((*NUMBERS, *MORE_NUMBERS[:6], drawn.randrange(10_000) / 100, "12", None)),
        "category": drawn.choice((*TEXTS[:12], *MORE_TEXTS[:6], "x", "x", 3, None)),
        "gift": drawn.choice((True, False, "true", None)),
        "cart": drawn.choice(({"deep": drawn.choice(NUMBERS)}, {"deep": {"er": "x"}}, drawn.choice(LISTS), "x")),
        ODD_NAME: drawn.choice((*TEXTS, *NUMBERS, *LISTS)),
    }
    for key in drawn.sample(list(properties), 1):
        del properties[key]
    fragment = IDS.index(person) * 10 + 1_000 + drawn.randrange(3)
    return Event(n, person, fragment, ts, name, "page" if is_page else "track", properties)


def _row(one: Event) -> Row:
    more = {"fragment_id": one.fragment, "properties": one.properties, "event_id": _id_of(one.n)}
    return event(one.n, one.profile, one.ts, one.name, kind=one.kind, **more)


def _person_row(one: Somebody) -> Row:
    company = next((i + 1 for i, (columns, _) in enumerate(COMPANIES) if columns == one.company), None)
    columns = {name: one.columns[name] for name in ("name", "email", "phone", "first_seen", "last_seen")}
    consents = msgspec.json.encode(one.consents, order="sorted").decode() if one.consents else None
    return {
        "profile_id": one.id, "bucket": one.id % 16, "is_known": one.columns["known"], "company_id": company,
        "traits": _json(one.traits), "consents": consents, **columns,
    }  # fmt: skip


def _json(found: Mapping[str, Any] | Sequence[Any]) -> str:
    return msgspec.json.encode(found).decode()


def _id_of(n: int) -> bytes:
    return n.to_bytes(16, "big")
