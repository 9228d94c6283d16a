"""Read single fields of an event, or say why they can't be used. Pure."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from onefold.events.event import Kind, Reason
from onefold.events.limits import Limits

KINDS: Final = {
    "identify": Kind.IDENTIFY,
    "track": Kind.TRACK,
    "page": Kind.PAGE,
    "screen": Kind.SCREEN,
    "group": Kind.GROUP,
    "alias": Kind.ALIAS,
}
INTERNAL_KINDS: Final = {**KINDS, "link": Kind.LINK, "retract": Kind.RETRACT, "request": Kind.REQUEST}
NO_TRAITS: Final = Raw()
MAX_PAGE_CHARS: Final = 200
USER_SPACE: Final = re.compile(r"[a-z0-9-]{0,30}")
_INT64: Final = 2**63
_NOTHING: Final[dict[str, Any]] = {}
# Bound once: looking a member up in its class costs as much as the check it is for.
_IDENTIFY, _TRACK, _PAGE, _SCREEN, _GROUP, _ALIAS = KINDS.values()
_encode: Final = msgspec.json.Encoder().encode


class Refused(Exception):
    """How a check of one event says no; `decode` turns it into a violation."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail


def kind_of(event: dict[str, Any], *, is_internal: bool) -> Kind:
    name = event.get("type")
    kinds = INTERNAL_KINDS if is_internal else KINDS
    if type(name) is str:
        kind = kinds.get(name) or kinds.get(name.lower())
        if kind is not None:
            return kind
    raise Refused(Reason.TYPE_UNKNOWN, f"The event's type must be one of {', '.join(kinds)}.")


def object_of(parent: dict[str, Any], name: str, path: str = "") -> dict[str, Any]:
    value = parent.get(name)
    if type(value) is dict:
        return value
    if value is None:
        return _NOTHING
    raise wrong_type(path or name, value, "an object")


def identifier_of(parent: dict[str, Any], name: str, limits: Limits, path: str = "") -> str | None:
    value = parent.get(name)
    if value is None:
        return None
    if type(value) is not str:
        value = number_text(value)
        if value is None:
            raise wrong_type(path or name, parent[name], "a text or a number")
    if len(value) > limits.max_id_chars:
        raise Refused(
            Reason.ID_TOO_LONG,
            f"{path or name} has {len(value):,} characters; {limits.max_id_chars} are allowed.",
        )
    return value or None


def number_text(value: object) -> str | None:
    """A number as the text a client that kept its ids as texts would have sent; None for anything else."""
    if type(value) is float:
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value) if type(value) is int else None


def external_ids_of(context: dict[str, Any], limits: Limits) -> tuple[tuple[str, str], ...]:
    """Segment writes `externalIds`, RudderStack `externalId`; both [{"id", "type"}, ...]."""
    found = context.get("externalIds") or context.get("externalId")
    if not found:
        return ()
    path = "context.externalIds"
    if type(found) is not list:
        raise wrong_type(path, found, "a list of objects")
    if len(found) > limits.max_external_ids:
        raise Refused(Reason.TOO_LARGE, f"{path} holds {len(found):,} entries; {limits.max_external_ids} are allowed.")
    pairs = []
    for entry in found:
        if type(entry) is not dict or type(entry.get("type")) is not str:
            raise wrong_type(path, entry, 'objects {"id": ..., "type": ...}')
        value = identifier_of(entry, "id", limits, f"{path}.id")
        if value is not None:
            pairs.append((entry["type"], value))
    return tuple(pairs)


def message_id_of(event: dict[str, Any], limits: Limits) -> str:
    value = event.get("messageId")
    if value is None:
        return ""
    if type(value) is not str:
        value = number_text(value)
        if value is None:
            raise wrong_type("messageId", event["messageId"], "a text")
    if len(value) > limits.max_message_id_chars:
        raise Refused(
            Reason.MESSAGE_ID_TOO_LONG,
            f"messageId has {len(value):,} characters; {limits.max_message_id_chars} are allowed.",
        )
    return value if not value.isspace() else ""


def device_of(context: dict[str, Any], limits: Limits) -> tuple[str | None, str | None]:
    """The device's own id and its advertising id."""
    if context.get("device") is None:
        return None, None
    device = object_of(context, "device", "context.device")
    return (
        identifier_of(device, "id", limits, "context.device.id"),
        identifier_of(device, "advertisingId", limits, "context.device.advertisingId"),
    )


def contacts_of(traits: dict[str, Any], context_traits: dict[str, Any]) -> tuple[str | None, str | None]:
    """E-mail address and phone number as they were sent."""
    if not traits and not context_traits:
        return None, None
    return (
        _contact(traits.get("email") or context_traits.get("email")),
        _contact(traits.get("phone") or context_traits.get("phone")),
    )


