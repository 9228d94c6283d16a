"""Small lakes for Hypothesis, in which equal times, late events, split files and moves are the rule."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from onefold.lake.snapshot import File, Snapshot, TableFiles
from onefold.lake.tables import BUCKETS, EVENTS, FRESH_BUCKET, FRESH_MONTH, Column

SECOND: Final = 1_000_000
PROFILES: Final = (-(2**63), -17, -1, 0, 1, 16, 2**63 - 1)
FRAGMENTS: Final = (*PROFILES, 5)
NAMES: Final = ("A", "B", "C", "", None)
STARTS: Final = tuple(int(datetime(2025, month, 1, tzinfo=UTC).timestamp()) * SECOND for month in (1, 2, 3))
FRESH: Final = 3
HOT: Final = 4
PROMOTED: Final = Column("p_big", "boolean", "Whether it is big")


class Event(NamedTuple):
    """`place`: which of its cell's files it is in (0 to 2), or FRESH or HOT."""

    profile: int
    ts: int
    name: str | None
    is_big: bool | None
    fragment: int
    place: int
    is_gone: bool
    position: int


@dataclass(frozen=True)
class World:
    """What a lake is made of. `overrides`: fragment → present profile. Files of `shuffled` are written backward."""

    events: tuple[Event, ...]
    overrides: Mapping[int, int] = field(default_factory=dict)
    shuffled: frozenset[int] = frozenset()
    withheld: frozenset[int] = frozenset()

    @property
    def present(self) -> list[Event]:
        """Events that count, of whom they are today."""
        return [
            event._replace(profile=self.overrides.get(event.fragment, event.profile))
            for event in self.events
            if event.fragment not in self.withheld and (not event.is_gone or event.place == HOT)
        ]


def worlds(max_size: int = 25) -> st.SearchStrategy[World]:
    """Any lake; times lie close together, at the edges of months."""
    event = st.builds(
        Event,
        profile=st.sampled_from(PROFILES),
        ts=st.builds(lambda start, after: start + after * SECOND, st.sampled_from(STARTS), st.integers(-4, 4)),
        name=st.sampled_from(NAMES),
        is_big=st.sampled_from((True, False, None)),
        fragment=st.sampled_from(FRAGMENTS),
        place=st.integers(0, HOT),
        is_gone=st.sampled_from((False, False, False, True)),
        position=st.just(0),
    )
    events = st.builds(
        lambda made, order: tuple(one._replace(position=order.index(i)) for i, one in enumerate(made)),
        made := st.shared(st.lists(event, max_size=max_size), key="events"),
        made.flatmap(lambda found: st.permutations(range(len(found)))),
    )
    return st.builds(
        World,
        events,
        st.dictionaries(st.sampled_from(FRAGMENTS), st.sampled_from(PROFILES), max_size=2),
        st.frozensets(st.integers(0, 2), max_size=1),
        st.frozensets(st.sampled_from(FRAGMENTS), max_size=1),
    )


def snapshot_of(world: World, folder: Path) -> tuple[Snapshot, int]:
    """Writes the lake; also tells how many rows of its filed files come before their predecessor."""
    cells: dict[tuple[str, int, int], list[Event]] = defaultdict(list)
    for event in world.events:
        month = datetime.fromtimestamp(event.ts // SECOND, UTC).strftime("%Y-%m")
        if event.place < FRESH:
            cells[month, event.profile % BUCKETS, event.place].append(event)
        elif event.place == FRESH:
            cells[FRESH_MONTH, FRESH_BUCKET, event.position % 2].append(event)
    files, violations = [], 0
    for (month, bucket, place), events in cells.items():
        if month != FRESH_MONTH:
            events.sort(key=lambda event: (event.profile, event.ts, -event.position), reverse=place in world.shuffled)
            keys = [(event.profile, event.ts) for event in events]
            violations += sum(later < earlier for earlier, later in pairwise(keys))
        path = folder / f"{month}-{bucket}-{place}.parquet"
        table = table_of(events)
        if all(event.is_big is None for event in events):
            table = table.drop_columns([PROMOTED.name])  # a column that a file lacks is null in it
        pq.write_table(table, path, row_group_size=3)
        partition = {"month": month, "bucket": str(bucket)}
        files.append(File(uri=str(path), partition=partition, size_bytes=path.stat().st_size, rows=len(events)))
    return _snapshot(world, tuple(files)), violations


def table_of(events: Sequence[Event]) -> pa.Table:
    """Their rows, with the columns that kernels read."""
    return pa.table(
        {
            "profile_id": pa.array([event.profile for event in events], pa.int64()),
            "ts": pa.array([event.ts for event in events], pa.timestamp("us", "UTC")),
            "position": pa.array([event.position for event in events], pa.int64()),
            "fragment_id": pa.array([event.fragment for event in events], pa.int64()),
            "name": pa.array([event.name for event in events], pa.string()),
            PROMOTED.name: pa.array([event.is_big for event in events], pa.bool_()),
        }
    )


def _snapshot(world: World, files: tuple[File, ...]) -> Snapshot:
    hot = [event for event in world.events if event.place == HOT]
    gone = [event.position for event in world.events if event.is_gone]
    return Snapshot(
        tables={"events": TableFiles(table=EVENTS, version=0, files=files, hot=table_of(hot) if hot else None)},
        position=len(world.events),
        taken_at=datetime(2025, 4, 1, tzinfo=UTC),
        gone=pa.table({"position": pa.array(gone, pa.int64())}),
        overrides=pa.table(
            {
                "fragment_id": pa.array(world.overrides.keys(), pa.int64()),
                "profile_id": pa.array(world.overrides.values(), pa.int64()),
            }
        ),
        withheld=pa.table({"fragment_id": pa.array(sorted(world.withheld), pa.int64())}),
        promoted={"big": PROMOTED},
    )
