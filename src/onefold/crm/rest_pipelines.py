"""REST: pipelines, stages and exchange rates as administrators set them up. Keys need the scope `manage`."""

from dataclasses import asdict, replace
from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from onefold.accounts.api import Permission, actor_of, demand, name_of
from onefold.crm import pipeline_setup, stage_setup
from onefold.crm import rest_setup_schemas as shapes
from onefold.crm.access import viewer_of
from onefold.crm.pipelines import Stage, load_pipelines
from onefold.crm.rates import load_rates, remove_rate, set_rate
from onefold.crm.rest_schemas import PipelineOut
from onefold.crm.stage_setup import StageWanted, live_stage
from onefold.infra.pool import pooled

router = Router(tags=["Setting up the CRM"])


def manager(request: HttpRequest) -> str:
    """What the audit calls whoever asks. Raises NotAllowed for who may not set the CRM up."""
    actor = actor_of(request)
    demand(actor, Permission.MANAGE_CRM)
    return name_of(actor)


@router.get("/pipelines", response=list[PipelineOut], summary="Pipelines and their stages")
def pipelines(request: HttpRequest) -> list[dict[str, Any]]:
    """What deals go through; `pipeline` and `stage` of a deal are their `id`s."""
    demand(actor_of(request), Permission.SEE_RECORDS)
    with pooled() as conn:
        found = load_pipelines(conn)
    return [
        {
            "id": one.id,
            "name": one.name,
            "is_archived": one.is_archived,
            "stages": [_stage(stage) for stage in found.stages.values() if stage.pipeline == one.id],
        }
        for one in found.pipelines
    ]


@router.post("/pipelines", response={201: shapes.MadeOut}, summary="Add a pipeline")
def add_pipeline(request: HttpRequest, body: shapes.NameIn) -> Status[dict[str, Any]]:
    """With a stage that is open, one won and one lost. 400 `setup_invalid`: `faults` says what is wrong."""
    acting_user = manager(request)
    with pooled() as conn:
        return Status(201, {"id": pipeline_setup.add_pipeline(conn, body.name, acting_user=acting_user)})


@router.put("/pipelines", response=shapes.DoneOut, summary="Order pipelines")
def order_pipelines(request: HttpRequest, body: shapes.NumbersIn) -> shapes.DoneOut:
    """The first is where new deals go. Each that isn't archived is named once: 400 `setup_invalid` lists them."""
    acting_user = manager(request)
    with pooled() as conn:
        pipeline_setup.order_pipelines(conn, body.ids, acting_user=acting_user)
    return shapes.DoneOut()


