"""Make a request's JSON safe to keep: valid UTF-8, no NUL, no lone surrogates, no bottomless nesting. Pure.

Works on the bytes, without parsing: numbers, order and white space stay as they were sent. Whether it *is* JSON shows
when the envelope is read.
"""

import re
from typing import Any, Final

_BOM: Final = b"\xef\xbb\xbf"
_NOT_OPENERS: Final = bytes(byte for byte in range(256) if byte not in b"{[")
# Within valid JSON a backslash stands only in a string, and what follows it belongs to it; so, read from the left,
# a surrogate pair is one match, and what is left of surrogates is lone.
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<bad>u0000|u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|.)",
    re.DOTALL,
)


def clean_text(raw: bytes) -> tuple[bytes, bool]:
    """`raw` as valid UTF-8 without NUL and lone surrogates (U+FFFD stands for them), and whether any were there.

    A byte order mark goes too. Cost: some byte searches (1 µs a KB) unless something may have to be replaced.
    """
    sent = clean = raw.removeprefix(_BOM)
    if not clean.isascii():
        try:
            clean.decode()
        except UnicodeDecodeError:
            clean = clean.decode(errors="replace").encode()
    if b"\\u0000" in clean or b"\\ud" in clean or b"\\uD" in clean:
        clean = _ESCAPE.sub(lambda match: rb"\ufffd" if match["bad"] else match[0], clean)
    return clean, clean != sent


def has_replacement(raw: bytes) -> bool:
    """Whether the text holds U+FFFD, as `clean_text` leaves it."""
    return rb"\ufffd" in raw or b"\xef\xbf\xbd" in raw


def is_deeper(raw: bytes, value: Any, max_depth: int) -> bool:  # noqa: ANN401 JSON
    """Whether objects and lists of `value`, decoded from `raw`, stand more than `max_depth` deep within each other.

    Cost: half a µs a KB for one that has no more than `max_depth` of them in all; else one walk.
    """
    if len(raw.translate(None, _NOT_OPENERS)) <= max_depth:
        return False
    level = [value]
    for _ in range(max_depth):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) in (dict, list)
        ]
        if not level:
            return False
    return True
