"""Values of a result as JSON has them."""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

_INFINITE: Final = {(1 << 63) - 1: "infinity", 1 - (1 << 63): "-infinity"}


def value_of(scalar: "pa.Scalar") -> Any:  # noqa: ANN401 a value of JSON
    """A value as JSON: whole numbers exact, other decimals, instants, binaries (hexadecimal) and intervals as text."""
    try:
        return plain(scalar.as_py())
    except (ValueError, OverflowError):  # an instant that Python has none for: infinity, the year 20000
        count = getattr(scalar, "value", None)
        return _INFINITE.get(count, f"{count} µs since 1970") if isinstance(count, int) else None


def plain(value: Any) -> Any:  # noqa: ANN401 one line a type
    """As `value_of`, of Python's value."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, tuple):  # an interval, or an entry of a map
        return [plain(one) for one in value]
    return str(value)
