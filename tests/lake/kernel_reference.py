"""What kernels answer, slowly and plainly: over lists of events, by trying everything."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

from tests.lake.kernel_world import Event

Meets = Callable[[Event], bool]
By = dict[int, list[Event]]


def by_profile(events: Sequence[Event]) -> By:
    """In order of time, then of acceptance."""
    found: By = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.ts, event.position)):
        found[event.profile].append(event)
    return found


def funnel_levels(events: Sequence[Event], steps: Sequence[Meets], window: int) -> dict[int, int]:
    """From every event of the first step on, as far as it goes within the window."""
    levels = {}
    for profile, theirs in by_profile(events).items():
        pairs = _pairs(theirs, steps)
        if starts := _starts(pairs):
            levels[profile] = max(_level(pairs, start, window) for start in starts)
    return levels


def funnel_times(events: Sequence[Event], steps: Sequence[Meets], window: int) -> list[set[tuple[int, int]]]:
    """For each step who first came there how: (µs from the start that was latest, µs from the step before)."""
    took: list[set[tuple[int, int]]] = [set() for _ in steps]
    for theirs in by_profile(events).values():
        pairs, level = _pairs(theirs, steps), 1
        for until in sorted({ts for ts, _ in pairs}):
            now = [pair for pair in pairs if pair[0] <= until]
            while level < len(steps) and any(_level(now, start, window) > level for start in _starts(now)):
                start = max(start for start in _starts(now) if _level(now, start, window) > level)
                before = max(t for t, step in now if step == level - 1 and _is_taken(now, (t, step), window))
                took[level].add((until - start, until - before))
                level += 1
    return took


def _pairs(events: Sequence[Event], steps: Sequence[Meets]) -> list[tuple[int, int]]:
    """Times with the steps met then."""
    return sorted({(event.ts, i) for event in events for i, meets in enumerate(steps) if meets(event)})


def _starts(pairs: Sequence[tuple[int, int]]) -> list[int]:
    return [ts for ts, step in pairs if step == 0]


def _level(pairs: Sequence[tuple[int, int]], start: int, window: int) -> int:
    level = 0
    for ts, step in pairs:
        if start <= ts <= start + window and step == level:
            level += 1
    return level


def _is_taken(pairs: Sequence[tuple[int, int]], pair: tuple[int, int], window: int) -> bool:
    """Whether some way takes this step at this time."""
    until = [other for other in pairs if other <= pair]
    return any(_level(until, start, window) > pair[1] for start in _starts(until) if start + window >= pair[0])


def unordered_levels(events: Sequence[Event], steps: Sequence[Meets], window: int) -> dict[int, int]:
    """The most steps met within a window that begins with any event."""
    levels = {
        profile: max(
            sum(any(meets(e) and begin.ts <= e.ts <= begin.ts + window for e in theirs) for meets in steps)
            for begin in theirs
        )
        for profile, theirs in by_profile(events).items()
    }
    return {profile: level for profile, level in levels.items() if level}


class Step:
    """Of a sequence."""

    def __init__(self, meets: Meets, within: int | None = None, without: Meets | None = None) -> None:
        self.meets, self.within, self.without = meets, within, without


def matching(events: Sequence[Event], steps: Sequence[Step], window: int | None) -> set[int]:
    """Whoever has events that make the sequence: every choice of events is tried."""

    meets = [*(step.meets for step in steps), *(step.without for step in steps if step.without is not None)]

    def rank(event: Event) -> tuple[int, int, int]:
        bits = sum(1 << i for i, is_met in enumerate(meets) if is_met(event))
        return event.ts, bits & -bits, bits

    found = set()
    for profile, theirs in by_profile(events).items():
        if any(
            _is_sequence(chosen, theirs, steps, window) for chosen in combinations(sorted(theirs, key=rank), len(steps))
        ):
            found.add(profile)
    return found


def _is_sequence(chosen: Sequence[Event], every: list[Event], steps: Sequence[Step], window: int | None) -> bool:
    if not all(step.meets(event) for step, event in zip(steps, chosen, strict=True)):
        return False
    if window is not None and chosen[-1].ts - chosen[0].ts > window:
        return False
    for step, (before, event) in zip(steps[1:], pairwise(chosen), strict=True):
        if step.within is not None and event.ts - before.ts > step.within:
            return False
        if step.without is not None and any(before.ts < e.ts < event.ts and step.without(e) for e in every):
            return False
    return True


def sessions_of(events: Sequence[Event], gap: int | None) -> list[list[Event]]:
    """Each session's events."""
    found = []
    for _, theirs in sorted(by_profile(events).items()):
        session = [theirs[0]]
        for before, event in pairwise(theirs):
            if gap is not None and event.ts - before.ts > gap:
                found.append(session)
                session = []
            session.append(event)
        found.append(session)
    return found


def transitions(
    sessions: Sequence[Sequence[Event]], anchors: frozenset[str] | None, depth: int, *, is_backward: bool
) -> Counter[tuple[int, str | None, str | None]]:
    """How many sessions go from name to name at each depth; None beyond their ends."""
    counts: Counter[tuple[int, str | None, str | None]] = Counter()
    for session in sessions:
        names: list[str | None] = [event.name or "" for event in session]
        if is_backward:
            names.reverse()
        place = next((i for i, name in enumerate(names) if anchors is None or name in anchors), None)
        if place is None:
            continue
        path = [*names[place:], None][: depth + 1]
        for level, (one, other) in enumerate(pairwise(path), 1):
            counts[(level, other, one) if is_backward else (level, one, other)] += 1
    return counts
