"""REST: objects and fields of one's own, as administrators make them. Keys need the scope `manage`."""

from dataclasses import asdict, replace
from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from onefold.crm import field_setup, object_setup
from onefold.crm import rest_setup_schemas as shapes
from onefold.crm.field_setup import FieldWanted, demand_object, own_field, own_fields
from onefold.crm.object_setup import ObjectWanted, own_object, own_objects
from onefold.crm.objects import Option
from onefold.crm.rest_pipelines import manager
from onefold.crm.used_in import uses_of
from onefold.infra.pool import pooled

router = Router(tags=["Setting up the CRM"])


@router.get("/objects", response=list[shapes.OwnObjectOut], summary="Own objects")
def objects(request: HttpRequest) -> list[dict[str, Any]]:
    """Those that administrators made, archived ones too. GET /api/records lists every object that one may see."""
    manager(request)
    with pooled() as conn:
        return [asdict(one) for one in own_objects(conn)]


@router.post("/objects", response={201: shapes.NamedOut}, summary="Add an object")
def add_object(request: HttpRequest, body: shapes.ObjectIn) -> Status[dict[str, Any]]:
    """It does what deals do at once: /api/records/{name}. 400 `setup_invalid`: `faults` says what is wrong."""
    acting_user = manager(request)
    with pooled() as conn:
        return Status(
            201, {"name": object_setup.add_object(conn, ObjectWanted(**body.model_dump()), acting_user=acting_user)}
        )


@router.patch("/objects/{object}", response=shapes.DoneOut, summary="Change an object")
def change_object(request: HttpRequest, object: str, body: shapes.ObjectChangeIn) -> shapes.DoneOut:
    """Its titles and its icon. 400 `setup_invalid`, 404 `setup_not_found`."""
    acting_user = manager(request)
    with pooled() as conn:
        one = own_object(conn, object)
        now = ObjectWanted(title=one.title, plural=one.plural, icon=one.icon)
        wanted = replace(now, **body.model_dump(exclude_none=True))
        object_setup.change_object(conn, object, wanted, acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/objects/{object}/archive", response=shapes.DoneOut, summary="Archive an object")
def archive_object(request: HttpRequest, object: str) -> shapes.DoneOut:
    """With its records out of every list; both are kept. 400 `setup_invalid` while fields of others lead to it."""
    acting_user = manager(request)
    with pooled() as conn:
        object_setup.archive_object(conn, object, acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/objects/{object}/restore", response=shapes.DoneOut, summary="Restore an object")
def restore_object(request: HttpRequest, object: str) -> shapes.DoneOut:
    """With its fields and records. Safe to repeat."""
    acting_user = manager(request)
    with pooled() as conn:
        object_setup.restore_object(conn, object, acting_user=acting_user)
    return shapes.DoneOut()


@router.get("/objects/{object}/fields", response=list[shapes.OwnFieldOut], summary="Own fields")
def fields(request: HttpRequest, object: str) -> list[dict[str, Any]]:
    """Those that administrators added to an object, built-in ones too, in their order; archived ones last."""
    manager(request)
    with pooled() as conn:
        demand_object(conn, object)
        return [asdict(one) for one in own_fields(conn, object)]


@router.post("/objects/{object}/fields", response={201: shapes.NamedOut}, summary="Add a field")
def add_field(request: HttpRequest, object: str, body: shapes.FieldIn) -> Status[dict[str, Any]]:
    """At once in lists, filters, forms and the API. 400 `setup_invalid`: `faults` says what is wrong."""
    acting_user = manager(request)
    given = body.model_dump() | {"options": _options(body.options)}
    with pooled() as conn:
        return Status(201, {"name": field_setup.add_field(conn, object, FieldWanted(**given), acting_user=acting_user)})


@router.put("/objects/{object}/fields", response=shapes.DoneOut, summary="Order own fields")
def order_fields(request: HttpRequest, object: str, body: shapes.NamesIn) -> shapes.DoneOut:
    """As forms and pages show them. Each that isn't archived is named once: 400 `setup_invalid` lists them."""
    acting_user = manager(request)
    with pooled() as conn:
        field_setup.order_fields(conn, object, body.names, acting_user=acting_user)
    return shapes.DoneOut()


@router.patch("/objects/{object}/fields/{name}", response=shapes.DoneOut, summary="Change a field")
def change_field(request: HttpRequest, object: str, name: str, body: shapes.FieldChangeIn) -> shapes.DoneOut:
    """Its title, options, currency, whether it is required. Records keep options that are left out."""
    acting_user = manager(request)
    with pooled() as conn:
        one = own_field(conn, object, name)
        now = FieldWanted(
            title=one.title,
            kind=one.kind,
            options=one.options,
            target=one.target,
            currency=one.currency,
            is_required=one.is_required,
        )
        given = body.model_dump(exclude_none=True)
        if body.options is not None:
            given["options"] = _options(body.options)
        field_setup.change_field(conn, object, name, replace(now, **given), acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/objects/{object}/fields/{name}/archive", response=shapes.FieldArchivedOut, summary="Archive a field")
def archive_field(request: HttpRequest, object: str, name: str) -> dict[str, Any]:
    """Out of lists, forms, filters and the API; records keep its values. The answer says what used it."""
    acting_user = manager(request)
    with pooled() as conn:
        uses = uses_of(conn, object, name)
        field_setup.archive_field(conn, object, name, acting_user=acting_user)
    return {"views": uses.views, "private_views": uses.private, "stages": uses.stages}


@router.post("/objects/{object}/fields/{name}/restore", response=shapes.DoneOut, summary="Restore a field")
def restore_field(request: HttpRequest, object: str, name: str) -> shapes.DoneOut:
    """With the values that records have. Safe to repeat."""
    acting_user = manager(request)
    with pooled() as conn:
        field_setup.restore_field(conn, object, name, acting_user=acting_user)
    return shapes.DoneOut()


def _options(given: list[shapes.OptionIn]) -> tuple[Option, ...]:
    return tuple(Option(one.value, one.title, one.tone) for one in given)
