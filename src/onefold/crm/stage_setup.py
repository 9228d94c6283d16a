"""What administrators do with the stages of a pipeline: add, change, order, archive, restore.

Each write is one transaction with an entry of the audit log, and safe to repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.crm.errors import SetupMissing, SetupRejected
from onefold.crm.names import read_title
from onefold.crm.objects import FieldDef, ObjectType
from onefold.crm.pipeline_setup import demand_order, live_pipeline, locked_pipelines
from onefold.crm.pipelines import QUERIES, Pipeline, Pipelines, Stage
from onefold.crm.reckoning import reckon_soon
from onefold.crm.records import MOST_ROWS, change_records, undo
from onefold.crm.schema import objects_in_force
from onefold.crm.viewer import Viewer

MAX_STAGES: Final = 30
MAX_ITEMS: Final = 20
MAX_ITEM: Final = 200
MAX_STALE_DAYS: Final = 3650
MOST_MOVED: Final = 10_000
"""Deals that archiving a stage moves while somebody waits: some seconds."""
STATES: Final = ("open", "won", "lost")
_FIXED: Final = {"won": 100, "lost": 0}
_NEVER_ASKED: Final = frozenset({"name", "pipeline", "stage", "currency", "checked"})


@dataclass(frozen=True, kw_only=True)
class StageWanted:
    """A stage as somebody wants it; see `Stage`. Of won and lost ones the probability follows."""

    name: str
    state: str = "open"
    probability: int = 0
    required: Sequence[str] = ()
    checklist: Sequence[str] = ()
    stale_days: int | None = None


def askable(deal: ObjectType) -> list[FieldDef]:
    """The fields of deals that a stage can ask for."""
    return [one for one in deal.fields if not one.is_read_only and one.name not in _NEVER_ASKED]


def add_stage(conn: Connection[Any], pipeline: int, wanted: StageWanted, *, acting_user: str) -> int:
    """A new stage: an open one before those that close deals; its number. Raises SetupRejected, SetupMissing."""
    with conn.transaction():
        one = live_pipeline(locked_pipelines(conn), pipeline)
        if len(one.stages) >= MAX_STAGES:
            raise SetupRejected(_("A pipeline has up to %(n)d stages. Archive one first.") % {"n": MAX_STAGES})
        given = _checked(conn, one, wanted)
        (number,) = conn.execute(QUERIES["add_stage"], given | {"pipeline": pipeline, "place": 0}).fetchone() or (0,)
        order = [stage.id for stage in one.stages]
        closing = (n for n, stage in enumerate(one.stages) if stage.state != "open")
        place = next(closing, len(order)) if wanted.state == "open" else len(order)
        conn.execute(QUERIES["order_stages"], {"ids": [*order[:place], number, *order[place:]]})
        details = {"pipeline": pipeline, "name": given["name"], "state": given["state"]}
        audit(conn, actor=acting_user, action="stage.added", target=f"stage:{number}", details=details)
    return int(number)


def change_stage(conn: Connection[Any], number: int, wanted: StageWanted, *, acting_user: str) -> None:
    """All of it anew. Deals in it have another weighted amount by and by. Raises SetupRejected, SetupMissing."""
    with conn.transaction():
        known = locked_pipelines(conn)
        before = live_stage(known, number)
        one = live_pipeline(known, before.pipeline)
        given = _checked(conn, one, wanted, before)
        if given["state"] != before.state:
            _demand_empty(conn, before)
            _demand_others(one, before)
        changed = {
            name: [getattr(before, name), value] for name, value in given.items() if _is_other(before, name, value)
        }
        if not changed:
            return
        conn.execute(QUERIES["change_stage"], given | {"id": number})
        if "probability" in changed:
            reckon_soon(conn, stage=number)
        audit(conn, actor=acting_user, action="stage.changed", target=f"stage:{number}", details=changed)


def order_stages(conn: Connection[Any], pipeline: int, numbers: Sequence[int], *, acting_user: str) -> None:
    """As boards show them; new deals begin in the first open one. Raises SetupRejected, SetupMissing."""
    with conn.transaction():
        one = live_pipeline(locked_pipelines(conn), pipeline)
        now = [stage.id for stage in one.stages]
        demand_order(now, numbers)
        if now != list(numbers):
            conn.execute(QUERIES["order_stages"], {"ids": list(numbers)})
            details = {"order": list(numbers)}
            audit(conn, actor=acting_user, action="stages.ordered", target=f"pipeline:{pipeline}", details=details)


def deals_in(conn: Connection[Any], stage: Stage) -> int:
    """How many that aren't deleted (index)."""
    given = {"pipeline": stage.pipeline, "stage": stage.id}
    (count,) = conn.execute(QUERIES["standing"], given).fetchone() or (0,)
    return int(count)


