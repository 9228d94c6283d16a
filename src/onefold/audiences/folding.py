"""Events into the buckets of metrics, and buckets of several fragments together. Pure; any order, each event once."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import md5
from typing import Any, Final, Protocol

import msgspec

from onefold.audiences.metrics import EVER, HOUR_US, MAX_SUMMED, MAX_VALUES, MICROS, Kept, Metric, Moments, horizon_of
from onefold.audiences.properties import Predicate, predicate_of, reader_of
from onefold.events.api import Kind
from onefold.filters.api import EventMatch

Partial = Any
"""What a bucket holds; by the metric's fold: an int, [count, sum], [least, greatest], {value: count}, [ts, id, value],
a time; of moments a sorted list of bits."""
Buckets = dict[int, Partial]
"""Time divided by the grain → what happened then."""
State = dict[int, Buckets]
"""Number of a metric → its buckets: what one fragment's events say."""


class Happening(Protocol):
    """As much of an event as is folded. `ts` in µs; `body`: its JSON."""

    @property
    def kind(self) -> Kind: ...
    @property
    def name(self) -> str: ...
    @property
    def ts(self) -> int: ...
    @property
    def id(self) -> bytes: ...
    @property
    def body(self) -> bytes: ...


class _Body(msgspec.Struct):
    properties: Any = None


_properties_decoder: Final = msgspec.json.Decoder(_Body)
KINDS: Final = {"track": Kind.TRACK, "page": Kind.PAGE, "screen": Kind.SCREEN}
"""Of events that rules ask for."""
_Add = Callable[[State, Happening, Any], bool]
_no_properties: Final[dict[str, Any]] = {}


class Folder:
    """Folds events into metrics, given by number. Cost: 0.2 µs an event that none asks for; else its JSON is read
    (5 µs) if a property is asked for, and some 0.5 µs a metric."""

    def __init__(self, kept: Mapping[int, Kept]) -> None:
        names = {(int(KINDS[event.kind]), event.name) for one in kept.values() for event in _events_of(one)}
        self._plans = {(kind, name): Plan(kept, kind, name) for kind, name in names}
        self._of_any = {kind: self._plans[kind, ""] for kind, name in names if not name}

    def plan_of(self, kind: int, name: str) -> "Plan | None":
        """What is done with events of this name; None: nothing."""
        return self._plans.get((kind, name)) or self._of_any.get(kind)

    def fold(self, state: State, event: Happening) -> list[int]:
        """Add one event to what its fragment's events say; the numbers of the metrics that it counts for."""
        plan = self.plan_of(event.kind, event.name)
        return plan.fold(state, event) if plan else []


class Plan:
    """What is done with events of one name. `moments`: the metrics of these for which they may count."""

    def __init__(self, kept: Mapping[int, Kept], kind: int, name: str) -> None:
        self.adds: list[tuple[int, _Add]] = []
        moments: list[int] = []
        self.needs_properties = False
        for number, one in kept.items():
            events = [(1 << i, event) for i, event in enumerate(_events_of(one)) if _is_meant(event, kind, name)]
            if not events:
                continue
            if isinstance(one, Moments):
                moments.append(number)
                self.adds.append((number, _moments_adder(number, events)))
            else:
                self.adds.append((number, _adder(number, one)))
                self.needs_properties = self.needs_properties or bool(one.property)
            self.needs_properties = self.needs_properties or any(event.where is not None for _, event in events)
        self.moments = tuple(moments)

    def fold(self, state: State, event: Happening) -> list[int]:
        """As `Folder.fold`."""
        properties = _properties(event) if self.needs_properties else _no_properties
        return [number for number, add in self.adds if add(state, event, properties)]


def merged(metric: Kept, partials: Collection[Partial]) -> Partial | None:
    """Several buckets' as one; None of none."""
    if len(partials) == 1:
        (alone,) = partials
        return alone
    if not partials:
        return None
    return _MERGES["moments" if isinstance(metric, Moments) else metric.fold](partials)


def merge_states(metrics: Mapping[int, Kept], one: State, other: State) -> State:
    """What two disjoint sets of a fragment's events say together."""
    both: State = {number: dict(buckets) for number, buckets in one.items()}
    for number, buckets in other.items():
        into = both.setdefault(number, {})
        for bucket, partial in buckets.items():
            into[bucket] = merged(metrics[number], (into[bucket], partial)) if bucket in into else partial
    return both


def without_old(metrics: Mapping[int, Kept], state: State, now_us: int) -> State:
    """Without metrics that nobody asks for, and buckets that no window reaches any more."""
    kept: State = {}
    for number, buckets in state.items():
        metric = metrics.get(number)
        if metric is None:
            continue
        horizon = horizon_of(metric)
        if horizon is None:
            kept[number] = buckets
            continue
        grain = 1 if isinstance(metric, Moments) else metric.grain_us
        least = (now_us - horizon - HOUR_US) // grain
        if young := {bucket: partial for bucket, partial in buckets.items() if bucket >= least}:
            kept[number] = young
    return kept


def bounded(values: dict[Any, int]) -> dict[Any, int]:
    """At most MAX_VALUES of them: those with the smallest hash, which no order of arrival can change."""
    if len(values) <= MAX_VALUES:
        return values
    return {value: values[value] for value in sorted(values, key=_value_hash)[:MAX_VALUES]}


