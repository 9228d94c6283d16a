"""Events into the buckets of metrics, and buckets of several fragments together. Pure; any order, each event once."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import md5
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from onefold.audiences.metrics import (
    HOUR_US,
    MAX_SUMMED,
    MAX_VALUES,
    MICROS,
    MINUTE_US,
    Kept,
    Metric,
    Moments,
    ValueType,
    coarse_from,
    horizon_of,
    is_by_minute,
    unit_of,
)
from onefold.audiences.properties import predicate_of, reader_of
from onefold.audiences.series import MOMENT, Series, add, add_moment, coarser, joined, since, width_of
from onefold.events.api import Kind
from onefold.filters.api import FOREVER, EventMatch, Node

Partial = Any
"""What a bucket holds; by the metric's fold: an int, (count, sum), [least, greatest], {value: count}, [ts, id, value],
a time."""
Buckets = dict[int, Partial]
"""Time divided by the grain → what happened then."""
State = dict[int, Any]
"""Number of a metric → its `Buckets`, or its `Series`: what one fragment's events say."""


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
_encoder: Final = msgspec.json.Encoder(order="sorted")
KINDS: Final = {"track": Kind.TRACK, "page": Kind.PAGE, "screen": Kind.SCREEN}
"""Of events that rules ask for."""
_Take = Callable[[State, int, int, Happening, Any], None]
"""Adds an event with a value to a metric's bucket."""
_Addend = tuple[_Take, int, int, Any]
"""How something is added, to which metric and bucket, and what."""
_Read = Callable[[Any], Any]
_no_properties: Final[dict[str, Any]] = {}
MAX_ALIKE: Final = 1_000
"""Ways of meeting some conditions and not others that are remembered of events of one name: some 2 MB."""


class Folder:
    """Folds events into metrics, given by number. Cost: 0.2 µs an event that none asks for; else its JSON is read
    (5 µs) if a property is asked for, and some 0.5 µs a metric."""

    def __init__(self, kept: Mapping[int, Kept]) -> None:
        names = {(int(KINDS[event.kind]), event.name) for one in kept.values() for event in _events_of(one)}
        self._plans = {(kind, name): _Plan(kept, kind, name) for kind, name in names}
        self._of_any = {kind: self._plans[kind, ""] for kind, name in names if not name}

    def count(self, event: Happening) -> "Counted | None":
        """What an event says to metrics, without knowing what these hold; None: nothing."""
        plan = self._plans.get((event.kind, event.name)) or self._of_any.get(event.kind)
        return None if plan is None else plan.count(event)

    def fold(self, state: State, event: Happening) -> None:
        """Add one event to what its fragment's events say."""
        if counted := self.count(event):
            counted.add_to(state)


class Counted:
    """What an event says to metrics. `numbers`: those for which it counts; `bits`: of those of moments its bits."""

    __slots__ = ("_counts", "_others", "bits", "event", "numbers")

    def __init__(self, event: Happening, alike: "_Alike", others: Sequence[_Addend]) -> None:
        self.event, self.bits, self._counts, self._others = event, alike.bits, alike.counts, others
        self.numbers = (*alike.numbers, *(number for _, number, _, _ in others)) if others else alike.numbers

    def add_to(self, state: State) -> None:
        """Of a fragment. Each event once."""
        ts = self.event.ts
        minute = ts // MINUTE_US
        for number, is_of_time in self._counts:  # most metrics are counts, so these are written out
            bucket = minute if is_of_time else 0
            series = state.get(number)
            if series is None:
                state[number] = [bucket, 1]
            elif series[-2] == bucket:
                series[-1] += 1
            else:
                add(series, bucket, 1)
        for take, number, bucket, value in self._others:
            take(state, number, bucket, self.event, value)
        for number, bits in self.bits.items():
            add_moment(state.setdefault(number, []), ts, bits)


class _Alike(NamedTuple):
    """What all events say that meet the same conditions. `numbers`: the metrics of the two next; `counts`: (metric,
    whether it is kept by minute); `others`: which of the values that are read goes into which metric, the unit of its
    buckets, and how."""

    numbers: tuple[int, ...]
    counts: tuple[tuple[int, bool], ...]
    bits: dict[int, int]
    others: tuple[tuple[int, int, int, _Take], ...]


