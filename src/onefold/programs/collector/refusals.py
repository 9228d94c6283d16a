"""Why the collector says no to a whole request. `code` and `message` are part of the API: clients branch on them."""

from onefold.kernel.errors import Forbidden, NotFound, Rejected, Unavailable


class InvalidJson(Rejected):
    """The body is not JSON."""

    code = "invalid_json"


class InvalidBatch(Rejected):
    """JSON, but not a call and not a batch of calls."""

    code = "invalid_batch"


class TooManyEvents(Rejected):
    """More events than a request may hold."""

    code = "too_many_events"


class TooLarge(Rejected):
    """The body has too many bytes, as sent or after decompression."""

    code = "request_too_large"
    status = 413


class InvalidEncoding(Rejected):
    """The body is not what its Content-Encoding says."""

    code = "invalid_encoding"


class TooSlow(Rejected):
    """The body did not arrive in time."""

    code = "request_timeout"
    status = 408


class KeyMissing(Rejected):
    """No key in header, body or query."""

    code = "missing_write_key"
    status = 401


class KeyMayNotWrite(Forbidden):
    """A key that was made for reading."""

    code = "key_may_not_write"


class OriginForbidden(Forbidden):
    """A page of a site that the source does not allow."""

    code = "origin_not_allowed"


class PathUnknown(NotFound):
    """No such endpoint."""

    code = "not_found"


class MethodForbidden(Rejected):
    """The endpoint is there, for another method."""

    code = "method_not_allowed"
    status = 405


class RateLimited(Rejected):
    """The source sends more events a second than it may."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class FormUnknown(NotFound):
    """There is no form of this key, or it isn't published."""

    code = "form_unknown"


class FormTypeUnknown(Rejected):
    """What a form takes is JSON, or what browsers send of a form."""

    code = "unsupported_media_type"
    status = 415


class Full(Unavailable):
    """More requests wait for their commit than fit."""

    code = "queue_full"


class NotDurable(Unavailable):
    """The commit was not confirmed in time: the events may be stored or not. Sent again, they count once."""

    code = "not_stored"


class ClientGone(Exception):
    """The client closed the connection before its body was whole; nobody waits for an answer."""
