"""What administrators do with their own kinds of records: add, change, archive, restore.

Each write is one transaction with an entry of the audit log, and safe to repeat. An object's name never changes.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.crm.errors import SetupMissing, SetupRejected
from onefold.crm.field_setup import QUERIES
from onefold.crm.names import RESERVED_OBJECTS, check_name, name_from, read_title
from onefold.crm.objects import STANDARD
from onefold.crm.schema import forget_objects, objects_in_force

MAX_OBJECTS: Final = 50
ICONS: Final = (
    *("package", "shopping-bag", "shopping-cart", "repeat", "coin", "file-text", "folder", "calendar", "cake", "clock"),
    *("building", "world", "map-pin", "device-laptop", "device-mobile", "server", "key", "shield", "trophy", "star"),
    *("heartbeat", "bolt", "sparkles", "bookmark", "book", "broadcast", "phone", "mail", "user", "users-group"),
)
"""Those of pages that mean something besides; the first unless said."""


@dataclass(frozen=True, kw_only=True)
class OwnObject:
    """A kind of record that an administrator made. `records`: how many aren't deleted."""

    name: str
    title: str
    plural: str
    icon: str
    is_archived: bool
    records: int = 0


@dataclass(frozen=True, kw_only=True)
class ObjectWanted:
    """An object as somebody wants it. `name`: made from the title unless said."""

    title: str
    plural: str
    icon: str = ICONS[0]
    name: str = ""


def own_objects(conn: Connection[Any]) -> list[OwnObject]:
    """In their order, archived ones last. Two statements, one of which counts their records."""
    counts = dict(conn.execute(QUERIES["counts"]).fetchall())
    return [
        OwnObject(
            name=name, title=title, plural=plural, icon=icon, is_archived=is_archived, records=counts.get(name, 0)
        )
        for name, title, plural, icon, is_archived in conn.execute(QUERIES["objects"])
    ]


def own_object(conn: Connection[Any], name: str) -> OwnObject:
    """Raises SetupMissing."""
    found = next((one for one in own_objects(conn) if one.name == name), None)
    if found is None:
        raise SetupMissing(_("There is no own object “%(name)s”.") % {"name": name[:80]})
    return found


def add_object(conn: Connection[Any], wanted: ObjectWanted, *, acting_user: str) -> str:
    """A new kind of record, for everybody as roles usually may; its name. Raises SetupRejected."""
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        there = own_objects(conn)
        if len([one for one in there if not one.is_archived]) >= MAX_OBJECTS:
            raise SetupRejected(_("There may be up to %(n)d own objects. Archive one first.") % {"n": MAX_OBJECTS})
        given = _checked(there, wanted)
        taken = {one.name for one in there}
        taken |= {field.name for one in objects_in_force(conn).values() for field in one.fields if not field.column}
        reserved = RESERVED_OBJECTS | {field.name for one in STANDARD.values() for field in one.fields}
        if wanted.name:
            name = check_name(wanted.name, taken, reserved)
        else:
            name = name_from(given["title"], taken, reserved, otherwise="own_object")
        conn.execute(QUERIES["add_object"], given | {"name": name})
        audit(conn, actor=acting_user, action="object.added", target=f"object:{name}", details=given)
    forget_objects()
    return name


def change_object(conn: Connection[Any], name: str, wanted: ObjectWanted, *, acting_user: str) -> None:
    """Other titles, another picture. Raises SetupRejected, SetupMissing."""
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        before = own_object(conn, name)
        if before.is_archived:
            raise SetupRejected(_("“%(title)s” is archived. Restore it first.") % {"title": before.plural})
        given = _checked([one for one in own_objects(conn) if one.name != name], wanted)
        changed = {key: [getattr(before, key), value] for key, value in given.items() if getattr(before, key) != value}
        if changed:
            conn.execute(QUERIES["change_object"], given | {"name": name})
            audit(conn, actor=acting_user, action="object.changed", target=f"object:{name}", details=changed)
    forget_objects()


def archive_object(conn: Connection[Any], name: str, *, acting_user: str) -> None:
    """With its records out of every list; both are kept. Raises SetupRejected while fields lead to it, SetupMissing."""
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        one = own_object(conn, name)
        if one.is_archived:
            return
        objects = objects_in_force(conn)
        leading = [
            f"{objects[of].plural}: {title}"
            for of, title in conn.execute(QUERIES["leading"], {"object": name})
            if of in objects and of != name
        ]
        if leading:
            message = _("Fields lead to “%(title)s”: %(fields)s. Archive those first.")
            raise SetupRejected(message % {"title": one.plural, "fields": ", ".join(leading[:10])})
        conn.execute(QUERIES["archive_object"], {"name": name, "is": True})
        audit(conn, actor=acting_user, action="object.archived", target=f"object:{name}")
    forget_objects()


def restore_object(conn: Connection[Any], name: str, *, acting_user: str) -> None:
    """With its fields and records. Raises SetupRejected, SetupMissing."""
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        one = own_object(conn, name)
        if not one.is_archived:
            return
        others = [other for other in own_objects(conn) if not other.is_archived]
        if len(others) >= MAX_OBJECTS:
            raise SetupRejected(_("There may be up to %(n)d own objects. Archive one first.") % {"n": MAX_OBJECTS})
        _checked(others, ObjectWanted(title=one.title, plural=one.plural, icon=ICONS[0]))
        conn.execute(QUERIES["archive_object"], {"name": name, "is": False})
        audit(conn, actor=acting_user, action="object.restored", target=f"object:{name}")
    forget_objects()


def _checked(others: list[OwnObject], wanted: ObjectWanted) -> dict[str, str]:
    title, plural = read_title(wanted.title), read_title(wanted.plural, what="plural")
    known = {str(text).casefold() for one in STANDARD.values() for text in (one.title, one.plural)}
    known |= {text.casefold() for one in others if not one.is_archived for text in (one.title, one.plural)}
    for what, text in (("title", title), ("plural", plural)):
        if text.casefold() in known:
            said = _("There is something called “%(title)s” already.") % {"title": text}
            raise SetupRejected(said, {what: said})
    if wanted.icon not in ICONS:
        said = _("There are: %(names)s.") % {"names": ", ".join(ICONS)}
        raise SetupRejected(said, {"icon": said})
    return {"title": title, "plural": plural, "icon": wanted.icon}
