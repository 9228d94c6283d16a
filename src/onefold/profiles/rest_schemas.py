"""The shapes that the REST API of this slice answers with and takes; what `/api/openapi.json` is made of."""

from datetime import datetime
from typing import Any, Literal

from ninja import Field, Schema


class IdentifierOut(Schema):
    """An identifier of a person."""

    namespace: str = Field(examples=["email"])
    value: str = Field(examples=["ingrid@tindra.example"])
    first_received_at: datetime
    events: int = Field(description="Events of which it is the strongest identifier")
    first_seen: datetime | None
    last_seen: datetime | None


class CompanyRef(Schema):
    """A company that a person was seen in."""

    space: str = Field(description="User space of the source that named it; empty by default")
    key: str = Field(description="The groupId")
    name: str
    traits: dict[str, Any]
    last_seen: datetime


class EventOut(Schema):
    """An accepted event."""

    source: str = Field(description="Slug of the source")
    message_id: str
    type: str = Field(examples=["track"])
    name: str
    timestamp: datetime = Field(description="Corrected for the client's clock")
    received_at: datetime
    is_bot: bool
    body: dict[str, Any] = Field(description="The event as sent")


class ProfileOut(Schema):
    """A person. Lists are there only if `include` names them."""

    profile_id: str = Field(examples=["4f2a9c01d3e8b7a6"], description="Changes only when people are merged or split")
    as_of: datetime | None = Field(None, description="The past moment that was asked for")
    name: str
    email: str
    phone: str
    is_known: bool = Field(description="Has an identifier stronger than a device's")
    first_seen: datetime
    last_seen: datetime = Field(description="Rounded down to the hour, but never before first_seen")
    traits: dict[str, Any] | None = None
    identifiers: list[IdentifierOut] | None = None
    companies: list[CompanyRef] | None = Field(None, description="At most 100, the latest first")
    events: list[EventOut] | None = Field(None, description="The latest first")


class EvidenceOut(Schema):
    """An accepted event that something follows from."""

    source: str
    message_id: str
    type: str
    name: str
    timestamp: datetime
    received_at: datetime
    acting_user: str | None = Field(description="Who decided or edited, of Onefold's own events")


class ObstacleOut(Schema):
    """What keeps two identifiers apart."""

    reason: str = Field(description="never, limit, size, shared, busy, isolated, unlinked or other")
    sentence: str
    decision: EvidenceOut | None


class LinkWhyOut(Schema):
    """Two identifiers that were seen together or are linked by a decision."""

    a: str
    b: str
    by: Literal["seen_together", "decision"]
    first: datetime
    trust: Literal["public", "signed", "secret"]
    event: EvidenceOut | None = Field(description="The first that named both, or the decision; of the first 50 links")
    obstacle: ObstacleOut | None = Field(description="Why it doesn't join; null: it does")


class SaidOut(Schema):
    """What a source last said of a trait under one identifier."""

    value: Any
    counts: bool
    lost_by: Literal["priority", "older", "withdrawn"] | None
    sentence: str
    source: str
    priority: int
    fragment: str
    timestamp: datetime
    received_at: datetime
    event: EvidenceOut | None


class ChangeOut(EvidenceOut):
    """An event that said something of the trait."""

    value: Any


class MoveOut(Schema):
    """An identifier that changed its profile."""

    at: datetime
    identifier: str | None
    from_profile_id: str | None
    to_profile_id: str | None
    cause: str | None = Field(description="Id of the event that caused it")


class WhyOut(Schema):
    """Why something is so. Which fields there are depends on `about`."""

    profile_id: str
    as_of: datetime | None
    about: Literal["trait", "identifier", "pair", "person"]
    sentence: str
    trait: str | None = None
    value: Any = None
    values: list[SaidOut] | None = Field(None, description="What counts first")
    changes: list[ChangeOut] | None = Field(None, description="The newest first, of the latest 200 identify events")
    is_complete: bool | None = Field(None, description="Nothing older changed the trait")
    a: str | None = None
    b: str | None = None
    is_one_person: bool | None = None
    links: list[LinkWhyOut] | None = Field(None, description="What holds them together, or leads from one to the other")
    obstacles: list[ObstacleOut] | None = None
    refused: list[LinkWhyOut] | None = Field(None, description="Seen together with others and not joined; at most 200")
    moves: list[MoveOut] | None = Field(None, description="The latest 50")


