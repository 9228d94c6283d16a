"""Numbers of JSON, which has no bounds for them."""

from typing import Any


def double_of(value: Any) -> float | None:  # noqa: ANN401  (any JSON value)
    """A number as a double; None for anything else, and for an integer that is beyond all doubles."""
    if type(value) is float:
        return value
    if type(value) is not int:
        return None
    try:
        return float(value)
    except OverflowError:
        return None
