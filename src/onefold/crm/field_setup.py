"""What administrators do with their own fields of records: add, change, order, archive, restore.

Each write is one transaction with an entry of the audit log, and safe to repeat. Values stay with their records
whatever becomes of a field; its name and its kind never change.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import audit, workspace
from onefold.crm.errors import SetupMissing, SetupRejected
from onefold.crm.names import RESERVED_FIELDS, check_name, name_from, read_title
from onefold.crm.objects import FieldKind, ObjectType, Option
from onefold.crm.own_traits import LIST_KINDS
from onefold.crm.pipeline_setup import demand_order
from onefold.crm.profile_kinds import RESERVED, is_of_profiles, kinds_in_force
from onefold.crm.schema import forget_objects, objects_in_force
from onefold.crm.values import ValueRejected, read_currency
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "field_setup.sql")
MAX_FIELDS: Final = 150
MAX_OPTIONS: Final = 100
TONES: Final = ("", "ok", "warn", "bad", "accent")
_CHOSEN: Final = frozenset({FieldKind.CHOICE, FieldKind.CHOICES})


@dataclass(frozen=True, kw_only=True)
class OwnField:
    """A field that an administrator added."""

    name: str
    title: str
    kind: FieldKind
    options: tuple[Option, ...]
    target: str
    currency: str
    is_required: bool
    is_archived: bool


@dataclass(frozen=True, kw_only=True)
class FieldWanted:
    """A field as somebody wants it. An option without a value is a new one. `name`: made from the title unless said."""

    title: str
    kind: str = "text"
    options: Sequence[Option] = field(default_factory=tuple)
    target: str = ""
    currency: str = ""
    is_required: bool = False
    name: str = ""


def own_fields(conn: Connection[Any], object_name: str) -> list[OwnField]:
    """In their order, archived ones last. One statement."""
    return [
        OwnField(
            name=name,
            title=title,
            kind=FieldKind(kind),
            options=tuple(Option(one["value"], one["title"], one.get("tone", "")) for one in options),
            target=target,
            currency=currency,
            is_required=is_required,
            is_archived=is_archived,
        )
        for name, title, kind, options, target, currency, is_required, is_archived in conn.execute(
            QUERIES["fields"], {"object": object_name}
        )
    ]


def own_field(conn: Connection[Any], object_name: str, name: str) -> OwnField:
    """Raises SetupMissing."""
    found = next((one for one in own_fields(conn, object_name) if one.name == name), None)
    if found is None:
        raise SetupMissing(_("There is no own field “%(name)s”.") % {"name": name[:80]})
    return found


def add_field(conn: Connection[Any], object_name: str, wanted: FieldWanted, *, acting_user: str) -> str:
    """A new field of an object; its name. Raises SetupRejected, SetupMissing."""
    with conn.transaction():
        kind = _locked(conn, object_name)
        there = own_fields(conn, object_name)
        if len([one for one in there if not one.is_archived]) >= MAX_FIELDS:
            raise SetupRejected(_("There may be up to %(n)d own fields. Archive one first.") % {"n": MAX_FIELDS})
        _demand_kind(kind, wanted)
        title = _free_title(kind, there, wanted.title)
        taken = {one.name for one in there} | set(objects_in_force(conn))  # filters call what leads here by those
        reserved = RESERVED_FIELDS | {one.name for one in kind.fields if one.column}
        if is_of_profiles(object_name):
            reserved |= RESERVED | {one.name for one in kind.fields}
        if wanted.name:
            name = check_name(wanted.name, taken, reserved)
        else:
            name = name_from(title, taken, reserved, otherwise="own_field")
        given = {
            "object": object_name,
            "name": name,
            "title": title,
            "kind": wanted.kind,
            "options": _stored(_options(FieldKind(wanted.kind), wanted.options, ())),
            "target": _target(conn, wanted),
            "currency": _currency(wanted),
            "is_required": wanted.is_required,
        }
        conn.execute(QUERIES["add"], given)
        details = {"kind": wanted.kind, "title": title}
        _done(conn, acting_user, "field.added", object_name, name, details)
    forget_objects()
    return name


def change_field(conn: Connection[Any], object_name: str, name: str, wanted: FieldWanted, *, acting_user: str) -> None:
    """Another title, other options (those left out stay with who has them), currency, whether it is needed.

    Raises SetupRejected, SetupMissing.
    """
    with conn.transaction():
        kind = _locked(conn, object_name)
        before = _live(conn, object_name, name)
        others = [one for one in own_fields(conn, object_name) if one.name != name]
        _demand_free(kind, wanted)
        if wanted.kind != before.kind or wanted.target != before.target:
            raise _fault("kind", _("What a field holds stays as it is: archive it, and add another one."))
        options = _options(before.kind, wanted.options, before.options)
        given = {
            "title": _free_title(kind, others, wanted.title, but=name),
            "options": _stored(options),
            "currency": _currency(wanted),
            "is_required": wanted.is_required,
        }
        conn.execute(QUERIES["change"], given | {"object": object_name, "name": name})
        was = {"title": before.title, "currency": before.currency, "is_required": before.is_required}
        details: dict[str, Any] = {key: [old, given[key]] for key, old in was.items() if old != given[key]}
        if tuple(options) != before.options:
            details["options"] = [[one.value for one in before.options], [one.value for one in options]]
        if details:
            _done(conn, acting_user, "field.changed", object_name, name, details)
    forget_objects()


def order_fields(conn: Connection[Any], object_name: str, names: Sequence[str], *, acting_user: str) -> None:
    """As forms and pages show them. Raises SetupRejected unless each that isn't archived is named once."""
    with conn.transaction():
        _locked(conn, object_name)
        now = [one.name for one in own_fields(conn, object_name) if not one.is_archived]
        demand_order(now, names)
        if now != list(names):
            conn.execute(QUERIES["order"], {"object": object_name, "names": list(names)})
            _done(conn, acting_user, "fields.ordered", object_name, "", {"order": list(names)})
    forget_objects()