class ListedOut(Schema):
    """A person in a list."""

    id: str
    name: str
    email: str
    phone: str
    company: str | None
    is_known: bool
    first_seen: datetime
    last_seen: datetime = Field(description="Floored to the hour")
    fields: dict[str, Any] = Field(description="What `fields` asked for; texts cut after 400 characters")


class PeopleOut(Schema):
    """A page of a list of people."""

    people: list[ListedOut]
    count: int = Field(description="Up to 1,000")
    is_count_capped: bool
    next: str | None = Field(description="`after` of the next page")


class CompanyOut(Schema):
    """A company."""

    space: str
    key: str
    name: str
    traits: dict[str, Any]
    events: int = Field(description="Number of group calls")
    first_seen: datetime
    last_seen: datetime


class FaultOut(Schema):
    """What was wrong with a message or a part of it."""

    at: datetime
    reason: str = Field(examples=["no_user_anon_id"])
    detail: str
    is_fatal: bool = Field(description="False: the event was accepted without the part")


class ReceiptOut(Schema):
    """What became of a message."""

    status: Literal["stored", "duplicate", "retracted", "refused", "pending", "unknown"]
    why: str = Field(description="A sentence for a person")
    source: str
    message_id: str
    received_at: datetime | None = Field(description="Of the delivery that counts")
    timestamp: datetime | None
    type: str | None
    name: str | None
    fragment: str | None = Field(description="Its strongest identifier", examples=["email:ingrid@tindra.example"])
    profile_id: str | None
    is_bot: bool | None
    is_time_corrected: bool | None
    is_time_clamped: bool | None
    duplicates: list[datetime] = Field(description="When it came again within 24 hours, the latest first")
    retracted_at: datetime | None
    violations: list[FaultOut]


class LinkIn(Schema):
    """A decision about two identifiers."""

    rule: Literal["never", "always", "withdrawn"]
    a: str = Field(max_length=700, examples=["email:office@tindra.example"])
    b: str = Field(max_length=700, examples=["user_id:88213"], description="The same as `a` with never: isolates it")


class LinkEnd(Schema):
    """Where an identifier leads now."""

    identifier: str
    profile_id: str | None = Field(description="null: shared by several people, or not seen yet")


class LinkOut(Schema):
    """A decision that is safe in the log."""

    rule: str
    a: LinkEnd
    b: LinkEnd
    is_processed: bool = Field(description="False: logged, but its effect is not to be seen yet")


class PreviewPersonOut(Schema):
    """Somebody before or after a decision."""

    profile_id: str | None = Field(description="null: shared by several people, so nobody's")
    title: str
    identifiers: list[str] = Field(description="The first 50 by receipt")
    n_identifiers: int
    events: int


class TraitChangeOut(Schema):
    """A trait that not everybody keeps; null: has none."""

    trait: str
    before: list[Any] = Field(description="Of each person in `before`")
    after: list[Any] = Field(description="Of each person in `after`")


class PreviewOut(Schema):
    """Whom a decision would change. Empty lists: nobody."""

    rule: str
    a: str
    b: str
    sentence: str
    before: list[PreviewPersonOut]
    after: list[PreviewPersonOut]
    traits: list[TraitChangeOut] = Field(description="At most 100")


class RuleOut(Schema):
    """A decision in force."""

    rule: Literal["never", "always"]
    a: str
    b: str
    decided_at: datetime


class RulesOut(Schema):
    """Decisions in force, the latest first."""

    rules: list[RuleOut]
    next: str | None = Field(description="Pass as `after` for the next page")


class RetractionIn(Schema):
    """Messages of a source that shall be as if they had never come."""

    source: str = Field(max_length=63, description="Slug")
    messageIds: list[str] = Field(min_length=1, max_length=2500)


class RetractionOut(Schema):
    """A retraction that is safe in the log."""

    accepted: int
    is_processed: bool
