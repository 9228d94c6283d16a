"""The lake's tables: their columns, types, units and meaning. Pure; docs/reference/lake.md is made from this."""

from typing import Final, NamedTuple

BUCKETS: Final = 16
"""Into how many parts a month is divided, by `profile_id`."""
FRESH_MONTH: Final = "fresh"
FRESH_BUCKET: Final = -1
"""The partition of what was flushed but not yet filed by month and bucket."""
ROW_GROUP_ROWS: Final = 20_000
ROW_GROUP_BYTES: Final = 32 * 1024 * 1024
"""Before compression. Of rows that are large a group has fewer: readers hold some groups in memory."""


class Column(NamedTuple):
    """`type`: of Delta (and so of Spark): long, integer, string, double, boolean, binary, timestamp (UTC, µs)."""

    name: str
    type: str
    meaning: str
    is_personal: bool = False
    """May tell who somebody is: masked for roles that don't see personal data."""


class Table(NamedTuple):
    """A Delta table below the lake's folder; files are sorted by `sorted_by`."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    partitioned_by: tuple[str, ...] = ()
    sorted_by: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of this name."""
        return next((column for column in self.columns if column.name == name), None)


EVENTS: Final = Table(
    "events",
    "Accepted events, one row each.",
    (
        Column("month", "string", f"Partition: `YYYY-MM` of `ts` in UTC, or `{FRESH_MONTH}` until the event is filed"),
        Column("bucket", "integer", f"Partition: `profile_id` modulo {BUCKETS}, or {FRESH_BUCKET} until it is filed"),
        Column(
            "profile_id",
            "long",
            "Whom it belongs to, as of the writing; see `fragment_overrides`. `company_id` if it is a company's own",
        ),
        Column("ts", "timestamp", "When it happened, by the corrected clock of the client"),
        Column("event_id", "binary", "Of source and message id, 16 bytes. A message may be accepted again after 24 h"),
        Column("position", "long", "Its place in the order of acceptance: unique, never used again"),
        Column("fragment_id", "long", "`identifier_id` of its strongest identifier, or `company_id`. Never changes"),
        Column("received_at", "timestamp", "When the collector received it"),
        Column("source_id", "integer", "The source that sent it"),
        Column("kind", "string", "identify, track, page, screen, group, alias; link, retract: users' decisions"),
        Column("trust", "integer", "How far the sender is believed: 0 public key, 1 signed, 2 secret key"),
        Column(
            "flags",
            "integer",
            "Bits: 1 robot, 2 time clamped, 4 corrected, 8 text cleaned, 16 not to be sold",
        ),
        Column("name", "string", "Of a track the event's name, of a page or screen its own; else empty"),
        Column("message_id", "string", "As sent; a receipt is asked for by source and message id"),
        Column("user_id", "string", "As sent", is_personal=True),
        Column("anonymous_id", "string", "As sent"),
        Column("group_id", "string", "As sent: the company, of a group call or of an event of its own"),
        Column("context_page_url", "string", "context.page.url", is_personal=True),
        Column("context_page_path", "string", "context.page.path"),
        Column("context_page_referrer", "string", "context.page.referrer", is_personal=True),
        Column("context_campaign_name", "string", "context.campaign.name"),
        Column("context_campaign_source", "string", "context.campaign.source"),
        Column("context_campaign_medium", "string", "context.campaign.medium"),
        Column("body", "string", "The whole event as it was sent: JSON", is_personal=True),
    ),
    ("month", "bucket"),
    ("profile_id", "ts", "event_id"),
)
PROPERTY_PREFIX: Final = "p_"
"""Begins the name of a promoted column: a property of events that has become a column of its own."""

