"""REST: records of every object, their history; what was written can be undone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query
from psycopg import Connection
from psycopg.sql import SQL

from onefold.accounts.api import Permission, actor_of, demand, workspace
from onefold.crm import rest_bodies, rest_schemas, store
from onefold.crm.access import asking_of
from onefold.crm.answers import answers_of, history_of
from onefold.crm.catalogue import Asking
from onefold.crm.editing import change_as_told
from onefold.crm.file_rest import router as file_router
from onefold.crm.listing import (
    EVERYTHING,
    Place,
    Question,
    is_sortable,
    place_from,
    place_text,
    record_page,
    totals_of,
)
from onefold.crm.objects import FieldDef, ObjectType
from onefold.crm.person_rest import router as people_router
from onefold.crm.records import Done, create_records, delete_records, load_record, restore_records, undo
from onefold.crm.report_rest import router as reports_router
from onefold.crm.rest_companies import router as companies_router
from onefold.crm.rest_leads import router as leads_router
from onefold.crm.rest_objects import router as objects_router
from onefold.crm.rest_pipelines import router as pipelines_router
from onefold.crm.schema import object_named, objects_in_force
from onefold.crm.viewer import Doing, Reach, rows_sql
from onefold.filters.api import from_json, in_all
from onefold.infra.pool import pooled
from onefold.kernel.errors import Rejected, Unavailable

__all__ = ["file_router", "router"]

router = Router(tags=["Records"])
router.add_router("", pipelines_router)
router.add_router("", leads_router)
router.add_router("", companies_router)
router.add_router("", objects_router)
router.add_router("", people_router)
router.add_router("", reports_router)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_Q: Final = Query("", max_length=200, description="Part of a name")
_FILTER: Final = Query("", description="A filter as JSON: docs/reference/filters.md")


class QuestionRejected(Rejected):
    """The query asks for something there is not."""

    code = "query_invalid"


@router.get("/records", response=list[rest_schemas.ObjectOut], summary="Kinds of records")
def objects(request: HttpRequest) -> HttpResponse:
    """Every object that you may see, custom ones too, with its fields: what the other calls take and give."""
    with pooled() as conn:
        viewer = asking_of(conn, actor_of(request)).viewer
        found = objects_in_force(conn)
    return _json([_object(one) for one in found.values() if viewer.reach(one.name, Doing.SEE) is not Reach.NONE])


@router.get("/records/{object}", response=rest_schemas.RecordsOut, summary="A list of records")
def records(  # noqa: PLR0913, PLR0917  (parameters of the call, all by name)
    request: HttpRequest,
    object: str,
    q: str = _Q,
    filter: str = _FILTER,
    sort: str = Query("", max_length=200, description="A field; with `-` before it downwards"),
    after: str = Query("", max_length=300, description="`next` of the page before"),
    size: int = Query(50, ge=1, le=200, description="Most records"),
) -> HttpResponse:
    """Records of an object that match, in pages. 404 `record_not_found` lists the objects there are.

    400: `filter_invalid`, `field_unknown`, `field_hidden`, `sort_invalid`; `query_invalid`: `after` is of another list.
    """
    with pooled() as conn:
        asking, kind = _asked(request, conn, object)
        question = _question(asking, kind, q, filter, sort)
        page = record_page(conn, question, after=_place(conn, question, after), size=size)
        if page.is_too_slow:
            raise Unavailable("Finding these records took too long. Ask for less: docs/reference/filters.md.")
        if page.is_sort_refused:
            raise QuestionRejected(
                "Lists of more than 10,000 records can't be sorted by this field. Filter, or sort by created_at."
            )
        answers = answers_of(conn, kind, page.rows, is_masked=asking.is_masked)
    return _json(
        {
            "records": answers,
            "next": _cursor(question, page.next_place) if page.next_place else None,
            "count": page.count,
            "is_count_capped": page.is_count_capped,
        }
    )


@router.get("/records/{object}/totals", response=rest_schemas.TotalsOut, summary="Totals of a list")
def totals(request: HttpRequest, object: str, q: str = _Q, filter: str = _FILTER) -> HttpResponse:
    """How many records match, all of them counted, and sums of those with amounts. Errors as of the list."""
    with pooled() as conn:
        asking, kind = _asked(request, conn, object)
        found = totals_of(conn, _question(asking, kind, q, filter, ""))
    return _json({"count": found.count, "sums": found.sums, "currency": workspace().currency})


@router.post(
    "/records/{object}",
    response={201: rest_schemas.WrittenOut},
    summary="Make records",
    openapi_extra=rest_schemas.NEW,
)
def create(request: HttpRequest, object: str) -> HttpResponse:
    """One, or up to 1,000 as `records`: all of them or none. Yours unless `owner` says otherwise.

    400 `record_invalid`: `faults` says by field what is wrong, `row` in which of many. 400 `stage_refused`: the stage
    needs `fields` and `items` first. 403 `record_forbidden`. 422 `request_invalid`: the body has another shape.
    """
    demand(actor_of(request), Permission.EDIT_RECORDS)
    with pooled() as conn:
        asking, kind = _asked(request, conn, object)
        done = create_records(conn, kind, rest_bodies.read_new(request.body), viewer=asking.viewer)
        return _written(conn, asking, kind, done, done.ids, status=201)


@router.patch(
    "/records/{object}",
    response=rest_schemas.WrittenOut,
    summary="Change many records",
    openapi_extra=rest_schemas.CHANGES,
)
def change_many(request: HttpRequest, object: str) -> HttpResponse:
    """Each with its `id` and the fields to change: all of them or none. Errors as of making records.

    Fields that you give back as you read them stay as they are, those that are kept by Onefold too.
    """
    demand(actor_of(request), Permission.EDIT_RECORDS)
    with pooled() as conn:
        asking, kind = _asked(request, conn, object)
        changes = rest_bodies.read_changes(request.body)
        done = change_as_told(conn, kind, changes, asking=asking)
        return _written(conn, asking, kind, done, list(changes))


@router.post(
    "/records/{object}/delete",
    response=rest_schemas.RemovedOut,
    summary="Delete many records",
    openapi_extra=rest_schemas.IDS,
)
def delete_many(request: HttpRequest, object: str) -> HttpResponse:
    """Out of every list, all of them or none; `restore` or undo brings them back. Safe to repeat.

    404 `record_not_found`, 403 `record_forbidden`.
    """
    return _removed(request, object, None, is_deleted=True)


@router.post(
    "/records/{object}/restore",
    response=rest_schemas.RemovedOut,
    summary="Bring deleted records back",
    openapi_extra=rest_schemas.IDS,
)
def restore(request: HttpRequest, object: str) -> HttpResponse:
    """All of them or none. Safe to repeat. 404 `record_not_found`, 403 `record_forbidden`."""
    return _removed(request, object, None, is_deleted=False)


@router.get("/records/{object}/{int:number}", response=dict[str, Any], summary="One record")
def record(request: HttpRequest, object: str, number: int) -> HttpResponse:
    """`id`, `created_by` and every field by name. 404 `record_not_found`: deleted, not yours to see, or never there."""
    with pooled() as conn:
        asking, kind = _asked(request, conn, object)
        row = load_record(conn, kind, rest_bodies.as_id(number), viewer=asking.viewer)
        (answer,) = answers_of(conn, kind, [row], is_masked=asking.is_masked)
    return _json(answer)


@router.patch(
    "/records/{object}/{int:number}",
    response=rest_schemas.WrittenOut,
    summary="Change a record",
    openapi_extra=rest_schemas.CHANGE,
)
def change(request: HttpRequest, object: str, number: int) -> HttpResponse:
    """The fields to change. With `seen` 409 `edit_conflict` if a field holds something else by now.

    Fields that you give back as you read them stay as they are, those that are kept by Onefold too. Other errors as
    of making records; 404 `record_not_found`.
    """
    demand(actor_of(request), Permission.EDIT_RECORDS)
    with pooled() as conn:
        asking, kind = _asked(request, conn, object)
        fields, seen = rest_bodies.read_change(request.body)
        number = rest_bodies.as_id(number)
        done = change_as_told(conn, kind, {number: fields}, asking=asking, seen=seen)
        return _written(conn, asking, kind, done, [number])


@router.delete("/records/{object}/{int:number}", response=rest_schemas.RemovedOut, summary="Delete a record")
def delete(request: HttpRequest, object: str, number: int) -> HttpResponse:
    """Out of every list; `restore` or undo brings it back. Safe to repeat. Errors as of deleting many."""
    return _removed(request, object, rest_bodies.as_id(number), is_deleted=True)


@router.get(
    "/records/{object}/{int:number}/history",
    response=list[rest_schemas.HistoryEntryOut],
    summary="What was done to a record",
)
def history(
    request: HttpRequest,
    object: str,
    number: int,
    limit: int = Query(50, ge=1, le=200, description="Most changes"),
) -> HttpResponse:
    """The latest change first: who, when, each field before and after. Of deleted records too."""
    with pooled() as conn:
        asking, kind = _asked(request, conn, object)
        row = load_record(conn, kind, rest_bodies.as_id(number), viewer=asking.viewer, with_deleted=True)
        found = store.changes_of(conn, kind, row.id, limit=limit)
        told = history_of(conn, kind, found, is_masked=asking.is_masked)
    entries = zip(found, told, strict=True)
    return _json(
        [
            {"act": one.act, "at": one.at, "actor": one.actor, "action": one.action, "changes": changes}
            for one, changes in entries
        ]
    )


@router.post("/acts/{uuid:act}/undo", response=rest_schemas.UndoneOut, summary="Undo what a call did")
def undo_act(request: HttpRequest, act: UUID) -> HttpResponse:
    """Takes back all that one call, page or import did at once. Fields that somebody changed since keep their values.

    404 `record_not_found`: there is no such act, or one of its records is deleted or not yours to see.
    403 `record_forbidden`: you may not do the contrary.
    """
    actor = actor_of(request)
    demand(actor, Permission.EDIT_RECORDS)
    with pooled() as conn:
        done = undo(conn, act, viewer=asking_of(conn, actor).viewer)
    return _json({"act": done.act if done.records else None, "records": done.records, "left": done.left})


def _asked(request: HttpRequest, conn: Connection[Any], name: str) -> tuple[Asking, ObjectType]:
    asking = asking_of(conn, actor_of(request))  # rights first: who has none learns of no object
    return asking, object_named(conn, name)


def _question(asking: Asking, kind: ObjectType, q: str, text: str, sort: str) -> Question:
    tree = in_all(from_json(text)) if text else EVERYTHING
    return Question(asking=asking, kind=kind, tree=tree, query=q, sort=sort, now=datetime.now(UTC))


def _cursor(question: Question, place: Place) -> str:
    """A place, and of which list: in another it would be some place or none."""
    return f"{place_text(place)}.{question.kind.name}.{question.sort or question.kind.sort}"


def _place(conn: Connection[Any], question: Question, after: str) -> Place | None:
    """Raises QuestionRejected, also for a record that isn't there to be seen: where it stands would tell its value."""
    if not after:
        return None
    place = place_from(after.partition(".")[0])
    if place is None or after != _cursor(question, place):
        raise QuestionRejected("after must be `next` of the page before, of the same object and sort.")
    visible = rows_sql(question.asking.viewer, question.kind.name, Doing.SEE, "r")
    if not store.load_rows(conn, question.kind, [place.id], where=visible):
        raise QuestionRejected("after: you can't see that record (any more). Begin with the first page.")
    return place


