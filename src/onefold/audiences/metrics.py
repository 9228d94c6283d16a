"""What must be kept of people's events so that a rule can be answered at once: metrics, by kind. Pure.

A metric is kept by fragment, in buckets of time, each a fold that doesn't mind order (`folding.py`). What a rule or a
computed trait asks is read off its buckets (`measuring.py`). Rules that ask the same of the same events share one.

Counts and sums are kept by minute as long as a window of minutes may ask for them, then by hour, then by day. So the
one that is kept for longest serves all windows (`serving`).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

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
    """When the events of a sequence happened: times to the microsecond, with a bit for each match."""

    events: tuple[EventMatch, ...]


Kept = Metric | Moments
FOLDS: Final[dict[str, Fold]] = {
    "count": "count", "sum": "sum", "average": "sum", "min": "extremes", "max": "extremes", "distinct": "values",
    "most_frequent": "values", "unique": "values", "first": "first", "last": "last", "days_since": "latest",
}  # fmt: skip
"""Which fold a measure is read off."""
BY_MINUTE: Final = ("count", "sum")
"""Folds that are kept by minute, then by hour, then by day."""
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
    return isinstance(kept, Metric) and kept.fold in BY_MINUTE and kept.grain_us != EVER


def coarse_from(metric: Metric, now_us: int) -> list[tuple[int, int]]:
    """Of one that is kept by minute (before when, in µs, by what grain), the coarsest first. An hour late, and at whole
    grains, so that what a window asks for is there in its grain."""
    if not is_by_minute(metric):
        return []
    days = ((now_us - 90 * DAY_US - HOUR_US) // DAY_US * DAY_US, DAY_US)
    hours = ((now_us - DAY_US - HOUR_US) // HOUR_US * HOUR_US, HOUR_US)
    return [(before, grain) for before, grain in (days, hours) if grain <= metric.grain_us]


def wider_keys(key: str) -> list[str]:
    """The same as this one, kept for longer; it may be read off each of these."""
    same = _same(key)
    return same[same.index(key) + 1 :] if same else []


def serving(key: str, keys: Collection[str]) -> str | None:
    """Which of these metrics is the one to be read: of the same the one that is kept for longest; None: none is."""
    return next((one for one in (*reversed(wider_keys(key)), key) if one in keys), None)


def needed(wanted: Iterable[str], keys: Collection[str]) -> set[str]:
    """Of what is wanted all but what is read off something wider, that is there or wanted too."""
    everything = {*wanted, *keys}
    return {serving(one, everything) or one for one in wanted}


def numbers_to_read(complete: Mapping[str, int], stored: Mapping[str, int]) -> dict[str, int]:
    """Key → number of the metric to read: a complete one that serves it, else itself."""
    same = {one for key in complete for one in (key, *_same(key))}
    return {**stored, **{one: complete[found] for one in same if (found := serving(one, complete)) is not None}}


def _same(key: str) -> list[str]:
    """All that differ only in how long they are kept, from the shortest; none where it is kept otherwise."""
    kept = kept_of(key)
    return [key_of(replace(kept, grain_us=grain)) for grain in GRAINS] if is_by_minute(kept) else []


def horizon_of(kept: Kept) -> int | None:
    """How long buckets are needed, in µs; None = for ever."""
    if isinstance(kept, Moments):
        return 90 * DAY_US
    return {MINUTE_US: DAY_US, HOUR_US: 90 * DAY_US}.get(kept.grain_us)


def span_us(span: Span) -> int:
    """Its length in µs."""
    return span.n * UNITS[span.unit]
