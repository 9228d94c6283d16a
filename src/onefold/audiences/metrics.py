"""What must be kept of people's events so that a rule can be answered at once: metrics, by kind. Pure.

A metric is kept by fragment, in buckets of time, each a fold that doesn't mind order (`folding.py`). What a rule or a
computed trait asks is read off its buckets (`measuring.py`). Rules that ask the same of the same events share one.

Counts and sums are kept by minute as long as a window of minutes may ask for them, then by hour, then by day. So the
one that is kept for longest serves all windows, as moments serve all sequences of no other events (`Keys`).
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, Self

import msgspec
from msgspec.structs import replace

from onefold.audiences.errors import RuleRejected
from onefold.filters.api import EventMatch, Span, Window

MINUTE_US: Final = 60_000_000
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
EVER: Final = 0
"""The grain of a metric that has one bucket."""
UNITS: Final = {"minutes": MINUTE_US, "hours": HOUR_US, "days": DAY_US}
MAX_VALUES: Final = 1_000
"""Of more different values of one fragment, those with the smallest hash are kept, whatever the order they came in."""
MICROS: Final = 1_000_000
MAX_SUMMED: Final = 10**12
"""Numbers beyond it aren't summed."""

GRAINS: Final = (MINUTE_US, HOUR_US, DAY_US)
"""Of windows, from those of which buckets are needed shortest: a day, 90 days, for ever."""

Fold = Literal["count", "sum", "extremes", "values", "first", "last", "latest"]
ValueType = Literal["text", "number", "flag"]
Measure = Literal[
    "count", "sum", "average", "min", "max", "distinct", "first", "last", "most_frequent", "unique", "days_since"
]


class Metric(msgspec.Struct, frozen=True, tag="metric", omit_defaults=True):
    """A fold over the events that match, by buckets of `grain_us`.

    Of a count or a sum `grain_us` says for how long it is kept; its buckets are numbered in minutes.

    `fold`: `count` of events; `sum` of a property with how many there are; its `extremes`; how often which of its
    `values`; the `first` and `last` of them; the `latest` time.
    """

    event: EventMatch
    fold: Fold
    grain_us: int
    property: str = ""
    value_type: ValueType = "number"


class Moments(msgspec.Struct, frozen=True, tag="moments", omit_defaults=True):
    """When the events of sequences happened: times to the microsecond, with a bit for each match."""

    events: tuple[EventMatch, ...]

    @classmethod
    def of(cls, events: Iterable[EventMatch]) -> Self:
        """Of these events in whatever order, each once."""
        return cls(tuple(one for _, one in sorted({_encoder.encode(one): one for one in events}.items())))

    def bit_of(self, event: EventMatch) -> int:
        """Of what happened. Raises StopIteration for another event."""
        wanted = _encoder.encode(event)
        return next(1 << place for place, one in enumerate(self.events) if _encoder.encode(one) == wanted)


Kept = Metric | Moments
FOLDS: Final[dict[str, Fold]] = {
    "count": "count", "sum": "sum", "average": "sum", "min": "extremes", "max": "extremes", "distinct": "values",
    "most_frequent": "values", "unique": "values", "first": "first", "last": "last", "days_since": "latest",
}  # fmt: skip
"""Which fold a measure is read off."""
WIDTHS: Final[dict[Fold, int]] = {"count": 2, "sum": 3}
"""Numbers in a row of folds that are lists of whole numbers (`series.py`); by minute, then by hour, then by day."""
_encoder: Final = msgspec.json.Encoder(order="sorted")


def key_of(kept: Kept) -> str:
    """Equal for equal metrics: what tells whether one is kept already."""
    return _encoder.encode(kept).decode()


def kept_of(key: str) -> Kept:
    """What `key_of` wrote."""
    return msgspec.json.decode(key, type=Kept)  # type: ignore[no-any-return]  # mypy takes a union for a value


def metric_of(
    event: EventMatch, measure: Measure, window: Window, prop: str = "", value_type: ValueType = "number"
) -> Metric:
    """The metric off which this measure can be read."""
    fold = FOLDS[measure]
    if fold in ("count", "latest"):
        return Metric(event, fold, grain_of(window))
    if fold in ("sum", "extremes"):
        return Metric(event, fold, grain_of(window), prop)
    return Metric(event, fold, grain_of(window), prop, value_type)


def grain_of(window: Window) -> int:
    """µs to which the window's begin is rounded down."""
    if window.last is not None:
        span = span_us(window.last)
        return MINUTE_US if span <= DAY_US else HOUR_US if span <= 90 * DAY_US else DAY_US
    return DAY_US if window.since is not None or window.since_trait else EVER