@router.patch("/pipelines/{int:number}", response=shapes.DoneOut, summary="Rename a pipeline")
def rename_pipeline(request: HttpRequest, number: int, body: shapes.NameIn) -> shapes.DoneOut:
    """400 `setup_invalid`, 404 `setup_not_found`."""
    acting_user = manager(request)
    with pooled() as conn:
        pipeline_setup.rename_pipeline(conn, number, body.name, acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/pipelines/{int:number}/archive", response=shapes.DoneOut, summary="Archive a pipeline")
def archive_pipeline(request: HttpRequest, number: int) -> shapes.DoneOut:
    """Not the last one, nor while open deals go through it: 400 `setup_invalid`. Closed deals stay in it."""
    acting_user = manager(request)
    with pooled() as conn:
        pipeline_setup.archive_pipeline(conn, number, acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/pipelines/{int:number}/restore", response=shapes.DoneOut, summary="Restore a pipeline")
def restore_pipeline(request: HttpRequest, number: int) -> shapes.DoneOut:
    """With the stages that it had. Safe to repeat."""
    acting_user = manager(request)
    with pooled() as conn:
        pipeline_setup.restore_pipeline(conn, number, acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/pipelines/{int:number}/stages", response={201: shapes.MadeOut}, summary="Add a stage")
def add_stage(request: HttpRequest, number: int, body: shapes.StageIn) -> Status[dict[str, Any]]:
    """An open one comes before those that close deals. 400 `setup_invalid`: `faults` says what is wrong."""
    acting_user = manager(request)
    with pooled() as conn:
        wanted = StageWanted(**body.model_dump())
        return Status(201, {"id": stage_setup.add_stage(conn, number, wanted, acting_user=acting_user)})


@router.put("/pipelines/{int:number}/stages", response=shapes.DoneOut, summary="Order stages")
def order_stages(request: HttpRequest, number: int, body: shapes.NumbersIn) -> shapes.DoneOut:
    """As boards show them. Each that isn't archived is named once: 400 `setup_invalid` lists them."""
    acting_user = manager(request)
    with pooled() as conn:
        stage_setup.order_stages(conn, number, body.ids, acting_user=acting_user)
    return shapes.DoneOut()


@router.patch("/stages/{int:number}", response=shapes.DoneOut, summary="Change a stage")
def change_stage(request: HttpRequest, number: int, body: shapes.StageChangeIn) -> shapes.DoneOut:
    """With another probability the weighted amounts of its deals follow, of very many within a minute.

    Whether its deals are open, won or lost doesn't change while there are any: 400 `setup_invalid`.
    """
    acting_user = manager(request)
    with pooled() as conn:
        one = live_stage(load_pipelines(conn), number)
        now = StageWanted(**{name: getattr(one, name) for name in shapes.StageIn.model_fields})
        given = body.model_dump(exclude_unset=True)
        nothing = {name for name, value in given.items() if value is None and name != "stale_days"}
        wanted = replace(now, **{name: value for name, value in given.items() if name not in nothing})
        stage_setup.change_stage(conn, number, wanted, acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/stages/{int:number}/archive", response=shapes.StageArchivedOut, summary="Archive a stage")
def archive_stage(request: HttpRequest, number: int, body: shapes.StageArchiveIn) -> dict[str, Any]:
    """Its deals go to the stage `to`, up to 10,000 of them; 400 `stage_refused` when that asks for what one lacks.

    A pipeline keeps a stage that is open, one won and one lost: 400 `setup_invalid`.
    """
    manager(request)
    with pooled() as conn:
        viewer = viewer_of(conn, actor_of(request))
        return {"act": stage_setup.archive_stage(conn, number, to=body.to, viewer=viewer)}


@router.post("/stages/{int:number}/restore", response=shapes.DoneOut, summary="Restore a stage")
def restore_stage(request: HttpRequest, number: int, body: shapes.StageRestoreIn) -> shapes.DoneOut:
    """As the last of its pipeline; with `act` its deals come back as well. Safe to repeat."""
    manager(request)
    with pooled() as conn:
        viewer = viewer_of(conn, actor_of(request))
        stage_setup.restore_stage(conn, number, act=body.act, viewer=viewer)
    return shapes.DoneOut()


@router.get("/exchange-rates", response=shapes.RatesOut, summary="Exchange rates")
def rates(request: HttpRequest) -> dict[str, Any]:
    """What amounts of deals are converted by."""
    manager(request)
    with pooled() as conn:
        found = load_rates(conn)
    known = [{"currency": currency, "rate": rate} for currency, rate in found.rates.items()]
    return asdict(found) | {"rates": known}


@router.put("/exchange-rates/{currency}", response=shapes.DoneOut, summary="Set an exchange rate")
def put_rate(request: HttpRequest, currency: str, body: shapes.RateIn) -> shapes.DoneOut:
    """Converted and weighted amounts of its deals follow, of very many within a minute. 400 `setup_invalid`."""
    acting_user = manager(request)
    with pooled() as conn:
        set_rate(conn, currency, body.rate, acting_user=acting_user)
    return shapes.DoneOut()


@router.delete("/exchange-rates/{currency}", response=shapes.DoneOut, summary="Remove an exchange rate")
def delete_rate(request: HttpRequest, currency: str) -> shapes.DoneOut:
    """Deals in it have no converted amount then. 404 `setup_not_found`."""
    acting_user = manager(request)
    with pooled() as conn:
        remove_rate(conn, currency, acting_user=acting_user)
    return shapes.DoneOut()


def _stage(stage: Stage) -> dict[str, Any]:
    names = ("id", "name", "state", "probability", "required", "checklist", "stale_days", "is_archived")
    return {name: getattr(stage, name) for name in names}
