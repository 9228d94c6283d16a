"""Numbers of JSON, which has no bounds for them."""

import math
from typing import Any


def double_of(value: Any) -> float | None:  # noqa: ANN401  (any JSON value)
    """A number as a double; an integer beyond all doubles is infinite, as engines read it. None for anything else."""
    if type(value) is float:
        return value
    if type(value) is not int:
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
