"""Rules of deals: stages and what they ask for, amounts in the workspace's currency, time in stage, facts."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from onefold.accounts.api import workspace
from onefold.crm.errors import RecordRejected, StageRefused
from onefold.crm.items import prepare_items
from onefold.crm.objects import DEAL
from onefold.crm.parts import write_items, write_people
from onefold.crm.pipelines import Pipelines, Stage, load_pipelines
from onefold.crm.reckoning import QUERIES as RECKONING
from onefold.crm.roles import prepare_people
from onefold.crm.rules import Draft, Writing, is_empty, row_of
from onefold.crm.subjects import Fact, log_facts, take_over, usernames
from onefold.crm.telling import tell_given
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "deals.sql")
_CENT: Final = Decimal("0.01")
_MOST_HOME: Final = Decimal(10) ** 16


class DealRules:
    """See `Rules`."""

    def prepare(self, writing: Writing, drafts: Sequence[Draft]) -> None:
        """Pipeline and stage agree, the stage lets the deal in, amounts follow products and are converted."""
        pipelines = load_pipelines(writing.conn)
        take_over(writing, drafts)
        home = workspace().currency
        rates: dict[str, Decimal] = dict(writing.conn.execute(RECKONING["rates"]).fetchall()) | {home: Decimal(1)}
        prepare_items(writing, drafts, home, rates)
        prepare_people(writing, drafts)
        for draft in drafts:
            _place(draft, pipelines)
            if draft.is_new_value("stage"):
                _enter(writing, draft, pipelines.stages[draft.after["stage"]], drafts)
        _convert(drafts, pipelines, home, rates)

    def follow(self, writing: Writing, drafts: Sequence[Draft]) -> None:
        """What it is made up of and who is beside it, how long it stood where, and what to tell the log."""
        write_items(writing.conn, {one.id: one.after["items"] for one in drafts if one.is_new_value("items")})
        people = {one.id: one.after["people"] for one in drafts if one.is_new_value("people")}
        write_people(writing.conn, DEAL, people)
        moved = [draft for draft in drafts if draft.is_new_value("stage")]
        if moved:
            parameters = {
                "ids": [draft.id for draft in moved],
                "stages": [draft.after["stage"] for draft in moved],
                "moments": [draft.at for draft in moved],
            }
            writing.conn.execute(QUERIES["end_stays"], parameters)
            writing.conn.execute(QUERIES["begin_stays"], parameters)
        tell_given(writing, DEAL, drafts)
        log_facts(writing, _facts(writing, drafts))

    def removed(self, writing: Writing, ids: Sequence[int], *, is_deleted: bool) -> None:
        """Nothing: tasks and activities of a deleted deal stay what they are."""


def _place(draft: Draft, pipelines: Pipelines) -> None:
    after = draft.after
    stage = pipelines.stages.get(after["stage"] or 0)
    is_moved = draft.is_new_value("stage") and stage is not None
    pipeline = pipelines.pipeline(stage.pipeline if is_moved and stage else after["pipeline"])
    if pipeline is None:
        pipeline = pipelines.usual
    if stage is None or stage.pipeline != pipeline.id:
        stage = pipeline.first
    if is_moved and draft.is_new_value("pipeline") and after["pipeline"] not in (None, pipeline.id):
        raise RecordRejected(_("The stage %(stage)s belongs to another pipeline.") % {"stage": stage.name})
    after["pipeline"], after["stage"], after["state"] = pipeline.id, stage.id, stage.state


def _enter(writing: Writing, draft: Draft, stage: Stage, drafts: Sequence[Draft]) -> None:
    after = draft.after
    if writing.is_undo:
        return  # it is as it was, when it was
    fields = tuple(name for name in stage.required if name in after and is_empty(after[name]))
    items = tuple(one for one in stage.checklist if one not in after["checked"])
    if fields or items:
        missing = ", ".join((*fields, *items))
        message = _("Before a deal enters “%(stage)s” it needs: %(missing)s.")
        raise StageRefused(
            message % {"stage": stage.name, "missing": missing},
            stage=stage.id,
            fields=fields,
            items=items,
            row=row_of(draft, drafts),
        )
    after["stage_at"] = after["active_at"] = draft.at
    if stage.state == "open":
        after["closed_at"] = None
        if draft.old("state") in ("won", "lost"):
            after["lost_reason"] = ""
    elif stage.state != draft.old("state"):
        after["closed_at"] = draft.at


def _convert(drafts: Sequence[Draft], pipelines: Pipelines, home: str, rates: Mapping[str, Decimal]) -> None:
    """Amounts of the workspace's currency, and as probable as they are; rounded as by `reckoning.sql`."""
    for draft in drafts:
        after = draft.after
        if after["amount"] is not None and not after["currency"]:
            after["currency"] = home
        rate = rates.get(after["currency"])
        amount = (
            None if after["amount"] is None or rate is None else (after["amount"] * rate).quantize(_CENT, ROUND_HALF_UP)
        )
        if amount is not None and abs(amount) >= _MOST_HOME:
            said = _("Converted to %(currency)s this is more than can be kept.") % {"currency": home}
            raise RecordRejected(said, {"amount": said}, row=row_of(draft, drafts))
        probability = pipelines.stages[after["stage"]].probability
        after["home_amount"] = amount
        after["weighted"] = None if amount is None else (amount * probability / 100).quantize(_CENT, ROUND_HALF_UP)
        if draft.before is None:
            after["active_at"] = after["stage_at"] = draft.at


