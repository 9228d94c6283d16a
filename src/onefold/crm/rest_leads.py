"""REST: rules that give points to people, and rules that give leads to who sells. Keys need the scope `manage`."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from onefold.crm import assign_setup, assigning, score_setup, scores
from onefold.crm import rest_setup_schemas as shapes
from onefold.crm.assign_setup import AssignmentWanted
from onefold.crm.rest_pipelines import manager
from onefold.crm.score_setup import RuleWanted
from onefold.infra.pool import pooled

router = Router(tags=["Setting up the CRM"])


@router.get("/score-rules", response=list[shapes.ScoreRuleOut], summary="What earns points")
def score_rules(request: HttpRequest) -> list[dict[str, Any]]:
    """The rules that count, in order."""
    manager(request)
    with pooled() as conn:
        return [one._asdict() for one in scores.load_rules(conn)]


@router.post("/score-rules", response={201: shapes.MadeOut}, summary="Add a rule for scores")
def add_score_rule(request: HttpRequest, body: shapes.ScoreRuleIn) -> Status[dict[str, Any]]:
    """Scores follow within minutes, also for what was done before. 400 `setup_invalid` says what is allowed."""
    acting_user = manager(request)
    with pooled() as conn:
        wanted = RuleWanted(**body.model_dump())
        return Status(201, {"id": score_setup.add_rule(conn, wanted, acting_user=acting_user)})


@router.put("/score-rules/{int:number}", response=shapes.DoneOut, summary="Change a rule for scores")
def change_score_rule(request: HttpRequest, number: int, body: shapes.ScoreRuleIn) -> shapes.DoneOut:
    """400 `setup_invalid`, 404 `setup_not_found`."""
    acting_user = manager(request)
    with pooled() as conn:
        score_setup.change_rule(conn, number, RuleWanted(**body.model_dump()), acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/score-rules/{int:number}/archive", response=shapes.DoneOut, summary="Archive a rule for scores")
def archive_score_rule(request: HttpRequest, number: int) -> shapes.DoneOut:
    """It counts no longer. Safe to repeat."""
    acting_user = manager(request)
    with pooled() as conn:
        score_setup.archive_rule(conn, number, is_archived=True, acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/score-rules/{int:number}/restore", response=shapes.DoneOut, summary="Restore a rule for scores")
def restore_score_rule(request: HttpRequest, number: int) -> shapes.DoneOut:
    """It counts again. Safe to repeat."""
    acting_user = manager(request)
    with pooled() as conn:
        score_setup.archive_rule(conn, number, is_archived=False, acting_user=acting_user)
    return shapes.DoneOut()


@router.get("/assignment-rules", response=list[shapes.AssignmentRuleOut], summary="Which leads go to whom")
def assignment_rules(request: HttpRequest) -> list[dict[str, Any]]:
    """The rules that count, in order: of a lead the first that is of it."""
    manager(request)
    with pooled() as conn:
        return [
            one._asdict() | {"members": {member.name: member.capacity for member in one.members}}
            for one in assigning.load_rules(conn)
        ]


@router.post("/assignment-rules", response={201: shapes.MadeOut}, summary="Add a rule for leads")
def add_assignment_rule(request: HttpRequest, body: shapes.AssignmentRuleIn) -> Status[dict[str, Any]]:
    """Behind the last, of leads that come in from now on. 400 `setup_invalid` says what is allowed."""
    acting_user = manager(request)
    with pooled() as conn:
        wanted = AssignmentWanted(**body.model_dump())
        return Status(201, {"id": assign_setup.add_rule(conn, wanted, acting_user=acting_user)})


@router.put("/assignment-rules/{int:number}", response=shapes.DoneOut, summary="Change a rule for leads")
def change_assignment_rule(request: HttpRequest, number: int, body: shapes.AssignmentRuleIn) -> shapes.DoneOut:
    """Also who takes part. 400 `setup_invalid`, 404 `setup_not_found`."""
    acting_user = manager(request)
    with pooled() as conn:
        assign_setup.change_rule(conn, number, AssignmentWanted(**body.model_dump()), acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/assignment-rules/{int:number}/archive", response=shapes.DoneOut, summary="Archive a rule for leads")
def archive_assignment_rule(request: HttpRequest, number: int) -> shapes.DoneOut:
    """It counts no longer. Safe to repeat."""
    acting_user = manager(request)
    with pooled() as conn:
        assign_setup.archive_rule(conn, number, is_archived=True, acting_user=acting_user)
    return shapes.DoneOut()


@router.post("/assignment-rules/{int:number}/restore", response=shapes.DoneOut, summary="Restore a rule for leads")
def restore_assignment_rule(request: HttpRequest, number: int) -> shapes.DoneOut:
    """It counts again. Safe to repeat."""
    acting_user = manager(request)
    with pooled() as conn:
        assign_setup.archive_rule(conn, number, is_archived=False, acting_user=acting_user)
    return shapes.DoneOut()
