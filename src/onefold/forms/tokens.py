"""Signed texts: when a form was shown, and which submission a mail's link confirms. Pure."""

import base64
import binascii
import hmac
import struct
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

NONCE_BYTES: Final = 12
_SIGNATURE_BYTES: Final = 16
_HEAD: Final = struct.Struct(">Q")
_SHOWN: Final = b"shown"
_CONFIRM: Final = b"confirm"


class Shown(NamedTuple):
    """What a token says: when the form was shown (Unix s), and which showing it was."""

    at_s: int
    nonce: bytes


def shown_token(secret: bytes, at_s: int, nonce: bytes) -> str:
    """Goes out with a form, comes back with what is sent. `nonce`: NONCE_BYTES random bytes."""
    body = _HEAD.pack(at_s) + nonce
    return _text(body + _signature(secret, _SHOWN, body))


def read_shown(secret: bytes, token: str) -> Shown | None:
    """None for what this form never gave out."""
    body = _body(secret, _SHOWN, token)
    if body is None or len(body) != _HEAD.size + NONCE_BYTES:
        return None
    return Shown(_HEAD.unpack_from(body)[0], body[_HEAD.size :])


def confirm_token(secret: bytes, submission: UUID) -> str:
    """Stands in the link of a mail: who has it can read the address's mail."""
    return _text(submission.bytes + _signature(secret, _CONFIRM, submission.bytes))


def read_confirm(secret: bytes, token: str) -> UUID | None:
    """The submission; None for a forged link."""
    body = _body(secret, _CONFIRM, token)
    return UUID(bytes=body) if body is not None and len(body) == 16 else None


def _signature(secret: bytes, purpose: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, purpose + b":" + body, sha256)[:_SIGNATURE_BYTES]


def _body(secret: bytes, purpose: bytes, token: str) -> bytes | None:
    if len(token) > 200 or not token.isascii():
        return None
    try:
        whole = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    body, signature = whole[:-_SIGNATURE_BYTES], whole[-_SIGNATURE_BYTES:]
    return body if hmac.compare_digest(signature, _signature(secret, purpose, body)) else None


def _text(body: bytes) -> str:
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()