def _facts(writing: Writing, drafts: Sequence[Draft]) -> Iterator[Fact]:
    stages = load_pipelines(writing.conn)
    owners = usernames(writing.conn, (draft.after["owner"] for draft in drafts))
    for draft in drafts:
        for name, more in _happened(draft, stages.stages):
            yield Fact(
                event=name,
                key=f"{draft.id}-{name}",
                at=draft.at,
                person=draft.after["person"],
                company=draft.after["company"],
                properties=_properties(draft, stages, owners) | more,
            )


def _happened(draft: Draft, stages: Mapping[int, Stage]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names of the facts that others need to hear, if any, with what only they tell."""
    closed = {"won": "Deal Won", "lost": "Deal Lost"}.get(draft.after["state"])
    reason = {"lost_reason": draft.after["lost_reason"]}
    if draft.before is None:
        yield "Deal Created", {}
        if closed:
            yield closed, reason
    elif draft.is_new_value("stage"):
        old = stages.get(draft.old("stage"))
        since: Any = draft.old("stage_at")
        days = round((draft.after["stage_at"] - since).total_seconds() / 86_400, 2) if since else None
        more = {"previous_stage": old.name if old else None, "days_in_previous_stage": days}
        if draft.after["state"] != draft.old("state"):
            yield closed or "Deal Reopened", more | reason
        else:
            yield "Deal Stage Changed", more
    elif draft.is_new_value("person") or draft.is_new_value("company"):
        yield "Deal Joined", {}  # whom it is with now hears of it for the first time
    elif draft.is_new_value("amount") or draft.is_new_value("currency"):
        before = draft.old("amount")
        yield "Deal Amount Changed", {"previous_amount": float(before) if before is not None else None}
    elif draft.is_new_value("owner"):
        yield "Deal Assigned", {}


def _properties(draft: Draft, pipelines: Pipelines, owners: Mapping[int, str]) -> dict[str, Any]:
    after = draft.after
    pipeline = pipelines.pipeline(after["pipeline"])
    amount = after["amount"]
    return {
        "deal_id": draft.id,
        "deal_name": after["name"],
        "pipeline": pipeline.name if pipeline else None,
        "stage": pipelines.stages[after["stage"]].name,
        "state": after["state"],
        "amount": float(amount) if amount is not None else None,
        "currency": after["currency"],
        "close_on": after["close_on"].isoformat() if after["close_on"] else None,
        "owner": owners.get(after["owner"]),
        "source": after["source"],
    }
