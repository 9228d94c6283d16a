"""What a viewer knows of an object: its fields without the hidden ones, and those that they only read marked so. Pure.

Lists, forms, pages, filters, histories and the API are made from descriptions of objects, so they follow by themselves.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from django.utils.translation import gettext as _

from onefold.crm.errors import RecordForbidden
from onefold.crm.objects import FieldDef, ObjectType
from onefold.crm.viewer import FieldRight, Viewer

_FOLLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "home_amount": ("amount",),
    "weighted": ("amount",),
    "currency": ("amount", "price"),
    "items": ("amount",),
}
"""What would tell a field, or change what it means: it may no more be seen or edited than that one."""
_ALWAYS_SEEN: Final = frozenset({"name", "owner", "pipeline", "stage", "kind", "at", "done_at", "checked"})
"""What tells records apart, whose they are and where they stand: without it there is no page of them."""
_RANK: Final = (FieldRight.HIDDEN, FieldRight.READ, FieldRight.EDIT)


def settable(kind: ObjectType) -> list[FieldDef]:
    """The fields of which a policy can say something: not those that we keep, nor those that follow another."""
    return [one for one in kind.fields if not one.is_read_only and not _leaders(kind, one.name)]


def rights_of(kind: ObjectType, field: FieldDef) -> tuple[FieldRight, ...]:
    """What a policy can say of a field, the most first."""
    known = (FieldRight.EDIT, FieldRight.READ, FieldRight.HIDDEN)
    return known[:2] if field.name in _ALWAYS_SEEN and field.column else known


def right_of(viewer: Viewer, kind: ObjectType, name: str) -> FieldRight:
    """What the viewer may do to a field, where they reach the record."""
    asked = (name, *_leaders(kind, name))
    return min((viewer.fields.get((kind.name, one), FieldRight.EDIT) for one in asked), key=_RANK.index)


def kind_for(viewer: Viewer, kind: ObjectType) -> ObjectType:
    """The object as the viewer knows it. Safe to repeat."""
    if not any(object_name == kind.name for object_name, _field in viewer.fields):
        return kind
    rights = {one.name: right_of(viewer, kind, one.name) for one in (*kind.fields, *kind.hidden)}
    known = [one for one in kind.fields if rights[one.name] is not FieldRight.HIDDEN]
    names = {one.name for one in known}
    return replace(
        kind,
        fields=tuple(one if rights[one.name] is FieldRight.EDIT else replace(one, is_read_only=True) for one in known),
        columns=tuple(name for name in kind.columns if name in names),
        sort=kind.sort if kind.sort.removeprefix("-") in names else "-created_at",
        hidden=(*kind.hidden, *(one for one in kind.fields if one.name not in names)),
    )


def objects_for(viewer: Viewer, objects: Mapping[str, ObjectType]) -> Mapping[str, ObjectType]:
    """Every object as the viewer knows it."""
    return {name: kind_for(viewer, kind) for name, kind in objects.items()} if viewer.fields else objects


def demand_field(viewer: Viewer, kind: ObjectType, name: str) -> None:
    """Raises RecordForbidden for a field that the viewer sees and may not change."""
    if right_of(viewer, kind, name) is FieldRight.READ:
        named = {"title": kind.by_name[name].title, "name": f"{kind.name}.{name}"}
        raise RecordForbidden(_("You may not change “%(title)s” (%(name)s); you may see it.") % named)


def _leaders(kind: ObjectType, name: str) -> list[str]:
    there = {one.name for one in (*kind.fields, *kind.hidden) if one.column}
    return [one for one in _FOLLOWS.get(name, ()) if one in there and name in there]
