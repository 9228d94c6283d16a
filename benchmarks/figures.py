"""The figures by name: unit, what they must be and shall become, and how a line of them looks."""

import statistics
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

Measured = tuple[str, float]
"""A figure's name and value."""
Measuring = Iterator[Measured]

UNITS: Final = ("events/s", "rows/s", "people/s", "ms", "s", "%", "MB", "kB", "bytes", "ratio")
_DIGITS: Final = {"ratio": 3, "ms": 1, "s": 2, "%": 2}


class Figure(NamedTuple):
    """`must` and `aim` are bounds: from above for costs, from below for speeds."""

    unit: str
    must: float | None = None
    aim: float | None = None
    is_cost: bool = False

    def is_missed(self, value: float) -> bool:
        """Whether the value is worse than it must be."""
        return self.must is not None and (value > self.must if self.is_cost else value < self.must)


FIGURES: Final = {
    "collect_1": Figure("events/s"),
    "collect_1_ratio": Figure("ratio", 0.45, 0.6),
    "collect_20": Figure("events/s"),
    "collect_20_ratio": Figure("ratio", 0.45, 0.6),
    "process": Figure("events/s", 6_000, 12_000),
    "process_ratio": Figure("ratio", 0.15, 0.3),
    "process_200": Figure("ratio", 0.6),
    "sweep": Figure("people/s"),
    "entry_latency_p50": Figure("ms", None, 400, is_cost=True),
    "entry_latency_p99": Figure("ms", None, 1_500, is_cost=True),
    "audiences_200_traits": Figure("s", None, 2, is_cost=True),
    "audiences_200": Figure("s", None, 15, is_cost=True),
    "audiences_200_ratio": Figure("ratio", is_cost=True),
    "preview_p95": Figure("ms", None, 1_000, is_cost=True),
    "backfill": Figure("s", is_cost=True),
    "end_to_end_p50": Figure("ms", None, 250, is_cost=True),
    "end_to_end_p99": Figure("ms", None, 1_000, is_cost=True),
    "profile_api_p99": Figure("ms", None, 25, is_cost=True),
    "edit_during_import_p99": Figure("ms", None, 1_000, is_cost=True),
    "record_p95": Figure("ms", None, 200, is_cost=True),
    "live_to_page": Figure("ms", None, 700, is_cost=True),
    "first_load_kb": Figure("kB", None, 350, is_cost=True),
    "people_list_p95": Figure("ms", None, 150, is_cost=True),
    "search_p95": Figure("ms", None, 50, is_cost=True),
    "crm_list_p95": Figure("ms", None, 200, is_cost=True),
    "crm_search_p95": Figure("ms", None, 50, is_cost=True),
    "crm_record_p95": Figure("ms", None, 250, is_cost=True),
    "crm_kanban_p95": Figure("ms", None, 250, is_cost=True),
    "crm_kanban_move": Figure("ms", None, 150, is_cost=True),
    "crm_bulk": Figure("rows/s", None, 3_000),
    "process_while_flushing": Figure("ratio", 0.85),
    "lake_append": Figure("events/s"),
    "lake_compact": Figure("events/s"),
    "lake_bytes_per_event": Figure("bytes", is_cost=True),
    "timeline_p95": Figure("ms", None, 60, is_cost=True),
    "rebuild": Figure("events/s"),
    "rebuild_memory": Figure("MB", is_cost=True),
    "funnel_kernel": Figure("s", is_cost=True),
    "funnel_kernel_decode_ratio": Figure("ratio", None, 1.5, is_cost=True),
    "funnel_kernel_chdb_ratio": Figure("ratio", 1, is_cost=True),
    "scan_ratio": Figure("ratio", 1.2, is_cost=True),
    "memory": Figure("MB", 700, is_cost=True),
    "idle_cpu": Figure("%", 2, is_cost=True),
}


def line_of(name: str, value: float) -> str:
    """`figure: NAME VALUE UNIT`."""
    unit = FIGURES[name].unit
    return f"figure: {name} {value:.{_DIGITS.get(unit, 0)}f} {unit}"


def median_of(name: str, rounds: list[float]) -> Measured:
    """The figure of several rounds; what each gave is told on standard error."""
    print(f"  {name}: {', '.join(f'{value:.4g}' for value in rounds)}", file=sys.stderr)
    return name, statistics.median(rounds)


def tell_times(name: str, times_ms: list[float]) -> None:
    """How the times behind a percentile are spread, on standard error."""
    shares = ", ".join(f"{share:.0%} {percentile(times_ms, share):.0f}" for share in (0.5, 0.9, 0.99, 1))
    print(f"  {name}: {len(times_ms):,} times in ms: {shares}", file=sys.stderr)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    rank = -int(-share * len(ordered) // 1)
    return ordered[max(rank, 1) - 1]
