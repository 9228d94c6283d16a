"""The shapes that the REST API of the CRM answers with and takes; what `/api/openapi.json` is made of.

Which fields a record has is no part of them: administrators add fields and objects, and GET /api/records tells them.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from ninja import Field, Schema

from onefold.crm.records import MOST_ROWS

DEAL: Final = {"name": "Rental fleet", "amount": 1250.5, "company": ":acme", "person": "email:ada@example.com"}
Json = dict[str, Any]


class OptionOut(Schema):
    """A value of a choice."""

    value: str
    title: str


class FieldOut(Schema):
    """A field of an object."""

    name: str
    title: str
    kind: str = Field(description="What it holds: docs/reference/api.md, Records")
    options: list[OptionOut] = Field(description="What a choice may be; empty = anything")
    target: str = Field(description="Of `record`: which object it leads to")
    currency: str = Field(description="Of custom `money`; of others the record's field `currency` says it")
    is_required: bool
    is_read_only: bool = Field(description="Kept by Onefold")
    is_sortable: bool


class ObjectOut(Schema):
    """A kind of record."""

    name: str
    title: str
    plural: str
    sort: str = Field(description="Its order as it comes")
    fields: list[FieldOut]


class DuplicateOut(Schema):
    """Two people who may be one."""

    a: str = Field(examples=["4f2a9c01d3e8b7a6"], description="Profile id")
    b: str = Field(examples=["91b0d3e2aa74c5f0"], description="Profile id")
    signs: list[str] = Field(
        examples=[["phone", "mailbox", "name", "domain"]], description="What they share, the surest first"
    )


class DuplicatesOut(Schema):
    """A page of them."""

    duplicates: list[DuplicateOut]
    next: str | None = Field(description="For `after` of the next page; null = this is the last")


class CompanyDecisionIn(Schema):
    """Whether two companies are one."""

    rule: Literal["merge", "apart"]
    a: str = Field(examples=[":acme"], description="`space:groupId`; of a merge the one that stays")
    b: str = Field(examples=[":acme-2"], description="`space:groupId`")
    keep: dict[str, Literal["a", "b"]] = Field({}, description="Trait → whose value the one has", max_length=500)
    once: UUID | None = Field(None, description="Yours: sent again it isn't decided again")


class CompanyDecidedOut(Schema):
    """What was decided."""

    decision: UUID = Field(description="By which it can be taken back")
    company: str = Field(examples=[":acme"], description="The one that stays; of one that was taken back the other")
    is_processed: bool


class ScoreReasonOut(Schema):
    """What gave points."""

    kind: str = Field(examples=["event"], description="page, event or trait")
    subject: str = Field(examples=["Form Submitted"])
    times: int
    points: float = Field(description="As faded as they are now")


class ScoreOut(Schema):
    """Somebody's score as of now."""

    points: int
    reasons: list[ScoreReasonOut]


class PersonFieldsOut(Schema):
    """What sales know of a person."""

    profile_id: str
    fields: dict[str, Any] = Field(description="By name; null = not known; `owner` is the name of a user")
    choices: dict[str, list[str]] = Field(description="Of fields that are chosen: what they may be")
    score: ScoreOut


class PersonWrittenOut(PersonFieldsOut):
    """After a change."""

    event: UUID | None = Field(description="Of the change; null = nothing was to be changed")
    is_processed: bool = Field(description="`fields` has the change")


class RecordsOut(Schema):
    """A page of records."""

    records: list[dict[str, Any]] = Field(description="Each with `id`, `created_by` and its fields by name")
    next: str | None = Field(description="Give it as `after`; null = the list ends here")
    count: int = Field(description="How many match, counted up to 1,000")
    is_count_capped: bool = Field(description="There are more than `count`")


class TotalsOut(Schema):
    """Of a whole list."""

    count: int
    sums: dict[str, Decimal] = Field(description="`home_amount` and `weighted` of deals")
    currency: str = Field(description="Of the sums: the workspace's")