def _removed(request: HttpRequest, object: str, number: int | None, *, is_deleted: bool) -> HttpResponse:
    actor = actor_of(request)
    demand(actor, Permission.EDIT_RECORDS)
    with pooled() as conn:
        asking, kind = _asked(request, conn, object)
        ids = rest_bodies.read_ids(request.body) if number is None else [number]
        act = delete_records if is_deleted else restore_records
        done = act(conn, kind, ids, viewer=asking.viewer)
    return _json({"act": done.act if done.ids else None, "ids": done.ids, "unchanged": done.unchanged})


def _written(
    conn: Connection[Any], asking: Asking, kind: ObjectType, done: Done, ids: list[int], *, status: int = 200
) -> HttpResponse:
    """The records as they are now: whoever wrote them may read them once, even if they gave them away."""
    rows = store.load_rows(conn, kind, ids, where=SQL("true"))
    answers = answers_of(conn, kind, [rows[one] for one in ids if one in rows], is_masked=asking.is_masked)
    act = done.act if done.ids else None
    return _json({"act": act, "records": answers, "unchanged": done.unchanged}, status=status)


def _object(kind: ObjectType) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": str(kind.title),
        "plural": str(kind.plural),
        "sort": kind.sort,
        "fields": [_field(one) for one in kind.fields],
    }


def _field(field: FieldDef) -> dict[str, Any]:
    return {
        "name": field.name,
        "title": str(field.title),
        "kind": field.kind.value,
        "options": [{"value": one.value, "title": str(one.title)} for one in field.options],
        "target": field.target,
        "currency": field.currency,
        "is_required": field.is_required,
        "is_read_only": field.is_read_only,
        "is_sortable": is_sortable(field),
    }


def _json(answer: Mapping[str, Any] | list[Any], *, status: int = 200) -> HttpResponse:
    """Amounts as they are kept: ninja's own way would make texts or doubles of them."""
    return HttpResponse(_encoder.encode(answer), content_type="application/json", status=status)