class _Plan:
    """What is done with events of one name: each condition on their properties is asked once, whatever counts by it."""

    def __init__(self, kept: Mapping[int, Kept], kind: int, name: str) -> None:
        parts: dict[bytes, _Part] = {}
        places: dict[tuple[str, ValueType], int] = {}
        self._reads: list[_Read] = []
        for number, one in kept.items():
            events = [(1 << i, event) for i, event in enumerate(_events_of(one)) if _is_meant(event, kind, name)]
            if isinstance(one, Moments):
                for bit, event in events:
                    bits = _part_of(parts, event).bits
                    bits[number] = bits.get(number, 0) | bit
            elif events:
                part, place = _part_of(parts, one.event), self._place_of(places, one)
                part.take(number, one, place)
        self._parts = tuple(parts.values())
        self._meets = [(1 << place, part.meets) for place, part in enumerate(self._parts)]
        self._needs_properties = any(part.meets is not None for part in self._parts) or bool(places)
        self._alike: dict[int, _Alike] = {}

    def _place_of(self, places: dict[tuple[str, ValueType], int], metric: Metric) -> int:
        """Where the property that it asks for stands among all that are read of an event, each once; of none at -1,
        where there is always something."""
        key = (metric.property, metric.value_type)
        if not metric.property:
            return -1
        if key not in places:
            places[key] = len(self._reads)
            self._reads.append(reader_of(*key))
        return places[key]

    def count(self, event: Happening) -> Counted | None:
        """As `Folder.count`."""
        properties = _properties(event) if self._needs_properties else _no_properties
        met = 0
        for bit, meets in self._meets:
            if meets is None or meets(properties):
                met |= bit
        if not met:
            return None
        alike = self._alike.get(met)
        if alike is None:
            if len(self._alike) == MAX_ALIKE:
                self._alike.clear()
            alike = self._alike[met] = self._together(met)
        others: list[_Addend] = []
        if alike.others:
            values = [read(properties) for read in self._reads]
            values.append(True)
            ts = event.ts
            for place, number, unit, take in alike.others:
                value = values[place]
                if value is not None:
                    others.append((take, number, ts // unit if unit else 0, value))
        return Counted(event, alike, others) if others or alike.numbers else None

    def _together(self, met: int) -> _Alike:
        """Of events that meet these conditions, by bits of their places."""
        parts = [part for place, part in enumerate(self._parts) if met >> place & 1]
        counts = tuple(one for part in parts for one in part.counts)
        bits: dict[int, int] = {}
        for part in parts:
            bits = _both(bits, part.bits)
        others = tuple(one for part in parts for one in part.others)
        return _Alike((*(number for number, _ in counts), *bits), counts, bits, others)


class _Part:
    """What counts the events that meet one condition; all of them if it is None.

    `bits`: metric of moments → bits; the rest as `_Alike` has it.
    """

    def __init__(self, where: Node | None) -> None:
        self.meets = None if where is None else predicate_of(where)
        self.counts: list[tuple[int, bool]] = []
        self.bits: dict[int, int] = {}
        self.others: list[tuple[int, int, int, _Take]] = []

    def take(self, number: int, metric: Metric, place: int) -> None:
        """One more metric of these events. `place`: where its value stands."""
        if metric.fold == "count":
            self.counts.append((number, is_by_minute(metric)))
        else:
            self.others.append((place, number, unit_of(metric), _TAKES[metric.fold]))


def merged(metric: Metric, partials: Collection[Partial]) -> Partial | None:
    """Several buckets' as one; None of none."""
    if len(partials) == 1:
        (alone,) = partials
        return alone
    if not partials:
        return None
    return _MERGES[metric.fold](partials)


def merge_states(metrics: Mapping[int, Kept], one: State, other: State) -> State:
    """What two disjoint sets of a fragment's events say together."""
    both: State = {number: buckets.copy() for number, buckets in one.items()}
    for number, buckets in other.items():
        metric = metrics[number]
        if number not in both:
            both[number] = buckets.copy()
        elif isinstance(metric, Moments) or width_of(metric):
            both[number] = joined(metric, both[number], buckets)
        else:
            into = both[number]
            for bucket, partial in buckets.items():
                into[bucket] = merged(metric, (into[bucket], partial)) if bucket in into else partial
    return both


def without_old(metrics: Mapping[int, Kept], state: State, now_us: int) -> State:
    """Without metrics that nobody asks for, and buckets that no window reaches any more; those that no window of
    minutes or hours reaches in coarser ones."""
    kept: State = {}
    for number, buckets in state.items():
        metric = metrics.get(number)
        if metric is None:
            continue
        if young := _young(metric, buckets, now_us):
            kept[number] = young
    return kept


def _young(metric: Kept, buckets: Any, now_us: int) -> Any:  # noqa: ANN401  (`Buckets`, or a `Series`)
    horizon = horizon_of(metric)
    begin = -FOREVER if horizon is None else now_us - horizon - HOUR_US
    if isinstance(metric, Moments):
        return since(buckets, MOMENT, begin)
    if width := width_of(metric):
        return since(_coarser(metric, buckets, now_us, width), width, begin // MINUTE_US)
    return buckets if horizon is None else {at: one for at, one in buckets.items() if at >= begin // metric.grain_us}


def _coarser(metric: Metric, series: Series, now_us: int, width: int) -> Series:
    found = series
    for before, grain in coarse_from(metric, now_us):
        young = since(found, width, before // MINUTE_US)
        if len(young) < len(found):
            found = coarser(found[: len(found) - len(young)], width, grain // MINUTE_US) + young
    return found


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


def _both(one: dict[int, int], other: dict[int, int]) -> dict[int, int]:
    return one | {number: one.get(number, 0) | bits for number, bits in other.items()}


def _part_of(parts: dict[bytes, _Part], event: EventMatch) -> _Part:
    return parts.setdefault(_encoder.encode(event.where), _Part(event.where))


def _events_of(kept: Kept) -> tuple[EventMatch, ...]:
    return kept.events if isinstance(kept, Moments) else (kept.event,)


def _is_meant(event: EventMatch, kind: int, name: str) -> bool:
    return int(KINDS[event.kind]) == kind and event.name in ("", name)


def _take_sum(state: State, number: int, bucket: int, _: Happening, value: float) -> None:
    amount = micro(value)
    if amount is None:
        return
    series = state.get(number)
    if series is None:
        state[number] = [bucket, 1, amount]
    elif series[-3] == bucket:
        series[-2] += 1
        series[-1] += amount
    else:
        add(series, bucket, 1, amount)


def _take_extremes(state: State, number: int, bucket: int, _: Happening, value: float) -> None:
    buckets = state.setdefault(number, {})
    known = buckets.get(bucket)
    buckets[bucket] = [min(known[0], value), max(known[1], value)] if known else [value, value]


def _take_value(state: State, number: int, bucket: int, _: Happening, value: Any) -> None:  # noqa: ANN401  (text, number, flag)
    buckets = state.setdefault(number, {})
    values = buckets.setdefault(bucket, {})
    values[value] = values.get(value, 0) + 1
    if len(values) > MAX_VALUES:
        buckets[bucket] = bounded(values)


def _take_first(state: State, number: int, bucket: int, event: Happening, value: Any) -> None:  # noqa: ANN401  (as above)
    buckets = state.setdefault(number, {})
    mine = [event.ts, event.id, value]
    known = buckets.get(bucket)
    if known is None or mine[:2] < known[:2]:
        buckets[bucket] = mine


def _take_last(state: State, number: int, bucket: int, event: Happening, value: Any) -> None:  # noqa: ANN401  (as above)
    buckets = state.setdefault(number, {})
    mine = [event.ts, event.id, value]
    known = buckets.get(bucket)
    if known is None or mine[:2] > known[:2]:
        buckets[bucket] = mine


def _take_latest(state: State, number: int, bucket: int, event: Happening, _: Any) -> None:  # noqa: ANN401  (unused)
    buckets = state.setdefault(number, {})
    buckets[bucket] = max(buckets.get(bucket, event.ts), event.ts)


def _merge_values(partials: Collection[Partial]) -> Partial:
    values: dict[Any, int] = {}
    for partial in partials:
        for value, n in partial.items():
            values[value] = values.get(value, 0) + n
    return bounded(values)


_TAKES: Final[dict[str, _Take]] = {
    "sum": _take_sum, "extremes": _take_extremes, "values": _take_value, "first": _take_first,
    "last": _take_last, "latest": _take_latest,
}  # fmt: skip
_MERGES: Final[dict[str, Callable[[Collection[Partial]], Partial]]] = {
    "count": sum,
    "sum": lambda partials: [sum(one[0] for one in partials), sum(one[1] for one in partials)],
    "extremes": lambda partials: [min(one[0] for one in partials), max(one[1] for one in partials)],
    "values": _merge_values,
    "first": lambda partials: min(partials, key=lambda one: one[:2]),
    "last": lambda partials: max(partials, key=lambda one: one[:2]),
    "latest": max,
}
