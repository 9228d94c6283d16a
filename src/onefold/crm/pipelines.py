"""Pipelines and their stages: what deals go through. Few rows, read whole."""

from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.crm.errors import RecordRejected
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "pipelines.sql")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A step of a pipeline. Before a deal enters, `required` fields have a value and all of `checklist` is ticked."""

    id: int
    pipeline: int
    name: str
    state: str  # open, won, lost
    probability: int  # percent
    required: tuple[str, ...] = ()
    checklist: tuple[str, ...] = ()
    stale_days: int | None = None
    is_archived: bool = False


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """`stages` in order, archived ones left out."""

    id: int
    name: str
    stages: tuple[Stage, ...]
    is_archived: bool = False

    @property
    def first(self) -> Stage:
        """Where a new deal begins. Raises RecordRejected."""
        found = next((one for one in self.stages if one.state == "open"), None)
        if found is None:
            raise RecordRejected(_("The pipeline %(name)s has no open stage.") % {"name": self.name})
        return found


@dataclass(frozen=True, kw_only=True)
class Pipelines:
    """All of them. `stages`: every stage by id, archived ones too, which old deals may still name."""

    pipelines: tuple[Pipeline, ...]
    stages: dict[int, Stage] = field(default_factory=dict)

    @property
    def live(self) -> list[Pipeline]:
        """Those that aren't archived."""
        return [one for one in self.pipelines if not one.is_archived]

    @property
    def usual(self) -> Pipeline:
        """Where deals go unless somebody says otherwise. Raises RecordRejected."""
        if not self.live:
            raise RecordRejected(_("There is no pipeline. An administrator makes one in the settings."))
        return self.live[0]

    def pipeline(self, number: int | None) -> Pipeline | None:
        """By its number."""
        return next((one for one in self.pipelines if one.id == number), None)


def load_pipelines(conn: Connection[Any]) -> Pipelines:
    """Two statements."""
    stages = [
        Stage(id=row[0], pipeline=row[1], name=row[2], state=row[3], probability=row[4], required=tuple(row[5]),
              checklist=tuple(row[6]), stale_days=row[7], is_archived=row[8])
        for row in conn.execute(QUERIES["stages"])
    ]  # fmt: skip
    pipelines = [
        Pipeline(
            id=number,
            name=name,
            stages=tuple(one for one in stages if one.pipeline == number and not one.is_archived),
            is_archived=is_archived,
        )
        for number, name, is_archived in conn.execute(QUERIES["pipelines"])
    ]
    return Pipelines(pipelines=tuple(pipelines), stages={one.id: one for one in stages})
