"""Places at which a run may die: tests stop it there, and look at what is left."""

from collections.abc import Callable

POINTS = (
    "settle: taken back",
    "flush: read",
    "flush: file written",
    "flush: committed",
    "flush: before publishing",
    "flush: published",
    "compact: read",
    "compact: files written",
    "compact: committed",
    "compact: before publishing",
    "compact: published",
    "gone: rewritten",
    "overrides: rewritten",
    "refresh: files written",
    "refresh: committed",
    "refresh: published",
    "promote: committed",
    "promote: published",
    "clean: before",
    "clean: after",
)
"""In the order of a run."""
_watchers: list[Callable[[str], None]] = []


def watch(watcher: Callable[[str], None]) -> None:
    """Let `watcher` hear of every point that is reached."""
    _watchers.append(watcher)


def unwatch() -> None:
    """Nobody hears any more."""
    _watchers.clear()


def reach(point: str) -> None:
    """This point is reached. Costs nothing while nobody watches."""
    for watcher in _watchers:
        watcher(point)
