"""The shapes that the REST API takes and answers with where administrators set the CRM up."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from ninja import Field, Schema

Tone = Literal["", "ok", "warn", "bad", "accent"]


class NameIn(Schema):
    """What something is called."""

    name: str


class NumbersIn(Schema):
    """An order."""

    ids: list[int] = Field(max_length=1_000, description="The number of each, once")


class NamesIn(Schema):
    """An order."""

    names: list[str] = Field(max_length=1_000, description="The name of each, once")


class MadeOut(Schema):
    """The number of what was made."""

    id: int


class NamedOut(Schema):
    """The name of what was made."""

    name: str


class DoneOut(Schema):
    """It is as you wanted it, maybe it was before."""

    done: bool = True


class StageIn(Schema):
    """A new stage."""

    name: str
    state: Literal["open", "won", "lost"] = "open"
    probability: int = Field(0, description="Percent; of won and lost ones it follows")
    required: list[str] = Field([], max_length=300, description="Fields that need a value before a deal enters")
    checklist: list[str] = Field([], max_length=300, description="What must be in `checked` before")
    stale_days: int | None = Field(None, description="Without an activity for so long a deal is stale")


class StageChangeIn(Schema):
    """What shall be other; the rest stays."""

    name: str | None = None
    state: Literal["open", "won", "lost"] | None = None
    probability: int | None = None
    required: list[str] | None = Field(None, max_length=300)
    checklist: list[str] | None = Field(None, max_length=300)
    stale_days: int | None = None


class StageArchiveIn(Schema):
    """Where the deals of a stage go."""

    to: int | None = Field(None, description="Another stage of its pipeline; null = there are none in it")


class StageArchivedOut(Schema):
    """What became of its deals."""

    act: UUID | None = Field(description="That moved them: give it to `restore`; null = there were none")


class StageRestoreIn(Schema):
    """What goes back with it."""

    act: UUID | None = Field(None, description="Deals that this act moved come back")


class RateOut(Schema):
    """A currency."""

    currency: str
    rate: Decimal = Field(description="So many of `home` are one of it")


class RatesOut(Schema):
    """All of them."""

    home: str = Field(description="The workspace's currency, which sums are in")
    rates: list[RateOut]
    missing: dict[str, int] = Field(description="Currencies of deals without a rate, with how many deals")


class RateIn(Schema):
    """A rate."""

    rate: Decimal | str = Field(description="So many of the workspace's currency are one of it")


class ObjectIn(Schema):
    """A new object."""

    title: str = Field(description="Of one record")
    plural: str
    icon: str = Field("package", description="An error lists them")
    name: str = Field("", description="In addresses and calls; made from the title unless said. It never changes")


class ObjectChangeIn(Schema):
    """What shall be other; the rest stays."""

    title: str | None = None
    plural: str | None = None
    icon: str | None = None


class OwnObjectOut(Schema):
    """An object that an administrator made."""

    name: str
    title: str
    plural: str
    icon: str
    is_archived: bool
    records: int = Field(description="How many aren't deleted")


class OptionIn(Schema):
    """An option of a choice."""

    value: str = Field("", description="What records hold; made from the title unless said. It never changes")
    title: str
    tone: Tone = ""


class FieldIn(Schema):
    """A new field."""

    title: str
    kind: str = Field("text", description="An error lists them")
    options: list[OptionIn] = Field([], max_length=200, description="Of `choice` and `choices`")
    target: str = Field("", description="Of `record`: the object it leads to")
    currency: str = Field("", description="Of `money`; the workspace's unless said")
    is_required: bool = False
    name: str = Field("", description="In calls; made from the title unless said. It never changes")


class FieldChangeIn(Schema):
    """What shall be other; the rest stays. What a field holds never changes."""

    title: str | None = None
    options: list[OptionIn] | None = Field(None, max_length=200, description="All of them anew")
    currency: str | None = None
    is_required: bool | None = None


class OwnFieldOut(Schema):
    """A field that an administrator added."""

    name: str
    title: str
    kind: str
    options: list[OptionIn]
    target: str
    currency: str
    is_required: bool
    is_archived: bool


class FieldArchivedOut(Schema):
    """What does without the field until it is restored."""

    views: list[str] = Field(description="Shared views that filter by it, show it or are sorted by it")
    private_views: int = Field(description="How many others")
    stages: list[str] = Field(description="Stages that ask for it")


class ScoreRuleIn(Schema):
    """What earns points."""

    kind: Literal["page", "event", "trait"]
    subject: str = Field("", description="Name of the event or trait", examples=["Form Submitted"])
    value: str = Field("", description="Of a trait: only this one; empty = any")
    points: int = Field(description="-1000 to 1000, not 0")
    half_life_days: int | None = Field(None, description="After which an event gives half; null = points stay")
    most: int = Field(1, description="Times that an event counts")


class ScoreRuleOut(ScoreRuleIn):
    """A rule with its number."""

    id: int


class AssignmentRuleIn(Schema):
    """Which leads go to whom."""

    name: str
    way: Literal["round_robin", "least_busy"]
    source: str = Field("", description="Lead source; empty = any")
    country: str = Field("", description="Empty = any")
    least_points: int | None = Field(None, description="Of the score; null = any")
    members: dict[str, int | None] = Field(
        max_length=1_000, description="User name → open leads at most, null = no end", examples=[{"rob": 20}]
    )


class AssignmentRuleOut(AssignmentRuleIn):
    """A rule with its number."""

    id: int