FRAGMENT_OVERRIDES: Final = Table(
    "fragment_overrides",
    "Fragments that merged or split since their events were written: their present profile.",
    (
        Column("fragment_id", "long", "The fragment"),
        Column("profile_id", "long", "Whom its events belong to now, whatever `events.profile_id` says"),
    ),
    sorted_by=("fragment_id",),
)
PROFILES: Final = Table(
    "profiles",
    "People as they are, one row each.",
    (
        Column("bucket", "integer", f"Partition: `profile_id` modulo {BUCKETS}"),
        Column("profile_id", "long", "The person"),
        Column("name", "string", "Their name", is_personal=True),
        Column("email", "string", "Their e-mail address", is_personal=True),
        Column("phone", "string", "Their phone number, E.164", is_personal=True),
        Column("company_id", "long", "`company_id` of `companies`: where they belong to; null = nowhere"),
        Column("is_known", "boolean", "Whether they have told who they are"),
        Column("first_seen", "timestamp", "Their first event"),
        Column("last_seen", "timestamp", "Their last event"),
        Column("traits", "string", "What is known of them: a JSON object", is_personal=True),
        Column("consents", "string", "What they allow (`true`) or deny: a JSON object by purpose"),
    ),
    ("bucket",),
    ("profile_id",),
)
IDENTIFIERS: Final = Table(
    "identifiers",
    "Identifiers, and whose they are.",
    (
        Column("bucket", "integer", f"Partition: `profile_id` modulo {BUCKETS}"),
        Column("profile_id", "long", "Whose it is today; of a shared one itself"),
        Column("identifier_id", "long", "Hash of namespace and value; `fragment_id` of the events that it heads"),
        Column("namespace", "string", "What it is: user_id, email, phone, anonymous_id, shop:user_id …"),
        Column("value", "string", "Normalised", is_personal=True),
        Column("first_received_at", "timestamp", "When it was first received"),
        Column("n_events", "long", "Events that it heads"),
        Column("first_ts", "timestamp", "The first of those"),
        Column("last_ts", "timestamp", "The last of those"),
    ),
    ("bucket",),
    ("profile_id", "identifier_id"),
)
COMPANIES: Final = Table(
    "companies",
    "Companies, one row each.",
    (
        Column("company_id", "long", "The company"),
        Column("space", "string", "Of which sources' keys it is"),
        Column("key", "string", "Its id as sent"),
        Column("name", "string", "Its name"),
        Column("n_events", "long", "Group calls that name it, and events of its own"),
        Column("first_seen", "timestamp", "The first of those"),
        Column("last_seen", "timestamp", "The last of those"),
        Column("traits", "string", "What is known of it: a JSON object"),
    ),
    sorted_by=("company_id",),
)
MEMBERSHIPS: Final = Table(
    "memberships",
    "Who was or is in which audience of people, one row each time: from entering to leaving.",
    (
        Column("bucket", "integer", f"Partition: `profile_id` modulo {BUCKETS}"),
        Column("profile_id", "long", "The person, by the id that they had then: a merge ends it, and begins another"),
        Column("audience_id", "integer", "The audience; also one that was removed"),
        Column("entered_at", "timestamp", "When they entered"),
        Column("entered_cause", "string", "event, time, rule, identity, taken_back: what brought it about"),
        Column("entered_event", "binary", "`event_id` of the event that did; null = none"),
        Column("entered_from", "long", "Of a merge: the `profile_id` under which they were in before"),
        Column("version", "integer", "Of the rule by which they entered"),
        Column("left_at", "timestamp", "When they left; null = they are in"),
        Column("left_cause", "string", "As `entered_cause`; also removed: the audience was. Null = they are in"),
        Column("left_event", "binary", "As `entered_event`"),
        Column("left_to", "long", "Of a merge: the `profile_id` under which they are in since"),
    ),
    ("bucket",),
    ("profile_id", "audience_id", "entered_at"),
)
TABLES: Final = (EVENTS, PROFILES, IDENTIFIERS, COMPANIES, MEMBERSHIPS, FRAGMENT_OVERRIDES)
