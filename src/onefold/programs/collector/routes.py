"""From a path to what is wanted. Pure. Lenient: clients are configured with all kinds of bases.

`/v1` may be there, missing or doubled, slashes too; see docs/reference/tracking-api.md.
"""

from enum import Enum, auto
from functools import lru_cache
from typing import Final, NamedTuple


class Action(Enum):
    """What a path is for."""

    EVENTS = auto()
    PIXEL = auto()
    METRICS = auto()  # a browser library's figures about itself
    SETTINGS = auto()  # of analytics.js
    SOURCE_CONFIG = auto()  # of RudderStack's SDKs
    SDK = auto()  # the browser library itself
    FORM = auto()  # a form, its script, what is sent by it
    HEALTH = auto()
    UNKNOWN = auto()


class Route(NamedTuple):
    """An action and what the path says about it."""

    action: Action
    kind: str = ""  # the type of the one event that is sent; "" = the body says
    is_bulk: bool = False
    is_jitsu: bool = False
    write_key: str = ""
    file: str = ""  # of the browser library, or of a form: "script", "token", "page", "confirm"
    form: str = ""  # key of a form
    token: str = ""  # of a link that confirms


KINDS: Final = {
    "identify": "identify",
    "track": "track",
    "page": "page",
    "screen": "screen",
    "group": "group",
    "alias": "alias",
    "i": "identify",
    "t": "track",
    "p": "page",
    "s": "screen",
    "g": "group",
    "a": "alias",
}
_BATCHES: Final = ("batch", "b", "import")
_JITSU: Final = ("api", "s")
_PREFIXES: Final = ((), ("batch",), ("beacon",), _JITSU, (*_JITSU, "s2s"))


@lru_cache(maxsize=4096)
def route_of(path: str) -> Route:
    """Cost: a look-up for a path that came before."""
    parts = [part for part in path.split("/") if part and part.lower() != "v1"]
    if not parts:
        return Route(Action.UNKNOWN)
    return _form(parts) if parts[0].lower() == "forms" else _tracking(parts)


def _tracking(parts: list[str]) -> Route:
    names = [part.lower() for part in parts]
    *prefix, last = names
    if last == "settings" and len(parts) > 2 and names[-3] == "projects":
        return Route(Action.SETTINGS, write_key=parts[-2])
    if file := _sdk_file(names, parts[-1]):
        return Route(Action.SDK, file=file)
    if last == "sourceconfig" or names == ["health"]:
        return Route(Action.HEALTH if last == "health" else Action.SOURCE_CONFIG)
    base = tuple(dict.fromkeys(prefix))  # /batch/batch, /pixel/pixel: a base that is configured twice
    if base == ("pixel",) and last in KINDS:
        return Route(Action.PIXEL, KINDS[last])
    if base not in _PREFIXES:
        return Route(Action.UNKNOWN)
    is_jitsu = base[:2] == _JITSU
    if last in KINDS:
        return Route(Action.EVENTS, KINDS[last], is_jitsu=is_jitsu)
    if last in _BATCHES:
        return Route(Action.EVENTS, is_bulk=last == "import", is_jitsu=is_jitsu)
    if last == "m" and not base:
        return Route(Action.METRICS)
    return Route(Action.EVENTS, is_jitsu=True) if is_jitsu else Route(Action.UNKNOWN)


def _form(parts: list[str]) -> Route:
    """/forms/KEY, /forms/KEY.js, /forms/KEY/token, /forms/KEY/confirm/TOKEN."""
    match parts[1:]:
        case [key] if key.endswith(".js"):
            return Route(Action.FORM, file="script", form=key.removesuffix(".js"))
        case [key]:
            return Route(Action.FORM, file="page", form=key)
        case [key, "token"]:
            return Route(Action.FORM, file="token", form=key)
        case [key, "confirm", token]:
            return Route(Action.FORM, file="confirm", form=key, token=token)
        case _:
            return Route(Action.UNKNOWN)


def _sdk_file(names: list[str], last: str) -> str:
    """The file of the browser library that a path names, where Segment's snippet and the library expect it."""
    if names == ["onefold.js"] or (names[0] == "analytics.js" and names[-1] in ("analytics.min.js", "analytics.js")):
        return "analytics.min.js"
    return last if names[:-1] == ["analytics-next", "bundles"] else ""