def archive_stage(conn: Connection[Any], number: int, *, to: int | None, viewer: Viewer) -> UUID | None:
    """Out of its pipeline; its deals go to the stage `to` by the writers of records, up to MOST_MOVED of them.

    The act of that move, which `restore_stage` takes back; None = there was no deal in it.
    Raises SetupRejected, SetupMissing, and StageRefused when `to` asks for what a deal doesn't have.
    """
    with conn.transaction():
        known = locked_pipelines(conn)
        before = live_stage(known, number)
        _demand_others(live_pipeline(known, before.pipeline), before)
        conn.execute(QUERIES["archive_stage"], {"id": number, "is": True})
        moved, act = _move_deals(conn, known, before, to, viewer)
        details = {"pipeline": before.pipeline, "to": to, "deals": moved}
        audit(conn, actor=viewer.name, action="stage.archived", target=f"stage:{number}", details=details)
    return act


def restore_stage(conn: Connection[Any], number: int, *, act: UUID | None, viewer: Viewer) -> None:
    """Back into its pipeline as the last stage; with `act` the deals that archiving moved go back, too.

    Raises SetupRejected, SetupMissing, and what `undo` raises.
    """
    with conn.transaction():
        known = locked_pipelines(conn)
        one = known.stages.get(number)
        if one is None:
            raise SetupMissing(_("There is no such stage."))
        if not one.is_archived:
            return
        pipeline = live_pipeline(known, one.pipeline)
        if len(pipeline.stages) >= MAX_STAGES:
            raise SetupRejected(_("A pipeline has up to %(n)d stages. Archive one first.") % {"n": MAX_STAGES})
        _demand_free_name(pipeline, one.name, None)
        conn.execute(QUERIES["archive_stage"], {"id": number, "is": False})
        if act is not None:
            undo(conn, act, viewer=viewer)
        audit(conn, actor=viewer.name, action="stage.restored", target=f"stage:{number}")


def live_stage(known: Pipelines, number: int) -> Stage:
    """One that isn't archived. Raises SetupMissing."""
    found = known.stages.get(number)
    if found is None or found.is_archived:
        raise SetupMissing(_("There is no such stage, or it is archived."))
    return found


def _move_deals(
    conn: Connection[Any], known: Pipelines, before: Stage, to: int | None, viewer: Viewer
) -> tuple[int, UUID | None]:
    """How many moved, as one act, and which."""
    given = {"pipeline": before.pipeline, "stage": before.id, "most": MOST_MOVED + 1}
    ids = [number for (number,) in conn.execute(QUERIES["first_in"], given)]
    if not ids:
        return 0, None
    if len(ids) > MOST_MOVED:
        message = _("More than %(n)s deals stand in “%(name)s”. Move some of them in the list of deals first.")
        raise SetupRejected(message % {"n": f"{MOST_MOVED:,}", "name": before.name})
    if to is None or to == before.id:
        message = _("%(n)s deals stand in “%(name)s”. Say which stage they go to.")
        said = message % {"n": f"{len(ids):,}", "name": before.name}
        raise SetupRejected(said, {"to": said})
    target = live_stage(known, to)
    if live_pipeline(known, target.pipeline).id != before.pipeline:
        said = _("They go to a stage of the same pipeline.")
        raise SetupRejected(said, {"to": said})
    act, deal = uuid4(), objects_in_force(conn)["deal"]
    for start in range(0, len(ids), MOST_ROWS):
        part = {one: {"stage": str(target.id)} for one in ids[start : start + MOST_ROWS]}
        change_records(conn, deal, part, viewer=viewer, act=act)
    return len(ids), act


