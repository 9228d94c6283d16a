"""The three ways in which anything here fails. Each error class carries a stable `code`."""

from collections.abc import Mapping
from typing import ClassVar


class OnefoldError(Exception):
    """Root of every error that Onefold raises on purpose; `str()` of it is fit for a person."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    @property
    def details(self) -> Mapping[str, object]:
        """What programs are told besides code and message."""
        return {}


class Rejected(OnefoldError):
    """The caller must change something. Never retried; the message says what is allowed."""

    code = "rejected"
    status = 400


class NotFound(Rejected):
    """What was asked for is not there (any more)."""

    code = "not_found"
    status = 404


class Forbidden(Rejected):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403


class Unavailable(OnefoldError):
    """Something outside is down or full. Retried with back-off."""

    code = "unavailable"
    status = 503


class Broken(OnefoldError):
    """A promise of ours failed: a defect. Alarmed, not retried."""

    code = "broken"
    status = 500
