"""Personal data shown on request: one person's, for ten minutes, to whoever asked. The audit log has the asking."""

import re
import time
from typing import Final

from django.http import HttpRequest

LASTS_S: Final = 600
_SESSION_KEY: Final = "revealed"
_PERSON: Final = re.compile(r"/(?:people|api/profiles)/([0-9a-f]{16})(?=/|$)")


def person_in(path: str) -> str:
    """The profile id in the address of a person's page or of a piece of it; empty = none."""
    found = _PERSON.match(path)
    return found[1] if found else ""


def is_revealed(request: HttpRequest) -> bool:
    """Whether this session asked for the person whose page this is, and the time isn't over."""
    person = person_in(request.path)
    if not person:
        return False
    return float(request.session.get(_SESSION_KEY, {}).get(person, 0)) > time.time()


def reveal(request: HttpRequest, person: str) -> None:
    """From now on this session sees the person's data, until the time is over."""
    now = time.time()
    standing = {one: until for one, until in request.session.get(_SESSION_KEY, {}).items() if until > now}
    request.session[_SESSION_KEY] = standing | {person: now + LASTS_S}
