"""To wait for what another process or thread does."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(is_true: Callable[[], Found | None], seconds: float = 40, what: str = "It") -> Found:
    """What `is_true` gives as soon as it gives something true."""
    deadline = time.monotonic() + seconds
    while not (found := is_true()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.02)
    return found