def micro(number: float) -> int | None:
    """A number in millionths, rounded as every engine can; None beyond MAX_SUMMED."""
    return math.floor(number * MICROS + 0.5) if -MAX_SUMMED <= number <= MAX_SUMMED else None


def _value_hash(value: Any) -> bytes:  # noqa: ANN401  (a text, number or truth value)
    return md5(str(value).encode(), usedforsecurity=False).digest()


def _properties(event: Happening) -> dict[str, Any]:
    found = _properties_decoder.decode(event.body).properties
    return found if type(found) is dict else _no_properties


def _adder(number: int, metric: Metric) -> _Add:
    grain, meets = metric.grain_us, _meets(metric)
    read = reader_of(metric.property, metric.value_type) if metric.property else None
    add = _ADDS[metric.fold]

    def fold(state: State, event: Happening, properties: Any) -> bool:  # noqa: ANN401  (decoded JSON)
        if meets is not None and not meets(properties):
            return False
        value = None
        if read is not None and (value := read(properties)) is None:
            return False
        buckets = state.get(number)
        if buckets is None:
            buckets = state[number] = {}
        add(buckets, 0 if grain == EVER else event.ts // grain, event, value)
        return True

    return fold


def _moments_adder(number: int, events: Sequence[tuple[int, EventMatch]]) -> _Add:
    marks = [(bit, predicate_of(event.where) if event.where is not None else None) for bit, event in events]

    def fold(state: State, event: Happening, properties: Any) -> bool:  # noqa: ANN401  (decoded JSON)
        bits = 0
        for bit, meets in marks:
            if meets is None or meets(properties):
                bits |= bit
        if bits:
            times = state.get(number)
            if times is None:
                times = state[number] = {}
            known = times.get(event.ts)
            times[event.ts] = sorted([*known, bits]) if known else [bits]
        return bits != 0

    return fold


def _events_of(kept: Kept) -> tuple[EventMatch, ...]:
    return kept.events if isinstance(kept, Moments) else (kept.event,)


def _is_meant(event: EventMatch, kind: int, name: str) -> bool:
    return int(KINDS[event.kind]) == kind and event.name in ("", name)


def _meets(metric: Metric) -> Predicate | None:
    return None if metric.event.where is None else predicate_of(metric.event.where)


def _add_count(buckets: Buckets, bucket: int, _: Happening, __: Any) -> None:  # noqa: ANN401  (unused)
    buckets[bucket] = buckets.get(bucket, 0) + 1


def _add_sum(buckets: Buckets, bucket: int, _: Happening, value: float) -> None:
    amount = micro(value)
    if amount is not None:
        known = buckets.get(bucket)
        buckets[bucket] = [known[0] + 1, known[1] + amount] if known else [1, amount]


def _add_extremes(buckets: Buckets, bucket: int, _: Happening, value: float) -> None:
    known = buckets.get(bucket)
    buckets[bucket] = [min(known[0], value), max(known[1], value)] if known else [value, value]


def _add_value(buckets: Buckets, bucket: int, _: Happening, value: Any) -> None:  # noqa: ANN401  (text, number, flag)
    values = buckets.setdefault(bucket, {})
    values[value] = values.get(value, 0) + 1
    if len(values) > MAX_VALUES:
        buckets[bucket] = bounded(values)


def _add_first(buckets: Buckets, bucket: int, event: Happening, value: Any) -> None:  # noqa: ANN401  (as above)
    mine = [event.ts, event.id, value]
    known = buckets.get(bucket)
    if known is None or mine[:2] < known[:2]:
        buckets[bucket] = mine


def _add_last(buckets: Buckets, bucket: int, event: Happening, value: Any) -> None:  # noqa: ANN401  (as above)
    mine = [event.ts, event.id, value]
    known = buckets.get(bucket)
    if known is None or mine[:2] > known[:2]:
        buckets[bucket] = mine


def _add_latest(buckets: Buckets, bucket: int, event: Happening, _: Any) -> None:  # noqa: ANN401  (unused)
    buckets[bucket] = max(buckets.get(bucket, event.ts), event.ts)


def _merge_values(partials: Collection[Partial]) -> Partial:
    values: dict[Any, int] = {}
    for partial in partials:
        for value, n in partial.items():
            values[value] = values.get(value, 0) + n
    return bounded(values)


_ADDS: Final[dict[str, Callable[[Buckets, int, Happening, Any], None]]] = {
    "count": _add_count, "sum": _add_sum, "extremes": _add_extremes, "values": _add_value, "first": _add_first,
    "last": _add_last, "latest": _add_latest,
}  # fmt: skip
_MERGES: Final[dict[str, Callable[[Collection[Partial]], Partial]]] = {
    "count": sum,
    "sum": lambda partials: [sum(one[0] for one in partials), sum(one[1] for one in partials)],
    "extremes": lambda partials: [min(one[0] for one in partials), max(one[1] for one in partials)],
    "values": _merge_values,
    "first": lambda partials: min(partials, key=lambda one: one[:2]),
    "last": lambda partials: max(partials, key=lambda one: one[:2]),
    "latest": max,
    "moments": lambda partials: sorted(bits for one in partials for bits in one),
}