def _checked(
    conn: Connection[Any], pipeline: Pipeline, wanted: StageWanted, before: Stage | None = None
) -> dict[str, Any]:
    """What is stored. Fields that are archived now stay asked for: they count again once they are restored."""
    name = read_title(wanted.name, what="name")
    _demand_free_name(pipeline, name, before)
    if wanted.state not in STATES:
        raise _fault("state", _("A stage is open, won or lost."))
    probability = _FIXED.get(wanted.state, wanted.probability)
    if not 0 <= probability <= 100:
        raise _fault("probability", _("A probability is a whole number from 0 to 100."))
    if wanted.stale_days is not None and not 1 <= wanted.stale_days <= MAX_STALE_DAYS:
        raise _fault("stale_days", _("Days are a whole number from 1 to %(n)d, or nothing.") % {"n": MAX_STALE_DAYS})
    deal = objects_in_force(conn)["deal"]
    kept = [one for one in before.required if one not in deal.by_name] if before else []
    return {
        "name": name,
        "state": wanted.state,
        "probability": probability,
        "required": [*_required(deal, wanted.required, kept), *kept],
        "checklist": _items(wanted.checklist),
        "stale_days": wanted.stale_days if wanted.state == "open" else None,
    }


def _required(deal: ObjectType, given: Sequence[str], kept: Sequence[str]) -> list[str]:
    names = [one.name for one in askable(deal)]
    unknown = [one for one in given if one not in names and one not in kept]
    if unknown:
        message = _("A stage can't ask for “%(name)s”. It can for: %(names)s.")
        raise _fault("required", message % {"name": unknown[0][:80], "names": ", ".join(names)})
    return [one for one in names if one in given]


def _items(given: Sequence[str]) -> list[str]:
    items = list(dict.fromkeys(" ".join(one.replace("\0", "").split()) for one in given))
    items = [one for one in items if one]
    if len(items) > MAX_ITEMS or any(len(one) > MAX_ITEM for one in items):
        message = _("A checklist has up to %(n)d lines of up to %(most)d characters.")
        raise _fault("checklist", message % {"n": MAX_ITEMS, "most": MAX_ITEM})
    return items


def _demand_free_name(pipeline: Pipeline, name: str, before: Stage | None) -> None:
    others = [one for one in pipeline.stages if before is None or one.id != before.id]
    if any(one.name.casefold() == name.casefold() for one in others):
        raise _fault("name", _("The pipeline has a stage of this name already."))


def _demand_others(pipeline: Pipeline, stage: Stage) -> None:
    """A pipeline without it needs another stage of its state."""
    if not any(one.state == stage.state and one.id != stage.id for one in pipeline.stages):
        message = _(
            "“%(name)s” is the only one of its kind: “%(pipeline)s” needs a stage that is open, one won and one lost."
        )
        raise _fault("state", message % {"name": stage.name, "pipeline": pipeline.name})


def _demand_empty(conn: Connection[Any], stage: Stage) -> None:
    if deals := deals_in(conn, stage):
        message = _(
            "%(n)s deals stand in “%(name)s”. Move them first: what is open, won or lost doesn't change under them."
        )
        raise _fault("state", message % {"n": f"{deals:,}", "name": stage.name})


def _is_other(before: Stage, name: str, value: object) -> bool:
    old: object = getattr(before, name)
    return (list(old) if isinstance(old, tuple) else old) != value


def _fault(what: str, said: str) -> SetupRejected:
    return SetupRejected(said, {what: said})