def archive_field(conn: Connection[Any], object_name: str, name: str, *, acting_user: str) -> None:
    """Out of lists, forms, filters and the API; records keep its values. Raises SetupMissing."""
    with conn.transaction():
        _locked(conn, object_name)
        if own_field(conn, object_name, name).is_archived:
            return
        conn.execute(QUERIES["archive"], {"object": object_name, "name": name, "is": True})
        _done(conn, acting_user, "field.archived", object_name, name, {})
    forget_objects()


def restore_field(conn: Connection[Any], object_name: str, name: str, *, acting_user: str) -> None:
    """Where it was, with the values that records have. Raises SetupRejected, SetupMissing."""
    with conn.transaction():
        kind = _locked(conn, object_name)
        one = own_field(conn, object_name, name)
        if not one.is_archived:
            return
        others = [other for other in own_fields(conn, object_name) if other.name != name]
        if len([other for other in others if not other.is_archived]) >= MAX_FIELDS:
            raise SetupRejected(_("There may be up to %(n)d own fields. Archive one first.") % {"n": MAX_FIELDS})
        _free_title(kind, [other for other in others if not other.is_archived], one.title)
        if one.target and one.target not in objects_in_force(conn):
            raise SetupRejected(_("What it leads to is archived. Restore that first."))
        conn.execute(QUERIES["archive"], {"object": object_name, "name": name, "is": False})
        _done(conn, acting_user, "field.restored", object_name, name, {})
    forget_objects()


def demand_object(conn: Connection[Any], object_name: str) -> ObjectType:
    """Raises SetupMissing for one that there is not, or that is archived."""
    objects = kinds_in_force(conn)
    if object_name not in objects:
        known = {"name": object_name[:80], "names": ", ".join(objects)}
        raise SetupMissing(_("There is no object “%(name)s”, or it is archived. There are: %(names)s.") % known)
    return objects[object_name]


