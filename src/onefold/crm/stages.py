"""The way of one deal through its pipeline: where it was how long, where it stands, what comes."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from onefold.crm.deals import QUERIES
from onefold.crm.pipelines import Pipelines, Stage
from onefold.crm.store import Row


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stage of the deal's pipeline. `days`: how long it stood there in all; None = never."""

    stage: Stage
    is_current: bool
    is_passed: bool
    days: float | None


def steps_of(conn: Connection[Any], row: Row, pipelines: Pipelines) -> list[Step]:
    """Every stage that isn't archived, and the one it stands in (index on deal)."""
    days = {stage: float(total) for stage, total in conn.execute(QUERIES["days_in"], {"deal": row.id})}
    pipeline = pipelines.pipeline(row.values["pipeline"])
    stages = list(pipeline.stages) if pipeline else []
    current = row.values["stage"]
    if current not in {one.id for one in stages} and current in pipelines.stages:
        stages.append(pipelines.stages[current])
    place = next((n for n, one in enumerate(stages) if one.id == current), 0)
    return [
        Step(
            stage=one,
            is_current=one.id == current,
            is_passed=n < place and one.state == "open" and row.values["state"] != "lost",
            days=days.get(one.id),
        )
        for n, one in enumerate(stages)
    ]
