"""What a tracking event is once it is decoded, and every reason for which one can fail."""

from enum import IntEnum, IntFlag, StrEnum

import msgspec


class Kind(IntEnum):
    """The call that made the event; stored in `event.kind`."""

    IDENTIFY = 1
    TRACK = 2
    PAGE = 3
    SCREEN = 4
    GROUP = 5
    ALIAS = 6
    LINK = 7  # a steward's never/always link; internal source only
    RETRACT = 8  # takes events back; internal source only
    REQUEST = 9  # a request about privacy that waits in its table; internal source only, never stored


class Trust(IntEnum):
    """How far the sender is believed when identifiers are linked."""

    PUBLIC = 0  # a key that stands in a page's HTML
    SIGNED = 1
    SECRET = 2  # a server's key, an import, Onefold itself


class Flag(IntFlag):
    """Marks on an accepted event; stored in `event.flags`."""

    BOT = 1
    TIME_CLAMPED = 2  # lay in the future after correction: receipt taken instead
    TIME_CORRECTED = 4  # moved by the client's clock skew
    TEXT_CLEANED = 8  # NUL, lone surrogates or invalid UTF-8 were replaced by U+FFFD
    GPC = 16  # the browser asked by Sec-GPC not to sell or share


class Reason(StrEnum):
    """Why an event, or (the last group) a part of it, was not accepted."""

    NOT_AN_OBJECT = "not_an_object"
    MALFORMED = "malformed"
    TOO_LARGE = "event_too_large"
    NESTED_TOO_DEEP = "nested_too_deep"
    TYPE_UNKNOWN = "type_unknown"
    FIELD_WRONG_TYPE = "field_wrong_type"
    NO_IDENTIFIER = "no_user_anon_id"
    NO_EVENT_NAME = "no_event_name"
    NO_GROUP_ID = "no_group_id"
    NO_PREVIOUS_ID = "no_previous_id"
    ID_TOO_LONG = "id_too_long"
    MESSAGE_ID_TOO_LONG = "message_id_too_long"
    TOO_MANY_TRAITS = "too_many_traits"
    TRAIT_TOO_LARGE = "trait_too_large"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    TIMESTAMP_INVALID = "timestamp_invalid"
    TOO_MANY_EVENTS = "too_many_events"
    RULE_INVALID = "rule_invalid"
    CONSENT_DENIED = "consent_denied"  # nothing of it is kept
    SUPPRESSED = "suppressed"  # names somebody who was erased; nothing of it is kept
    PROCESSING_FAILED = "processing_failed"  # a defect of ours; the whole request is kept
    # not fatal: the event is accepted without the part
    IDENTIFIER_BLOCKED = "identifier_blocked"
    IDENTIFIER_INVALID = "identifier_invalid"
    IDENTIFIER_TYPE_UNKNOWN = "identifier_type_unknown"
    HASH_COLLISION = "hash_collision"


NOTHING_KEPT = frozenset((Reason.CONSENT_DENIED, Reason.SUPPRESSED))
"""Of what is refused for these reasons a receipt is kept, and nothing that it said; it leaves the log as well."""


class Decoded(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One well-formed event. Instants are µs since 1970 UTC. Identifier fields are as sent, not normalised."""

    id: bytes  # 16, see kernel/hashing.py
    source_id: int
    kind: Kind
    name: str  # event name of a track; page or screen name; "" otherwise
    ts: int  # corrected for skew; never after received_at
    received_at: int
    trust: Trust
    flags: int
    message_id: str
    user_id: str | None
    anonymous_id: str | None
    previous_id: str | None
    group_id: str | None
    space: str | None = None  # the user space of `group_id`, if Onefold's own event names one; else it is the source's
    email: str | None  # traits.email or context.traits.email
    phone: str | None
    device_id: str | None  # context.device.id
    advertising_id: str | None  # context.device.advertisingId
    external_ids: tuple[tuple[str, str], ...]  # (type, id) of context.externalIds
    traits: msgspec.Raw  # JSON object: of an identify (traits, or context.traits) or group; b"" otherwise
    page: str = ""  # of a page or screen call: the path without its query, else the name
    consents: tuple[tuple[str, bool], ...] = ()  # (purpose, granted) as events/consent.py reads them
    body: bytes  # the event's JSON, at most 32 KB

    @property
    def is_of_company(self) -> bool:
        """Whether it names a company and nobody: an event of the company's own, as Onefold alone may log."""
        return (
            self.group_id is not None
            and (self.kind is Kind.GROUP or self.kind is Kind.TRACK)
            and not (self.user_id or self.anonymous_id or self.external_ids)
        )

    @property
    def tells_of_company(self) -> bool:
        """Whether it says something of a company: a group call, or an event of the company's own."""
        return self.kind is Kind.GROUP or self.is_of_company


class Violation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An event, or part of one, that was refused."""

    source_id: int
    received_at: int
    message_id: str  # "" if it had none
    kind: str
    reason: Reason
    detail: str  # one sentence: what is wrong, where, what is allowed
    is_fatal: bool
    body: bytes  # at most 32 KB of it


class LogRow(msgspec.Struct, frozen=True, gc=False):
    """One stored request; see `event_log`."""

    epoch: int
    xid: int
    off: int
    lane: int
    source_id: int
    trust: Trust
    received_at: int  # µs
    n: int
    ip: str
    user_agent: str
    body: bytes
