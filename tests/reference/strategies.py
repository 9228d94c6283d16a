"""Histories for Hypothesis: small worlds in which conflicts are the rule, and ways to deliver them.

A history is a list of *steps* (small tuples, which shrink well) played into events by a pure function. Step `i` is
received some time after step `i - 1` and carries the message id `m<i>`, so a retraction can also name
what is yet to come.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from hypothesis import strategies as st

from onefold.kernel.hashing import event_id

from .world import DAY, HOUR, SECOND, Config, Ev, EventKind, Ident, Namespace, Rule, Source

START = 1_750_000_000 * SECOND
INTERNAL, SHOP, APP, BACKEND, IMPORT = 1, 2, 3, 4, 5
SPACE = {INTERNAL: "", SHOP: "", APP: "app", BACKEND: "", IMPORT: ""}
TRUST_OF_SECRET = 2

_RULED = ("user_id", "email", "device_id")
NAMES = ("user_id", "app:user_id", "crm:id", "email", "phone", "device_id", "anonymous_id")
GAPS = (0, 1, SECOND, 90 * SECOND, HOUR, 7 * HOUR, DAY - 1, DAY)
LATENESSES = (0, 0, SECOND, 2 * HOUR, 30 * HOUR, 48 * HOUR, 49 * HOUR, 100 * HOUR, 500_000 * SECOND)
VALUES: tuple[object, ...] = (None, "x", "y", 0, 1, True, 1.5, ["p", None], {"k": {"deep": "v"}})

_VALUE: dict[str, Callable[[int], str]] = {
    "user_id": "user-{}".format,
    "app:user_id": "user-{}".format,  # the same values as user_id's: two people
    "crm:id": "crm-{}".format,
    "email": "p{}@example.com".format,
    "phone": "+4930123450{}".format,
    "device_id": "device-{}".format,
    "anonymous_id": "anon-{}".format,
}


@dataclass(frozen=True, slots=True)
class History:
    """Deliveries by receipt, and the configuration under which they are read."""

    events: list[Ev]
    config: Config


def ident(namespace: str, n: int) -> Ident:
    """The n-th value of a namespace: normalised, valid, not blocked."""
    return Ident(namespace, _VALUE[namespace](n))


def configs() -> st.SearchStrategy[Config]:
    """Low limits, k, size caps and degrees, so that each is reached."""
    return st.builds(
        _config, st.tuples(_LIMITS, _LIMITS), st.tuples(_KS, _KS, _KS), _CAPS, st.sampled_from((2, 4, 5, 6, 6))
    )


_LIMITS = st.sampled_from((1, 1, 2, 3))
_KS = st.sampled_from((1, 1, 2, 3))
_CAPS = st.sampled_from((3, 4, 5, 8, 12, 20))


def _config(limits: tuple[int, int], ks: tuple[int, int, int], cap: int, busy: int) -> Config:
    email_limit, phone_limit = limits
    k_mail, k_phone, k_device = ks
    return Config(
        namespaces={
            "crm:id": Namespace(0, is_unique=True, limit=1),
            "user_id": Namespace(10, is_unique=True, limit=1),
            "app:user_id": Namespace(10, is_unique=True, limit=1),
            "email": Namespace(20, limit=email_limit, shared_above=k_mail),
            "phone": Namespace(30, limit=phone_limit, shared_above=k_phone),
            "device_id": Namespace(40, shared_above=k_device),
            "anonymous_id": Namespace(50, shared_above=k_device),
        },
        size_cap=cap,
        busy_above=busy,
        sources={
            INTERNAL: Source(10),
            SHOP: Source(100),
            APP: Source(100, SPACE[APP]),
            BACKEND: Source(50),
            IMPORT: Source(20),
        },
    )


class Step(NamedTuple):
    """One choice; what its numbers mean depends on `shape`."""

    shape: str
    gap: int
    lateness: int
    x: int
    y: int
    z: int
    trust: int
    word: int


# How often each shape comes, and what it is there for.
_SHAPES = {
    "visit": 3,  # anonymous id and now and then a device
    "login": 6,  # anonymous or device id with a user id and e-mail
    "chain": 5,  # value i to value i+1 along weak namespaces: long components, size cap
    "kiosk": 5,  # device 0 or anonymous 0 with one user after another: shared
    "clash": 5,  # two strong spaces and a mail: limits
    "alias": 1,  # two values of one namespace
    "again": 7,  # the pair of an earlier event with another time and trust: a late edge that beats others
    "mix": 3,  # any up to four identifiers
    "group": 2,
    "company": 1,  # its own event, or somebody put into one by hand; of any space
    "rule": 6,  # on a pair that was seen together, mostly
    "counter": 3,  # another word on the pair of an earlier rule
    "triangle": 3,  # a rule on two of three: always, always, never
    "copy": 5,  # an earlier delivery once more
    "retract": 3,  # earlier events, now and then later ones
}
_DECK = tuple(shape for shape, weight in _SHAPES.items() for _ in range(weight))

_STEPS = st.builds(
    Step,
    st.sampled_from(_DECK),
    st.sampled_from(GAPS),
    st.sampled_from(LATENESSES),
    st.integers(0, 7),
    st.integers(0, 7),
    st.integers(0, 63),
    st.sampled_from((0, 0, 0, 1, 2, 2)),
    st.integers(0, 15),
)


@st.composite
def histories(draw: st.DrawFn, *, min_events: int = 5, max_events: int = 120) -> History:
    """A configuration and between `min_events` and `max_events` deliveries, by receipt."""
    lengths = [n for n in (5, 15, 25, 40, 60, 90) if min_events <= n <= max_events]
    at_least = draw(st.sampled_from(lengths or [min_events]))
    steps = draw(st.lists(_STEPS, min_size=at_least, max_size=max_events))
    return History(play(steps, values=draw(st.integers(2, 8))), draw(configs()))


def play(steps: Sequence[Step], *, values: int) -> list[Ev]:
    """The deliveries that steps make, with so many values a namespace."""
    events: list[Ev] = []
    now = START
    for i, step in enumerate(steps):
        now += step.gap
        events.append(_event(i, now, step, events, values))
    return events


def _event(i: int, now: int, step: Step, earlier: list[Ev], values: int) -> Ev:
    if step.shape == "copy" and earlier:
        back = step.z % (6 if step.x % 2 else len(earlier))  # half of them soon enough to be duplicates
        return replace(earlier[-1 - back % len(earlier)], received_at=now)
    if step.shape == "retract" and earlier:
        return _retraction(i, now, step, earlier)
    if step.shape in ("rule", "counter", "triangle"):
        return _link(i, now, step, earlier, values)
    fact = _fact(i, now, step, earlier, values)
    is_by_hand = step.shape == "company" or (step.shape == "group" and step.x % 2)
    return _by_hand(fact, step) if is_by_hand else fact


def _by_hand(fact: Ev, step: Step) -> Ev:
    """As if Onefold itself had logged it, of a company."""
    kind: EventKind = "track" if step.word % 3 == 0 else "group"
    return replace(
        fact,
        id=event_id(INTERNAL, fact.message_id),
        source_id=INTERNAL,
        kind=kind,
        trust=TRUST_OF_SECRET,
        identifiers=fact.identifiers[:1] if kind == "group" and step.z % 3 == 0 else (),
        traits=fact.traits or {} if kind == "group" else None,
        company=f"c{step.y % 3}",
        space=(None, "", "app", "elsewhere")[step.z % 4],
        consents=(),
        is_statement=False,
    )


def _fact(i: int, now: int, step: Step, earlier: list[Ev], values: int) -> Ev:
    source = (SHOP, SHOP, APP, BACKEND, IMPORT)[step.word % 5]
    kind: EventKind = "group" if step.shape == "group" else ("identify", "track", "identify")[step.word % 3]
    traits = {f"t{(step.z + n) % 3}": VALUES[(step.word + n) % 9] for n in range(step.x % 3)}
    return Ev(
        id=event_id(source, f"m{i}"),
        source_id=source,
        message_id=f"m{i}",
        kind=kind,
        ts=now - step.lateness,
        received_at=now,
        trust=step.trust,
        identifiers=tuple(dict.fromkeys(_identifiers(step, earlier, values))),
        traits=None if kind == "track" else traits,
        company=f"c{step.y % 3}" if kind == "group" else None,
        consents=tuple((("ads", "post")[(step.z + n) % 2], bool(step.word >> n & 1)) for n in range(step.y % 3)),
        is_statement=kind == "track" and step.x % 2 == 1,
    )


def _identifiers(step: Step, earlier: list[Ev], values: int) -> list[Ident]:
    x, y = step.x % values, step.y % values
    user = ("user_id", "user_id", "app:user_id")[step.word % 3]
    weak = ("anonymous_id", "device_id", "phone", "email")[step.z % 4]
    match step.shape:
        case "visit":
            return [ident("anonymous_id", x), ident("device_id", y)][: 1 + step.z % 2]
        case "login":
            return [ident(user, x), ident(weak, y), ident("email", x)][: 2 + step.z % 2]
        case "chain":
            return [ident(weak, x), ident(("email", "anonymous_id", "device_id")[step.word % 3], (x + 1) % values)]
        case "kiosk":
            return [ident(("device_id", "anonymous_id")[step.z % 2], 0), ident(user, x)]
        case "clash":
            strong = ("crm:id", user, "user_id")[step.z % 3]
            return [ident(strong, x), ident(("app:user_id", "email")[step.word % 2], y)]
        case "alias":
            return [ident((user, weak)[step.word % 2], x), ident((user, weak)[step.word % 2], y)]
        case "again" if pairs := _pairs(earlier):
            return list(pairs[-1 - step.z % len(pairs)])
        case _:
            picks = (x, y, x + 1, y + 1)[: 1 + step.word % 4]
            return [ident(NAMES[(step.z + 2 * n) % 7], pick % values) for n, pick in enumerate(picks)]


def _pairs(earlier: list[Ev]) -> list[tuple[Ident, Ident]]:
    return [(i, j) for e in earlier for i in e.identifiers for j in e.identifiers if i < j]


def _link(i: int, now: int, step: Step, earlier: list[Ev], values: int) -> Ev:
    rules: tuple[Rule, ...] = ("never", "never", "always", "always", "always", "withdrawn")
    rule = rules[step.word % 6]
    pairs = _pairs(earlier)
    ruled = [(e.a, e.b) for e in earlier if e.a is not None and e.b is not None]
    if step.shape == "counter" and ruled:
        a, b = ruled[-1 - step.z % len(ruled)][:: 1 if step.x % 2 else -1]
    elif step.shape == "triangle":
        a, b = ident(_RULED[step.z % 3], 0), ident(_RULED[(step.z + 1) % 3], 0)
    elif step.x >= 2 and pairs:
        a, b = pairs[-1 - step.z % len(pairs)]
    else:
        a, b = ident(NAMES[step.z % 7], step.x % values), ident(NAMES[step.z // 7 % 7], step.y % values)
    if step.y == 7 and step.shape != "triangle":
        b = a
    return Ev(
        id=event_id(INTERNAL, f"m{i}"),
        source_id=INTERNAL,
        message_id=f"m{i}",
        kind="link",
        ts=now - step.lateness,
        received_at=now,
        trust=TRUST_OF_SECRET,
        rule="never" if a == b and rule == "always" else rule,
        a=a,
        b=b,
    )


def _retraction(i: int, now: int, step: Step, earlier: list[Ev]) -> Ev:
    target = earlier[-1 - step.z % len(earlier)]
    messages = [target.message_id] + [f"m{(step.y * 8 + n) % (i + 9)}" for n in range(step.x % 3)]
    return Ev(
        id=event_id(INTERNAL, f"m{i}"),
        source_id=INTERNAL,
        message_id=f"m{i}",
        kind="retract",
        ts=now,
        received_at=now,
        trust=TRUST_OF_SECRET,
        retracted_source=target.source_id,
        retracted_messages=tuple(dict.fromkeys(messages)),
    )


# Ways to deliver


@st.composite
def deliveries(draw: st.DrawFn, events: Sequence[Ev], *, is_log_order: bool = False) -> list[list[Ev]]:
    """The same deliveries in another order of processing, cut into batches; each keeps its `received_at`.

    With `is_log_order`, what acceptance depends on keeps its order of receipt: the copies of one event, and the
    retractions that name it. Without it, any order may come.
    """
    ways = ("as received", "backwards", "any", "late")
    order = list(range(len(events)))
    way = draw(st.sampled_from(ways))
    if way == "backwards":
        order.reverse()
    elif way == "any":
        order = draw(st.permutations(order))
    elif way == "late":
        kept_back = draw(st.sets(st.sampled_from(order), max_size=8)) if order else set()
        order = [i for i in order if i not in kept_back] + sorted(kept_back)
    shuffled = [events[i] for i in order]
    if is_log_order:
        shuffled = _with_acceptance_in_order(shuffled)
    return draw(batchings(shuffled))


@st.composite
def batchings(draw: st.DrawFn, events: Sequence[Ev]) -> list[list[Ev]]:
    """The events in their order, cut into batches (none empty)."""
    if draw(st.booleans()):
        size = draw(st.sampled_from((1, 2, 7, 1_000)))
        cuts = list(range(size, len(events), size))
    else:
        cuts = sorted(draw(st.sets(st.integers(1, max(1, len(events) - 1)), max_size=12)))
    edges = [0, *(c for c in cuts if c < len(events)), len(events)]
    return [list(events[i:j]) for i, j in pairwise(edges) if i < j]


def _with_acceptance_in_order(events: Sequence[Ev]) -> list[Ev]:
    """Puts copies of one event and retractions of it into order of receipt, in the places which they hold."""
    groups: list[set[tuple[int, str]]] = []
    for event in events:
        mine = _acceptance(event)
        touching = [g for g in groups if g & mine]
        groups = [g for g in groups if not g & mine] + [mine.union(*touching)]
    result = list(events)
    for group in groups:
        places = [i for i, e in enumerate(events) if _acceptance(e) & group]
        for place, event in zip(places, sorted((events[i] for i in places), key=lambda e: e.received_at), strict=True):
            result[place] = event
    return result


def _acceptance(event: Ev) -> set[tuple[int, str]]:
    """Source and message id of the events whose acceptance this one decides."""
    source = event.retracted_source
    named = set() if source is None else {(source, m) for m in event.retracted_messages}
    return named | {(event.source_id, event.message_id)}