def unit_of(metric: Metric) -> int:
    """µs from one number of a bucket to the next; EVER: there is one bucket."""
    return MINUTE_US if is_by_minute(metric) else metric.grain_us


def is_by_minute(kept: Kept) -> bool:
    """Whether it is kept by minute, then by hour, then by day."""
    return isinstance(kept, Metric) and kept.fold in WIDTHS and kept.grain_us != EVER


def coarse_from(metric: Metric, now_us: int) -> list[tuple[int, int]]:
    """Of one that is kept by minute (before when, in µs, by what grain), the coarsest first. An hour late, and at whole
    grains, so that what a window asks for is there in its grain."""
    if not is_by_minute(metric):
        return []
    days = ((now_us - 90 * DAY_US - HOUR_US) // DAY_US * DAY_US, DAY_US)
    hours = ((now_us - DAY_US - HOUR_US) // HOUR_US * HOUR_US, HOUR_US)
    return [(before, grain) for before, grain in (days, hours) if grain <= metric.grain_us]


class Keys:
    """Keys of metrics, and which of them is read for what is asked. Built once: 5 µs a key."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = frozenset(keys)
        self._with: dict[bytes, list[tuple[frozenset[bytes], str]]] = {}
        """By event the metrics of moments that have it, with all their events."""
        for key in self._keys:
            events = _events_in(key)
            for event in events:
                self._with.setdefault(event, []).append((events, key))

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def readable_off(self, key: str) -> list[str]:
        """Those off which a metric may be read, itself among them if it is there; what holds most comes last."""
        if events := _events_in(key):
            seldom = min((self._with.get(event, []) for event in events), key=len)
            found = sorted((len(one), -len(other), other) for one, other in seldom if events <= one)
            return [other for *_, other in found]
        same = _same(key)
        return [one for one in same[same.index(key) :] if one in self._keys]

    def serving(self, key: str) -> str | None:
        """The one to be read; None: none is."""
        return next(reversed(self.readable_off(key)), None)


def needed(wanted: Iterable[str], there: Iterable[str]) -> set[str]:
    """Of what is wanted all but what is read off something that holds more, and is there or wanted too."""
    wanted = set(wanted)
    everything = Keys(wanted.union(there))
    return {everything.serving(one) or one for one in wanted}


class Stored:
    """The metrics that are kept, by number. `rows`: number, key, and whether all events of before are in it."""

    def __init__(self, rows: Iterable[tuple[int, str, bool]]) -> None:
        rows = list(rows)
        self.numbers = {key: number for number, key, _ in rows}
        self.keys = Keys(self.numbers)
        self._complete = Keys(key for _, key, is_complete in rows if is_complete)

    @classmethod
    def only(cls, keys: Iterable[str]) -> Self:
        """These, of whatever events are at hand."""
        return cls((number, key, True) for number, key in enumerate(keys))

    def read(self, kept: Kept) -> tuple[int, Kept]:
        """Off which of them this one is read: one with all events if there is. Raises RuleRejected if none is."""
        key = key_of(kept)
        found = self._complete.serving(key) or self.keys.serving(key)
        if found is None:
            raise RuleRejected("What it counts isn't kept. Save the rule again.")
        return self.numbers[found], kept_of(found)

    def is_complete(self, key: str) -> bool:
        """Whether it has all events of before, or is read off one that has."""
        return self._complete.serving(key) is not None

    def superseded(self) -> list[int]:
        """Those that nothing reads any more."""
        return [self.numbers[key] for key in self._complete if self._complete.serving(key) != key]

    def serving(self, keys: Iterable[str]) -> set[str]:
        """Those off which these are read, now and when all are complete."""
        found = {there.serving(key) for key in keys for there in (self._complete, self.keys)}
        return {one for one in found if one is not None}


def _events_in(key: str) -> frozenset[bytes]:
    """Of a metric of moments; of another none."""
    kept = kept_of(key)
    return frozenset(map(_encoder.encode, kept.events)) if isinstance(kept, Moments) else frozenset()


def _same(key: str) -> list[str]:
    """All that differ only in how long they are kept, from the shortest; itself alone where it is kept otherwise."""
    kept = kept_of(key)
    return [key_of(replace(kept, grain_us=grain)) for grain in GRAINS] if is_by_minute(kept) else [key]


def horizon_of(kept: Kept) -> int | None:
    """How long buckets are needed, in µs; None = for ever."""
    if isinstance(kept, Moments):
        return 90 * DAY_US
    return {MINUTE_US: DAY_US, HOUR_US: 90 * DAY_US}.get(kept.grain_us)


def span_us(span: Span) -> int:
    """Its length in µs."""
    return span.n * UNITS[span.unit]
