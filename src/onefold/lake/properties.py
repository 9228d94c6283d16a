"""What a property is: its path, and its value as one of the types. Pure; the engines' SQL says the same of JSON."""

import re
from typing import Any, Final

from onefold.kernel.numbers import double_of
from onefold.lake.plans import PlanRejected, PropertyType

_PART: Final = re.compile(r"(?:[^.\\]|\\.)+", re.DOTALL)
_LONG: Final = range(-(2**63), 2**63)


def path_of(name: str) -> tuple[str, ...]:
    """The keys that lead to a property: `cart.total` → cart, total; `na\\.me` → na.me. Raises PlanRejected."""
    parts = _PART.findall(name)
    if not name or ".".join(parts) != name or any(_unescaped(part) is None for part in parts):
        raise PlanRejected(
            f"{name!r} names no property: names stand between dots; a dot or backslash within one is written with a"
            " backslash before it."
        )
    return tuple(str(_unescaped(part)) for part in parts)


def name_of(path: tuple[str, ...]) -> str:
    """The name that `path_of` reads."""
    return ".".join(re.sub(r"([.\\])", r"\\\1", part) for part in path)


def value_of(found: Any, path: tuple[str, ...], kind: PropertyType) -> str | float | int | bool | None:  # noqa: ANN401 JSON
    """What stands at `path` in a decoded object, if it is of this type; else None."""
    for part in path:
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    match kind:
        case "string" if isinstance(found, str):
            return found
        case "boolean" if isinstance(found, bool):
            return found
        case "double":
            return double_of(found)
        case "long" if isinstance(found, int) and not isinstance(found, bool) and found in _LONG:
            return found
    return None


def _unescaped(part: str) -> str | None:
    """A name without its backslashes; None if one escapes what needs none."""
    if re.search(r"\\[^.\\]", re.sub(r"\\\\", "", part)):
        return None
    return re.sub(r"\\([.\\])", r"\1", part)
