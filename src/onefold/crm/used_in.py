"""Where an own field is used: which views and stages will do without it when it is archived, and have it back after."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from psycopg import Connection

from onefold.crm.objects import FieldKind, ObjectType
from onefold.crm.pipelines import load_pipelines
from onefold.crm.schema import objects_in_force
from onefold.lists.api import KeptView, SeenBy, kept_views

MOST: Final = 20
MAX_VIEWS: Final = 2_000
_OF_PROFILES: Final = ("people", "companies")
_AS_LISTED: Final = {"person": "people", "company": "companies"}
"""What lists call them; their fields are traits."""


@dataclass(frozen=True, kw_only=True)
class Uses:
    """`views`: names of shared ones; `private`: how many others; `stages`: that ask for it. Up to MOST of each."""

    views: list[str]
    private: int
    stages: list[str]

    def __bool__(self) -> bool:
        return bool(self.views or self.private or self.stages)


def uses_of(conn: Connection[Any], object_name: str, name: str) -> Uses:
    """Of a field. Three statements; reads up to MAX_VIEWS views."""
    objects = objects_in_force(conn)
    found = kept_views(conn, {*objects, *_OF_PROFILES}, limit=MAX_VIEWS)
    of, called = _AS_LISTED.get(object_name, object_name), name
    if object_name in _AS_LISTED:
        called = f"trait:{name}"
    views = [one for one in found if _asks(one, objects, of, called)]
    stages = []
    if object_name == "deal":
        for pipeline in load_pipelines(conn).live:
            stages += [f"{pipeline.name}: {stage.name}" for stage in pipeline.stages if name in stage.required]
    shared = [one.name for one in views if one.seen_by is not SeenBy.OWNER]
    return Uses(views=shared[:MOST], private=len(views) - len(shared), stages=stages[:MOST])


def _asks(view: KeptView, objects: Mapping[str, ObjectType], object_name: str, name: str) -> bool:
    given = parse_qs(view.address)
    try:
        tree = json.loads(given["filter"][-1]) if "filter" in given else None
    except ValueError:  # written by an older release, and the list will say so
        tree = None
    shown = [one.partition("~")[0] for one in given.get("col", [])]
    plain = [*shown, *(one.removeprefix("-") for one in given.get("sort", []))]
    fields = [*((one,) for one in plain), *_paths(tree, ())]
    return any((object_name, name) in _named(path, view.object, objects) for path in fields)


def _paths(node: Any, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:  # noqa: ANN401  (any JSON value)
    """The fields that a filter asks for, each with those that lead to it."""
    if isinstance(node, list):
        for one in node:
            yield from _paths(one, above)
    elif isinstance(node, dict):
        path = (*above, node["field"]) if isinstance(node.get("field"), str) else above
        if path != above:
            yield path
        for one in node.values():
            if isinstance(one, dict | list):
                yield from _paths(one, path)


def _named(path: tuple[str, ...], of: str, objects: Mapping[str, ObjectType]) -> Iterator[tuple[str, str]]:
    """Object and name of every field on a path from the object `of`."""
    for one in path:
        for step in [one] if one.startswith("trait:") else one.split("/"):
            yield of, step
            field = objects[of].by_name.get(step) if of in objects else None
            if field is not None and field.kind is FieldKind.RECORD:
                of = field.target
            elif field is None:  # records that lead here, by their object's name or the last part of its address
                of = next((one.name for one in objects.values() if step in (one.name, one.path.lstrip("/"))), "")
