"""What to do about each reason for which an event or a request is refused. Marked for translation where it is made."""

from typing import Final

from onefold.events.event import Reason
from onefold.kernel.marking import marked as _

REMEDIES: Final[dict[str, str]] = {
    Reason.NOT_AN_OBJECT: _("Send each event as a JSON object."),
    Reason.MALFORMED: _("Send valid JSON; a library from the source's page does."),
    Reason.TOO_LARGE: _("Send less in one event, or raise the collector's limit for one event, then replay."),
    Reason.NESTED_TOO_DEEP: _("Send flatter objects."),
    Reason.TYPE_UNKNOWN: _("Use one of identify, track, page, screen, group, alias."),
    Reason.FIELD_WRONG_TYPE: _("Change the field to the type that is named."),
    Reason.NO_IDENTIFIER: _("Send a userId or an anonymousId with the event."),
    Reason.NO_EVENT_NAME: _("Give the track call an event name."),
    Reason.NO_GROUP_ID: _("Give the group call a groupId."),
    Reason.NO_PREVIOUS_ID: _("Give the alias call a previousId."),
    Reason.ID_TOO_LONG: _("Send a shorter id."),
    Reason.MESSAGE_ID_TOO_LONG: _("Send a messageId of up to 100 characters, or none."),
    Reason.TOO_MANY_TRAITS: _("Send up to 300 traits in one call."),
    Reason.TRAIT_TOO_LARGE: _("Send a smaller value for the trait that is named."),
    Reason.NUMBER_OUT_OF_RANGE: _("Send the number as text."),
    Reason.TIMESTAMP_INVALID: _("Send the time as ISO 8601, like 2026-01-02T10:00:00Z."),
    Reason.TOO_MANY_EVENTS: _("Send smaller batches, or raise the collector's limit for a request."),
    Reason.RULE_INVALID: _("This is a decision of Onefold itself in the wrong shape. Report it."),
    Reason.CONSENT_DENIED: _("Nothing: the person denied it, so the event isn't kept."),
    Reason.SUPPRESSED: _("Nothing: it names somebody who was erased and is kept away."),
    Reason.PROCESSING_FAILED: _("This is a defect of Onefold. Report it, and replay after the upgrade that mends it."),
    Reason.IDENTIFIER_BLOCKED: _("Leave the field out where there is no value."),
    Reason.IDENTIFIER_INVALID: _("Send the value in a valid form, or leave it out."),
    Reason.IDENTIFIER_TYPE_UNKNOWN: _("Use a namespace that is configured."),
    Reason.HASH_COLLISION: _("Two identifiers have the same hash, which is next to impossible. Report it."),
}
"""Reason → one sentence."""

REQUEST_REMEDIES: Final[dict[str, str]] = {
    "origin_not_allowed": _("Add the web site to the source's settings."),
    "source_disabled": _("Enable the source."),
    "key_may_not_write": _("Use a key with the scope write."),
    "rate_limited": _("Raise the source's limit, or send slower."),
    "too_many_events": _("Send smaller batches."),
    "request_too_large": _("Send smaller batches."),
    "invalid_json": _("Send valid JSON; a library from the list below does."),
    "invalid_batch": _("Send one call, or a batch of calls."),
    "invalid_encoding": _("Send the body as its Content-Encoding says."),
    "queue_full": _("The collector was overloaded; libraries send again by themselves."),
    "not_stored": _("The database was away; libraries send again by themselves."),
}
"""Code of a refused request, as the collector answers it → one sentence."""