def _contact(value: object) -> str | None:
    if type(value) is str:
        return value or None
    return number_text(value)  # a phone number sent as a number; an object stays a trait and names nobody


def check_identified(
    kind: Kind, user_id: str | None, anybody: object, previous_id: str | None, group_id: str | None
) -> None:
    """Every call names somebody; an alias two ids, a group call its company. `anybody` is true when one is named, or
    when nobody need be."""
    if kind is _ALIAS:
        if not previous_id:
            raise Refused(Reason.NO_PREVIOUS_ID, "An alias needs previousId and userId; previousId is missing.")
        if not user_id:
            raise Refused(Reason.NO_IDENTIFIER, "An alias needs previousId and userId; userId is missing.")
    elif not anybody:
        raise Refused(Reason.NO_IDENTIFIER, "The event needs a userId or an anonymousId.")
    if kind is _GROUP and not group_id:
        raise Refused(Reason.NO_GROUP_ID, "A group call needs a groupId.")


def may_name_nobody(kind: Kind, group_id: str | None, *weaker: str | None) -> bool:
    """Whether an event of Onefold's own that has no userId, anonymousId or external id is a company's: a group or track
    call with a groupId. `weaker`: what else would name somebody.
    """
    return bool(group_id) and (kind is _GROUP or kind is _TRACK) and not any(weaker)


def space_of(event: dict[str, Any]) -> str | None:
    """The user space in which `groupId` is to be looked for; None if the event names none."""
    space = event.get("space")
    if space is None:
        return None
    if type(space) is not str:
        raise wrong_type("space", space, "a text")
    if not USER_SPACE.fullmatch(space):
        raise Refused(Reason.FIELD_WRONG_TYPE, "space is a user space: up to 30 of a-z, 0-9 and -.")
    return space


def name_of(event: dict[str, Any], kind: Kind, properties: dict[str, Any]) -> str:
    if kind is _TRACK:
        name = event.get("event")
        if name is not None and type(name) is not str:
            raise wrong_type("event", name, "a text")
        if not name or not name.strip():
            raise Refused(Reason.NO_EVENT_NAME, "A track call needs the event's name in `event`.")
        return name
    if kind is _PAGE or kind is _SCREEN:
        name = event.get("name")
        if name is not None and type(name) is not str:
            raise wrong_type("name", name, "a text")
        name = name or properties.get("name")
        return name if type(name) is str else ""
    return ""


def page_of(name: str, properties: dict[str, Any], context: dict[str, Any]) -> str:
    """Of a page or screen call: the path without its query, of `properties` or else `context.page`; else the name."""
    path = properties.get("path")
    if not path or type(path) is not str:
        page = context.get("page")
        path = page.get("path") if type(page) is dict else None
        if not path or type(path) is not str:
            return name[:MAX_PAGE_CHARS]
    return path.partition("?")[0].partition("#")[0][:MAX_PAGE_CHARS]


def traits_of(kind: Kind, traits: dict[str, Any], context_traits: dict[str, Any], limits: Limits) -> Raw:
    if kind is _IDENTIFY:
        traits = traits or context_traits  # RudderStack's place
    elif kind is not _GROUP:
        return NO_TRAITS
    if len(traits) > limits.max_traits:
        raise Refused(Reason.TOO_MANY_TRAITS, f"{len(traits):,} traits; {limits.max_traits} are allowed.")
    if _has_big_integer(traits.values()):
        detail = "A trait holds an integer that does not fit 64 bits; send it as a text."
        raise Refused(Reason.NUMBER_OUT_OF_RANGE, detail)
    encoded = _encode(traits)
    if len(encoded) > limits.max_trait_bytes:
        for name, value in traits.items():
            size = len(_encode(value))
            if size > limits.max_trait_bytes:
                detail = f"The trait {name[:80]!r} has {size:,} bytes; {limits.max_trait_bytes:,} are allowed."
                raise Refused(Reason.TRAIT_TOO_LARGE, detail)
    return Raw(encoded)


def _has_big_integer(values: Iterable[Any]) -> bool:
    """Depth is bounded by `max_depth`."""
    for value in values:
        kind = type(value)
        if kind is int:
            if not -_INT64 <= value < _INT64:
                return True
        elif kind is dict:
            if _has_big_integer(value.values()):
                return True
        elif kind is list and _has_big_integer(value):
            return True
    return False


def wrong_type(path: str, value: object, allowed: str) -> Refused:
    return Refused(Reason.FIELD_WRONG_TYPE, f"{path} is {type_name(value)}; it must be {allowed}.")


def type_name(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "null")
