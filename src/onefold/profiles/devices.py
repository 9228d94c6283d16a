"""On what a person was seen: browsers, phones and apps, read off the user agents of their events. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from onefold.profiles.timeline import Entry

MAX_DEVICES: Final = 8
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Macintosh", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
_PHONES: Final = frozenset(("iPhone", "iPad", "Android"))


@dataclass(frozen=True, kw_only=True)
class Device:
    """Something a person used; `last_seen` among the events that were looked at."""

    title: str
    icon: str
    last_seen: datetime
    n: int


class _Body(msgspec.Struct, gc=False):
    """What is read of an event: not its properties, which are most of it."""

    context: Any = None
    anonymousId: Any = None


_decoder = msgspec.json.Decoder(_Body)


def devices_of(entries: Iterable[Entry]) -> list[Device]:
    """The devices of these events, newest first: one for each name and (anonymous or device) id."""
    found: dict[tuple[str, str], list[datetime]] = {}
    for entry in entries:
        body = _decoder.decode(entry.body)
        if isinstance(body.context, dict) and not entry.is_bot and (title := _title(body.context)):
            device = body.context.get("device")
            own = device.get("id") if isinstance(device, dict) else None
            found.setdefault((title, str(own or body.anonymousId or "")), []).append(entry.ts)
    devices = [
        Device(title=title, icon=_icon(title), last_seen=max(times), n=len(times))
        for (title, _own), times in found.items()
    ]
    return sorted(devices, key=lambda one: one.last_seen, reverse=True)[:MAX_DEVICES]


def _title(context: dict[str, Any]) -> str:
    device, agent = context.get("device"), context.get("userAgent")
    if isinstance(device, dict) and isinstance(device.get("model") or device.get("name"), str):
        return str(device.get("model") or device.get("name"))[:60]
    if not isinstance(agent, str):
        return ""
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part)


def _icon(title: str) -> str:
    return "device-mobile" if any(name in title for name in _PHONES) or "," not in title else "device-laptop"
