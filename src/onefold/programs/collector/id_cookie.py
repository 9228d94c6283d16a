"""The cookie by which a browser is known again when its storage was emptied: set by us, read by no script. Pure.

Browsers let scripts keep an id for as little as seven days; a cookie that the server sets may stay for 400.
"""

import re
import secrets
from typing import Final

from onefold.events.api import Source
from onefold.programs.collector.answers import Header
from onefold.programs.collector.caller import Headers

NAME: Final = b"of_id"
MAX_AGE_S: Final = 395 * 86_400  # browsers cut at 400 days
_VALUE: Final = re.compile(rb"(?:^|;)\s*of_id=([A-Za-z0-9_-]{22})(?:;|$)")


def known_id(source: Source, headers: Headers) -> str:
    """The device id that the browser's cookie holds; "" where there is none or none is wanted.

    An id counts when it comes back, so that a browser which keeps no cookies does not get a new one with every event.
    """
    if not _is_wanted(source, headers):
        return ""
    found = _VALUE.search(headers.get(b"cookie", b""))
    return f"of-{found[1].decode()}" if found else ""


def cookie_header(source: Source, headers: Headers, known: str, *, is_secure: bool) -> tuple[Header, ...]:
    """What keeps the id for another year, or gives a browser its first."""
    if not _is_wanted(source, headers):
        return ()
    value = known.removeprefix("of-") or secrets.token_urlsafe(16)
    secure = b"; Secure" if is_secure else b""
    cookie = b"%s=%s; Max-Age=%d; Path=/; HttpOnly; SameSite=Lax%s" % (NAME, value.encode(), MAX_AGE_S, secure)
    return ((b"set-cookie", cookie),)


def _is_wanted(source: Source, headers: Headers) -> bool:
    """The source says so, the page is of our own site, and the person has not asked to be left alone."""
    return (
        source.id_cookie
        and headers.get(b"sec-fetch-site") in (b"same-origin", b"same-site")
        and headers.get(b"sec-gpc", b"").strip() != b"1"
    )
