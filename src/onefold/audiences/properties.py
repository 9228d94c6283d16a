"""What a condition asks of one event's properties, or of any JSON object: in Python. Pure."""

from collections.abc import Callable
from typing import Any, Final

from onefold.audiences.metrics import ValueType
from onefold.filters.api import AllOf, Behaviour, FilterRejected, Group, Node, NoneOf, matcher_of
from onefold.lake.plans import PropertyType
from onefold.lake.properties import path_of, value_of

Predicate = Callable[[Any], bool]
"""Of a decoded JSON object."""
TYPES: Final[dict[str, PropertyType]] = {"text": "string", "number": "double", "flag": "boolean"}


def predicate_of(node: Node) -> Predicate:
    """A condition whose fields are paths in the object (`cart.total`). Raises FilterRejected, PlanRejected."""
    if isinstance(node, Group):
        parts = [predicate_of(one) for one in node.of]
        if isinstance(node, AllOf):
            return lambda found: all(part(found) for part in parts)
        is_wanted = not isinstance(node, NoneOf)
        return lambda found: any(part(found) for part in parts) is is_wanted
    if isinstance(node, Behaviour):
        raise FilterRejected("Properties of events can't be asked this; only what stands in the event.")
    test = matcher_of(node)
    if test.is_timed:
        raise FilterRejected("Properties of events can't be compared with today: what is counted must not change.")
    path = path_of(node.field)
    return lambda found: test.of(found_at(found, path), 0)[0]


def reader_of(name: str, value_type: ValueType) -> Callable[[Any], Any]:
    """The property's value if it is of this type, else None."""
    path, kind = path_of(name), TYPES[value_type]
    return lambda found: value_of(found, path, kind)


def found_at(found: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401  (any JSON value)
    """What stands there; None: nothing."""
    for part in path:
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found
