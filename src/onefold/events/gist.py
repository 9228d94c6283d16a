"""The gist of an event: of its JSON only what tells who somebody is, what is known of them and what they allow. Pure.

Most events of a person say the same, so whoever reads all events groups them by their gist and decodes each once.
`decode_accepted` reads a gist as it reads the event, and finds the same identifiers, traits and consent in it.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from onefold.events.consent import CONSENT_EVENTS
from onefold.events.envelope import JSON_FAULTS
from onefold.events.event import Kind
from onefold.events.fields import page_of
from onefold.kernel.errors import Broken

_ABSENT: Final = Raw()
_LINK, _TRACK = Kind.LINK, Kind.TRACK
_TYPES: Final = {
    Kind.IDENTIFY: b"identify",
    Kind.TRACK: b'track","event":"-',  # Onefold's own: of other tracks the gist is a page's
    Kind.PAGE: b"page",  # of page, screen and others' track calls the least that decode asks for
    Kind.SCREEN: b"page",
    Kind.GROUP: b"group",
    Kind.ALIAS: b"alias",
}


class _Contacts(Struct, omit_defaults=True, gc=False):
    email: Raw = _ABSENT
    phone: Raw = _ABSENT


class _Context(Struct, omit_defaults=True, gc=False):
    traits: _Contacts | None = None
    device: Raw = _ABSENT
    externalIds: Raw = _ABSENT
    externalId: Raw = _ABSENT
    consent: Raw = _ABSENT
    consentManagement: Raw = _ABSENT


class _Plain(Struct, omit_defaults=True, gc=False):
    """What an event says that tells nothing about traits."""

    userId: Raw = _ABSENT  # first: what a person says then sorts together
    anonymousId: Raw = _ABSENT
    previousId: Raw = _ABSENT
    traits: _Contacts | None = None
    context: _Context | None = None


class _Properties(Struct, omit_defaults=True, gc=False):
    path: Any = None


class _ViewContext(_Context, omit_defaults=True, gc=False):
    page: Any = None


class _View(_Plain, omit_defaults=True, gc=False):
    """A page or screen call, with what names its page."""

    context: _ViewContext | None = None
    properties: _Properties | None = None


class _Fact(_Plain, omit_defaults=True, gc=False):
    """A track call of Onefold's own, which may be a company's."""

    groupId: Raw = _ABSENT
    space: Raw = _ABSENT


class _Group(_Fact, omit_defaults=True, gc=False):
    traits: Raw = _ABSENT  # type: ignore[assignment]  # all of them


class _IdentifyContext(_Context, omit_defaults=True, gc=False):
    traits: Raw = _ABSENT  # type: ignore[assignment]  # all of them


class _Identify(_Plain, omit_defaults=True, gc=False):
    traits: Raw = _ABSENT  # type: ignore[assignment]  # all of them
    context: _IdentifyContext | None = None


_PLAIN: Final = msgspec.json.Decoder(_Plain).decode
_READERS: Final[dict[Kind, Callable[[bytes], _Plain]]] = {
    Kind.IDENTIFY: msgspec.json.Decoder(_Identify).decode,
    Kind.TRACK: _PLAIN,
    Kind.GROUP: msgspec.json.Decoder(_Group).decode,
    Kind.ALIAS: _PLAIN,
}
_INTERNAL_READERS: Final = {**_READERS, Kind.TRACK: msgspec.json.Decoder(_Fact).decode}
_read_view: Final = msgspec.json.Decoder(_View).decode
_encode: Final = msgspec.json.Encoder().encode


def stands_alone(kind: Kind, name: str) -> bool:
    """Whether each such event counts by itself, whatever it says: a decision about links, a statement of consent."""
    return kind is _LINK or (kind is _TRACK and name in CONSENT_EVENTS)


def gists_of(kind: Kind, bodies: Iterable[bytes], *, is_internal: bool = False) -> list[bytes]:
    """The gists of accepted events of one kind that don't stand alone and are no views. Cost: 1 µs each.

    `is_internal`: they are Onefold's own, whose track calls may be companies'; else a track's gist is a page's.
    Raises Broken.
    """
    readers = _INTERNAL_READERS if is_internal else _READERS
    try:
        return list(map(_encode, map(readers[kind], bodies)))
    except JSON_FAULTS as fault:
        raise _unreadable() from fault


def views_of(names: Iterable[str], bodies: Iterable[bytes]) -> tuple[list[bytes], list[str]]:
    """The gists of page or screen calls, and each one's page as in `Decoded.page`. Cost: 2 µs each. Raises Broken."""
    try:
        views = list(map(_read_view, bodies))
    except JSON_FAULTS as fault:
        raise _unreadable() from fault
    pages = [_page(view, name) for view, name in zip(views, names, strict=True)]
    return list(map(_encode, views)), pages


def readable(kind: Kind, gist: bytes) -> bytes:
    """A gist as the body of an event that `decode_accepted` reads."""
    return b'{"type":"%s"%s%s' % (_TYPES[kind], b"" if gist == b"{}" else b",", gist[1:])


def _unreadable() -> Broken:
    return Broken("An accepted event can't be read any more.")


def _page(view: _View, name: str) -> str:
    """Its page, which the gist then doesn't hold."""
    properties = {"path": view.properties.path} if view.properties else {}
    context = {"page": view.context.page} if view.context else {}
    view.properties = None
    if view.context:
        view.context.page = None
    return page_of(name, properties, context)
