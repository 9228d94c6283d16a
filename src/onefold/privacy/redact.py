"""Find and take out what names an erased person in somebody else's JSON. Pure."""

import json
from collections.abc import Collection
from typing import Any, Final

import msgspec

from onefold.events.api import JSON_FAULTS
from onefold.identity.api import Extractor, Identifier

LONG_CHARS: Final = 6
LONG_DIGITS: Final = 10
_IDENTIFYING: Final = frozenset(
    {"userId", "user_id", "previousId", "anonymousId", "anonymous_id", "id", "advertisingId", "email", "phone"}
)
_PHONE_CHARS: Final = frozenset("+0123456789 -().\u00a0/")
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode
_GONE: Final = object()


class Redactor:
    """Knows the identifiers of one person: (namespace, normalised value) pairs.

    A value that is long enough to be told from anything else is found wherever it stands alone, an e-mail address
    within a text as well, a phone number however it is written; a short one (`42`) in fields that hold ids only.
    """

    def __init__(self, identifiers: Collection[tuple[str, str]], extractor: Extractor) -> None:
        values = {value for _, value in identifiers}
        self.long = frozenset(value for value in values if _is_long(value))
        self._short = values - self.long
        self._emails = [value for namespace, value in identifiers if namespace == "email"]
        self._phones = frozenset(value for namespace, value in identifiers if namespace == "phone")
        self._extractor = extractor

    def needles(self) -> list[str]:
        """Texts in lower case, one of which is in whatever this finds (but for phone numbers with spaces)."""
        found = {text.lower() for text in (*self.long, *self._short, *(phone[-7:] for phone in self._phones))}
        return sorted(found | {json.dumps(text)[1:-1] for text in found})

    def redacted(self, body: bytes) -> bytes | None:
        """JSON without what names the person; None when nothing does. What is no JSON is `b""` if it names them."""
        try:
            value = _decode(body)
            clean = self._clean("", value)
        except JSON_FAULTS:
            text = body.decode(errors="replace")
            return b"" if self.is_in(text) else None
        if clean is value:
            return None
        return b"null" if clean is _GONE else _encode(clean)

    def is_in(self, text: str) -> bool:
        """Whether a text holds one of the long values, in whichever case."""
        lowered = text.lower()
        return any(known.lower() in lowered for known in self.long)

    def _clean(self, name: str, value: Any) -> Any:  # noqa: ANN401 JSON
        """The value itself when nothing in it names the person, a copy without that, or _GONE."""
        if type(value) is dict:
            pairs = {key: _GONE if self._is_theirs("", key) else self._clean(key, item) for key, item in value.items()}
            if all(pairs[key] is value[key] for key in value):
                return value
            return {key: item for key, item in pairs.items() if item is not _GONE}
        if type(value) is list:
            items = [self._clean(name, item) for item in value]
            if all(new is old for new, old in zip(items, value, strict=True)):
                return value
            return [item for item in items if item is not _GONE]
        if type(value) is str:
            return _GONE if self._is_theirs(name, value) else value
        if type(value) in (int, float):
            text = str(int(value)) if type(value) is float and value.is_integer() else str(value)
            return _GONE if self._is_theirs(name, text) else value
        return value

    def _is_theirs(self, name: str, text: str) -> bool:
        stripped = text.strip()
        if stripped in self.long or (stripped in self._short and name in _IDENTIFYING):
            return True
        if self._emails and "@" in text and any(email in text.lower() for email in self._emails):
            return True
        return bool(self._phones) and self._is_phone(stripped)

    def _is_phone(self, text: str) -> bool:
        if not 7 <= len(text) <= 40 or not _PHONE_CHARS.issuperset(text):
            return False
        found = self._extractor.normalise("phone", text)
        return isinstance(found, Identifier) and found.value in self._phones


def _is_long(value: str) -> bool:
    return len(value) >= (LONG_DIGITS if value.isdigit() else LONG_CHARS)