def _demand_kind(kind: ObjectType, wanted: FieldWanted) -> None:
    kinds = LIST_KINDS.keys() if is_of_profiles(kind.name) else set(FieldKind)
    if wanted.kind not in kinds:
        raise _fault(
            "kind", _("There are: %(names)s.") % {"names": ", ".join(one for one in FieldKind if one in kinds)}
        )
    _demand_free(kind, wanted)


def _demand_free(kind: ObjectType, wanted: FieldWanted) -> None:
    if wanted.is_required and is_of_profiles(kind.name):
        raise _fault("is_required", _("People and companies come by events, so nothing can be required of them."))


def _locked(conn: Connection[Any], object_name: str) -> ObjectType:
    conn.execute(QUERIES["lock"])
    forget_objects()
    return demand_object(conn, object_name)


def _live(conn: Connection[Any], object_name: str, name: str) -> OwnField:
    one = own_field(conn, object_name, name)
    if one.is_archived:
        raise SetupRejected(_("“%(title)s” is archived. Restore it first.") % {"title": one.title})
    return one


def _free_title(kind: ObjectType, there: Sequence[OwnField], text: str, *, but: str = "") -> str:
    title = read_title(text)
    own = [(str(one.title), False) for one in kind.fields if one.name != but]
    same = [is_archived for known, is_archived in (*own, *((one.title, one.is_archived) for one in there))
            if known.casefold() == title.casefold()]  # fmt: skip
    if same:
        taken = _("There is a field of this title already.")
        raise _fault("title", _("A field of this title is archived: restore it.") if all(same) else taken)
    return title


def _options(kind: FieldKind, given: Sequence[Option], before: Sequence[Option]) -> list[Option]:
    """With values: those that there were, and new ones by their titles."""
    if kind not in _CHOSEN:
        if given:
            raise _fault("options", _("Only what is chosen from has options."))
        return []
    if not 1 <= len(given) <= MAX_OPTIONS:
        raise _fault("options", _("A choice has 1 to %(n)d options.") % {"n": MAX_OPTIONS})
    known = {one.value for one in before}
    titles: set[str] = set()
    found: list[Option] = []
    for one in given:
        title = read_title(str(one.title), what="options")
        if title.casefold() in titles:
            raise _fault("options", _("“%(title)s” is there twice.") % {"title": title})
        titles.add(title.casefold())
        if one.tone not in TONES:
            raise _fault("options", _("Tones are: %(names)s, or none.") % {"names": ", ".join(filter(None, TONES))})
        taken = known | {other.value for other in found}
        value = one.value if one.value in known else name_from(one.value or title, taken, (), otherwise="option")
        found.append(Option(value, title, one.tone))
    if len({one.value for one in found}) < len(found):
        raise _fault("options", _("Two options have the same value."))
    return found


def _stored(options: Sequence[Option]) -> str:
    return json.dumps([{"value": one.value, "title": str(one.title), "tone": one.tone} for one in options])


def _target(conn: Connection[Any], wanted: FieldWanted) -> str:
    if wanted.kind != FieldKind.RECORD:
        if wanted.target:
            raise _fault("target", _("Only a field of the kind “record” leads to an object."))
        return ""
    objects = objects_in_force(conn)
    if wanted.target not in objects:
        raise _fault("target", _("Say to which object it leads: %(names)s.") % {"names": ", ".join(objects)})
    return wanted.target


def _currency(wanted: FieldWanted) -> str:
    if wanted.kind != FieldKind.MONEY:
        return ""
    try:
        return read_currency(wanted.currency) if wanted.currency else workspace().currency
    except ValueRejected as fault:
        raise _fault("currency", str(fault)) from fault


def _done(conn: Connection[Any], actor: str, action: str, object_name: str, name: str, details: dict[str, Any]) -> None:
    target = f"field:{object_name}.{name}" if name else f"object:{object_name}"
    audit(conn, actor=actor, action=action, target=target, details=details)


def _fault(what: str, said: str) -> SetupRejected:
    return SetupRejected(said, {what: said})
