"""The shapes that the REST API of this slice answers with and takes; what `/api/openapi.json` is made of."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Field, Schema

from onefold.audiences.actions import MAX_DESCRIPTION, MAX_LIST, MAX_NAME


class AudienceIn(Schema):
    """An audience that shall be."""

    name: str = Field(max_length=MAX_NAME)
    of: Literal["people", "companies"] = Field("people", description="What its members are; stays so")
    purpose: str = Field(
        "",
        description="Slug of the purpose: who doesn't allow it isn't in; of companies left out",
        examples=["email_marketing"],
    )
    rule: dict[str, Any] = Field(description='`{"v": 1, "where": …}`; GET /api/audiences/schema says how')
    description: str = Field("", max_length=MAX_DESCRIPTION)
    start: bool = Field(False, description="Fill it at once, and keep it")


class AudienceChange(Schema):
    """What shall be otherwise."""

    name: str | None = Field(None, max_length=MAX_NAME)
    description: str | None = Field(None, max_length=MAX_DESCRIPTION)
    purpose: str | None = None
    rule: dict[str, Any] | None = None
    if_version: int | None = Field(None, description="409 `version_conflict` if somebody else was faster")


class AudienceOut(Schema):
    """An audience."""

    id: int
    name: str
    of: Literal["people", "companies"]
    description: str
    state: Literal["draft", "filling", "live", "paused"]
    version: int
    live_version: int | None = Field(description="What people are held against; null = nobody is in yet")
    purpose: str = Field(description="Of companies empty")
    rule: dict[str, Any]
    members: int
    entered: int = Field(description="Today and on the six days before, of UTC")
    left: int = Field(description="Today and on the six days before, of UTC")
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    fault: str = Field(description="Why it could not be filled; its members are as they were")
    retry_at: datetime | None = Field(description="When that is tried again")


class VersionOut(Schema):
    """A rule that an audience had or has."""

    version: int
    purpose: str
    rule: dict[str, Any]
    created_at: datetime
    created_by: str


class MemberOut(Schema):
    """Who, or which company, is in."""

    profile_id: str | None = Field(description="Of a person")
    company: str | None = Field(description="Of a company, as `GET /api/companies/…` takes it")
    since: datetime
    name: str
    email: str


class MembersOut(Schema):
    """A page of members, by profile id; of companies in no order."""

    members: list[MemberOut]
    next: str | None = Field(description="Give it as `after` for the next page")


class ChangeOut(Schema):
    """Somebody, or a company, entered or left."""

    position: int = Field(description="What one look at somebody brought about has the same")
    audience: int
    profile_id: str | None = Field(description="Of a person")
    company_id: str | None = Field(description="Of a company: always the same of one")
    company: str | None = Field(description="As `GET /api/companies/…` takes it, while there is such a company")
    kind: Literal["entered", "left", "moved_here", "moved_away"]
    at: datetime
    cause: Literal["event", "time", "rule", "identity", "taken_back", "removed", "people"]
    event: UUID | None
    version: int
    other: str | None = Field(description="Of a merge the profile id that this person had, or has now")


class PreviewIn(Schema):
    """A rule to try."""

    rule: dict[str, Any]
    of: Literal["people", "companies"] = "people"
    purpose: str = Field("", description="Of people, whom to count: those who allow it; of companies left out")
    as_of: str | None = Field(
        None,
        description="A past moment, or a day (its begin, of UTC): people as they were then, of at most 10,000; what"
        " happened later doesn't count",
    )
    is_sampled: bool = Field(
        False, description="Look at a sixteenth of all people, of the past at 1,000: at once, and roughly"
    )
    audience: int | None = Field(None, description="Whose rule it shall be: to that it must not lead back")
    compared_to: int | None = Field(None, description="An audience: who of its members would leave, who would enter")


class PreviewOut(Schema):
    """What it would give."""

    count: int
    at_least: int = Field(description="If not everybody was looked at: the count is this or more, 19 times of 20 …")
    at_most: int = Field(description="… and this or less; else both are the count")
    people: int = Field(description="How many there are altogether; of companies: companies")
    looked_at: int = Field(description="How many of them the figures rest on")
    their_people: int = Field(description="Of companies: how many people belong to those that are in")
    is_sampled: bool = Field(description="Not everybody was looked at: the figures are extrapolated")
    fresh_until: datetime
    parts: dict[str, int] = Field(description="By place in the rule how many meet that part alone")
    with_email: int
    with_phone: int
    sample: list[MemberOut]
    entering: int
    leaving: int


class ComputedIn(Schema):
    """A computed trait that shall be."""

    name: str = Field(max_length=MAX_NAME)
    definition: dict[str, Any]


class ListIn(Schema):
    """A list of identifiers."""

    name: str = Field(max_length=MAX_NAME)
    identifiers: list[str] = Field(max_length=MAX_LIST, description="Each as `namespace:value`")