class WrittenOut(Schema):
    """What a call wrote."""

    act: UUID | None = Field(description="POST /api/acts/{act}/undo takes it back; null = nothing was to be changed")
    records: list[dict[str, Any]] = Field(description="As they are now, in the order they were given")
    unchanged: int = Field(description="How many of them had all these values before")


class RemovedOut(Schema):
    """What a call deleted, or brought back."""

    act: UUID | None = Field(description="As of a change")
    ids: list[int] = Field(description="Those that were deleted, or brought back")
    unchanged: int = Field(description="How many were so before")


class UndoneOut(Schema):
    """What could be taken back."""

    act: UUID | None = Field(description="Of the undo itself: undoing that does it again")
    records: int
    left: int = Field(description="Stay as they are: somebody changed them since, or they were so before")


class HistoryEntryOut(Schema):
    """A change of a record."""

    act: UUID
    at: datetime
    actor: str = Field(description="As the audit log calls them: `user:alice`")
    action: str = Field(description="`created`, `changed`, `deleted` or `restored`")
    changes: dict[str, list[Any]] = Field(description="Field: [before, after]")


class StageOut(Schema):
    """A step of a pipeline."""

    id: int
    name: str
    state: str = Field(description="`open`, `won` or `lost`: of the deals in it")
    probability: int = Field(description="Percent")
    required: list[str] = Field(description="Fields that need a value before a deal enters")
    checklist: list[str] = Field(description="What must be in `checked` before")
    stale_days: int | None = Field(description="Without an activity for so long a deal is stale")
    is_archived: bool


class PipelineOut(Schema):
    """What deals go through: its stages in order, archived ones too, for old deals may stand in them."""

    id: int
    name: str
    is_archived: bool
    stages: list[StageOut]


_FIELDS: Final[Json] = {
    "type": "object",
    "description": "Fields by name: GET /api/records lists them",
    "additionalProperties": True,
    "example": DEAL,
}
_ID: Final[Json] = {"type": "integer", "minimum": 1}


def _body(shape: Json, examples: Json) -> Json:
    content = {"schema": shape, "examples": {name: {"value": value} for name, value in examples.items()}}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def _many(record: Json, text: str) -> Json:
    return {"type": "array", "minItems": 1, "maxItems": MOST_ROWS, "items": record, "description": text}


NEW: Final = _body(
    _FIELDS
    | {
        "description": "Fields of one record by name, or `records` with several",
        "properties": {"records": _many(_FIELDS, f"Up to {MOST_ROWS:,} records: all of them or none")},
    },
    {"one": DEAL, "many": {"records": [DEAL, {"name": "Kayaks", "close_on": "2026-12-24", "owner": "rob"}]}},
)
CHANGE: Final = _body(
    _FIELDS
    | {
        "properties": {
            "seen": _FIELDS
            | {
                "description": "What fields held when you read them: 409 `edit_conflict` if one has changed",
                "example": {"amount": 1250.5},
            }
        }
    },
    {"one": {"amount": 1400, "seen": {"amount": 1250.5}}},
)
CHANGE_PERSON: Final = _body(
    _FIELDS | {"properties": {"seen": _FIELDS | {"description": "What fields held when you read them"}}},
    {"one": {"owner": "rob", "lifecycle_stage": "qualified", "seen": {"lifecycle_stage": "lead"}}},
)
CHANGES: Final = _body(
    {
        "type": "object",
        "required": ["records"],
        "properties": {
            "records": _many(
                _FIELDS | {"required": ["id"], "properties": {"id": _ID}},
                f"Up to {MOST_ROWS:,}, each with its `id` and the fields to change: all of them or none",
            )
        },
    },
    {"many": {"records": [{"id": 1, "amount": 1400}, {"id": 2, "owner": None, "next_step": "Call"}]}},
)
IDS: Final = _body(
    {
        "type": "object",
        "required": ["ids"],
        "properties": {"ids": _many(_ID, f"Up to {MOST_ROWS:,} records: all of them or none")},
    },
    {"some": {"ids": [1, 2]}},
)
