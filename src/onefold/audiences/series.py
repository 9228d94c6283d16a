"""Counts, sums and moments over time as flat lists of whole numbers, in rows by time. Pure.

Of a count a row is a bucket and how many there were, of a sum a bucket, how many and the sum in millionths, of moments
a time in µs and the bits of an event. Most events are the latest, so that they touch the end of the list alone: to
read, write and fold such a list costs a third of what a dictionary does.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from onefold.audiences.metrics import WIDTHS, Kept, Moments

Series = list[int]
MOMENT: Final = 2


def width_of(kept: Kept) -> int:
    """Numbers in a row; 0 where it isn't kept in this way."""
    return MOMENT if isinstance(kept, Moments) else WIDTHS.get(kept.fold, 0)


def add(series: Series, *row: int) -> None:
    """One more row; of a bucket that is there the numbers add up. Cost: the rows that are later."""
    width, at = len(row), len(series)
    if not at or series[at - width] < row[0]:
        series += row
        return
    while at and series[at - width] > row[0]:
        at -= width
    if at and series[at - width] == row[0]:
        for place in range(1, width):
            series[at - width + place] += row[place]
    else:
        series[at:at] = row


def add_moment(series: Series, ts: int, bits: int) -> None:
    """One more event; several of one time stand one after another, by their bits. Cost: as `add`."""
    at = len(series)
    if not at or series[at - MOMENT] < ts:
        series += (ts, bits)
        return
    while at and (series[at - MOMENT], series[at - 1]) > (ts, bits):
        at -= MOMENT
    series[at:at] = (ts, bits)


def joined(kept: Kept, one: Series, other: Series) -> Series:
    """What two series say together."""
    if isinstance(kept, Moments):
        return joined_moments((one, other))
    both = list(one)
    for row in rows_of(other, width_of(kept)):
        add(both, *row)
    return both


def joined_moments(several: Iterable[Series]) -> Series:
    """The moments of all of them."""
    return flat(row for series in several for row in rows_of(series, MOMENT))


def since(series: Series, width: int, least: int) -> Series:
    """The rows from a bucket or time on. Cost: those rows."""
    at = len(series)
    while at and series[at - width] >= least:
        at -= width
    return series[at:] if at else series


def coarser(series: Series, width: int, by: int) -> Series:
    """With buckets that begin at whole multiples of `by`."""
    found: Series = []
    for bucket, *numbers in rows_of(series, width):
        add(found, bucket // by * by, *numbers)
    return found


def rows_of(series: Series, width: int) -> Iterator[tuple[int, ...]]:
    """Row by row."""
    numbers = iter(series)
    return zip(*(numbers,) * width, strict=True)


def flat(rows: Iterable[tuple[int, ...]]) -> Series:
    """Rows in any order as a series."""
    return [number for row in sorted(rows) for number in row]
