"""The sample shop's sales side: a team, its customers, half a year of deals, calls and tasks, written as users write.

Records carry the moments at which things happened; so do the facts of them in the log.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection

from onefold.accounts.api import Role, create_user, has_user, workspace
from onefold.crm.api import (
    STANDARD,
    AssignmentWanted,
    Doing,
    Reach,
    Viewer,
    add_assignment_rule,
    add_member,
    add_team,
    change_records,
    create_records,
    load_pipelines,
    load_teams,
)
from onefold.events.api import INTERNAL_SOURCE, append_internal, wait_until_processed
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Broken, Unavailable
from onefold.kernel.hashing import event_id
from onefold.profiles.api import anchors_of, names_in_force
from onefold.programs.demo.access import ACTING_USER
from onefold.programs.demo.catalogue import PRODUCTS
from onefold.programs.demo.sales.contacts import sayings
from onefold.programs.demo.sales.customers import accounts, events
from onefold.programs.demo.sales.lives import RATES, Deal, deals_of, wholesale_price
from onefold.programs.demo.sales.team import CORPORATE, LOST, STAGES, TEAM, WHOLESALE, WON, Member
from onefold.programs.demo.sales.work import Work, activities_of, tasks_of

QUERIES: Final = load_queries("onefold.programs.demo.sales", "sales.sql")
SEED: Final = 20_240_303
PATIENCE_S: Final = 120.0
LEADS_EACH: Final = 40
"""Open leads of somebody, at most."""
_ALL: Final = dict.fromkeys(Doing, Reach.ALL)  # as editors may


def ensure_sales(conn: Connection[Any], tell: Callable[[str], None]) -> None:
    """Makes what was never made; goes on where it broke off. Needs `django.setup()`. Cost: 10 s, then two queries.

    What somebody changed or removed since stays so. Raises Unavailable when the processor doesn't get on.
    """
    missing = _missing(conn)
    if not missing:
        return
    tell("The shop's sales team, its customers and their deals are coming in.")
    _ensure_team()
    with conn.transaction():
        if not _is(conn, "is_set_up", {"actor": ACTING_USER}):
            _set_up(conn)
    _ensure_customers(conn)
    for member in missing:
        with conn.transaction():
            _write(conn, member, datetime.now(UTC))
    tell("The sales team is at work.")


def _missing(conn: Connection[Any]) -> list[Member]:
    usernames = [one.username for one in TEAM]
    there = {name for (name,) in conn.execute(QUERIES["whose"], {"usernames": usernames})}
    return [one for one in TEAM if one.username not in there]


def _ensure_team() -> None:
    """Whoever sells, and who leads a team, without a password: an administrator may send them a link to choose one."""
    leads = {member.team: member for member in reversed(TEAM)}
    for member in TEAM:
        if not has_user(member.username):
            role = Role.MANAGER if leads[member.team] is member else Role.SALES
            create_user(member.username, None, role=role)


def _set_up(conn: Connection[Any]) -> None:
    """Teams, pipelines, rates, products, who gets leads; and the team's users have been here before."""
    now = datetime.now(UTC)
    seen = {"joined_at": now - timedelta(days=400), "seen_at": now - timedelta(hours=3)}
    conn.execute(QUERIES["have_joined"], {"usernames": [one.username for one in TEAM]} | seen)
    _make_teams(conn)
    for name in STAGES:
        _make_pipeline(conn, name)
    home = workspace().currency
    if home in RATES:  # of another currency nothing is known here, and amounts stay as they are
        for currency, euros in RATES.items():
            if currency != home:
                conn.execute(QUERIES["new_rate"], {"currency": currency, "rate": euros / RATES[home]})
    known = {code for (code,) in conn.execute(QUERIES["known_codes"], {"codes": [one.sku for one in PRODUCTS]})}
    rows = [
        {"name": one.name, "code": one.sku, "price": str(wholesale_price(one)), "currency": "EUR"}
        for one in PRODUCTS
        if one.sku not in known
    ]
    if rows:
        create_records(conn, STANDARD["product"], rows, viewer=Viewer(name=ACTING_USER, user_id=None, usual=_ALL))


def _make_teams(conn: Connection[Any]) -> None:
    """Both teams; leads go to the smaller one in turn, each up to so many. Teams that are there stay as they are."""
    known = {team.name for team in load_teams(conn).tree}
    for name in STAGES:
        if name not in known:
            number = add_team(conn, name, acting_user=ACTING_USER)
            for member in TEAM:
                if member.team == name:
                    add_member(conn, number, member.username, acting_user=ACTING_USER)
    takers = {member.username: LEADS_EACH for member in TEAM if member.team == CORPORATE}
    rule = AssignmentWanted(name="Leads of the website", way="round_robin", members=takers)
    add_assignment_rule(conn, rule, acting_user=ACTING_USER)


def _make_pipeline(conn: Connection[Any], name: str) -> None:
    """The first is the one that every new Onefold has, if nobody has used it yet."""
    legs = STAGES[name]
    if name == WHOLESALE and _is(conn, "rename", {"name": name, "stages": [*(leg.name for leg in legs), WON, LOST]}):
        return
    (number,) = conn.execute(QUERIES["new_pipeline"], {"name": name}).fetchone() or (None,)
    stages = [
        {"name": leg.name, "state": "open", "probability": leg.probability, "required": list(leg.required),
         "checklist": list(leg.checklist), "stale_days": leg.stale_days}
        for leg in legs
    ]  # fmt: skip
    end: dict[str, Any] = {"checklist": [], "stale_days": None}
    stages += [
        end | {"name": WON, "state": "won", "probability": 100, "required": ["amount"]},
        end | {"name": LOST, "state": "lost", "probability": 0, "required": ["lost_reason"]},
    ]
    for place, stage in enumerate(stages, 1):
        conn.execute(QUERIES["new_stage"], stage | {"pipeline": number, "place": place})


def _ensure_customers(conn: Connection[Any]) -> None:
    """Firms and their people, by events of Onefold's own source; returns when they can be referred to."""
    told = events(datetime.now(UTC))
    last = UUID(bytes=event_id(INTERNAL_SOURCE, told[-1]["messageId"]))
    if _is(conn, "known_ids", {"ids": [last]}):
        return
    position = append_internal(conn, told, acting_user=ACTING_USER)
    if not wait_until_processed(conn, position, PATIENCE_S):
        raise Unavailable("The processor has not come to the sales team's customers. `onefold doctor` may know why.")


def _write(conn: Connection[Any], member: Member, now: datetime) -> None:
    """The half year of one of the team, in one transaction."""
    rng = Random(f"{SEED} {member.username}")  # noqa: S311 an invented history, always the same
    deals = deals_of(rng, member, accounts()[member.username], now)
    activities = activities_of(rng, member, deals, now)
    tasks = tasks_of(rng, member, deals, now, ZoneInfo(workspace().time_zone))
    users = dict(conn.execute(QUERIES["users"], {"usernames": [member.username]}).fetchall())
    viewer = Viewer(name=member.actor, user_id=users[member.username], username=member.username, usual=_ALL)
    numbers = _write_deals(conn, viewer, member, deals)
    _write_lines(conn, deals, numbers)
    _write_work(conn, viewer, "activity", activities, numbers)
    ids = _write_work(conn, viewer, "task", tasks, numbers)
    done = [(number, one.done_at) for number, one in zip(ids, tasks, strict=True) if one.done_at]
    changes = {number: {"done_at": at.isoformat()} for number, at in done}
    change_records(conn, STANDARD["task"], changes, viewer=viewer, moments=[at for _, at in done])
    told = sayings(member, users[member.username], accounts()[member.username], deals)
    append_internal(conn, told, acting_user=member.actor)


def _write_deals(conn: Connection[Any], viewer: Viewer, member: Member, deals: Sequence[Deal]) -> list[int]:
    """Each is made and goes from stage to stage, when it did: first the first move of all, then the second."""
    stages = _stages(conn, member.team)
    first = stages[STAGES[member.team][0].name]
    rows = [_new_deal(one, first) for one in deals]
    numbers = create_records(conn, STANDARD["deal"], rows, viewer=viewer, moments=[one.created_at for one in deals]).ids
    for turn in range(max(len(one.moves) for one in deals)):
        moving = [(number, one) for number, one in zip(numbers, deals, strict=True) if turn < len(one.moves)]
        changes = {number: _moved(one, turn, stages) for number, one in moving}
        moments = [one.moves[turn].at for _, one in moving]
        change_records(conn, STANDARD["deal"], changes, viewer=viewer, moments=moments)
    return numbers


def _stages(conn: Connection[Any], team: str) -> dict[str, int]:
    """Numbers of the stages by name. Raises Broken when somebody has changed them since."""
    wanted = {*(leg.name for leg in STAGES[team]), WON, LOST}
    for pipeline in load_pipelines(conn).live:
        found = {stage.name: stage.id for stage in pipeline.stages}
        if pipeline.name == team and wanted <= found.keys():
            return found
    raise Broken(f"The pipeline {team!r} isn't there any more as the demo made it, so its deals can't be written.")


def _new_deal(deal: Deal, stage: int) -> dict[str, Any]:
    has_offer_at_once = not deal.moves and deal.items
    return {
        "name": deal.name,
        "stage": stage,
        "amount": str(deal.amount if has_offer_at_once else deal.guess),
        "currency": deal.currency,
        "close_on": deal.close_on.isoformat(),
        "company": deal.account.company.reference,
        "person": deal.contact.reference,
        "source": deal.source,
        "next_step": deal.next_step,
    }


def _moved(deal: Deal, turn: int, stages: Mapping[str, int]) -> dict[str, Any]:
    """What changes with a move: what the stage asks for, and with the first the amount is known better."""
    stage = deal.moves[turn].stage
    change: dict[str, Any] = {"stage": stages[stage]}
    checklist = next((leg.checklist for leg in STAGES[deal.pipeline] if leg.name == stage), ())
    if turn == 0 and deal.items:
        change["amount"] = str(deal.amount)
    if checklist:
        change["checked"] = list(checklist)
    if stage == LOST:
        change["lost_reason"] = deal.lost_reason
    return change


def _write_lines(conn: Connection[Any], deals: Sequence[Deal], numbers: Sequence[int]) -> None:
    """What is sold, and who else has a part in it."""
    items = [
        {"deal": number, "code": item.code, "name": item.name, "quantity": item.quantity, "price": str(item.price),
         "discount": str(item.discount), "place": place}
        for number, deal in zip(numbers, deals, strict=True)
        for place, item in enumerate(deal.items, 1)
    ]  # fmt: skip
    conn.execute(QUERIES["new_items"], {"rows": json.dumps(items)})
    names = names_in_force(conn)
    others = [
        (number, names.identifier(one.reference).h, one.role)
        for number, deal in zip(numbers, deals, strict=True)
        for one in deal.others
    ]
    anchors = anchors_of(conn, names, {h for _, h, _ in others})
    people = [{"deal": number, "person": anchors[h], "role": role} for number, h, role in others if h in anchors]
    conn.execute(QUERIES["new_people"], {"rows": json.dumps(people)})


def _write_work(
    conn: Connection[Any], viewer: Viewer, name: str, work: Sequence[Work], numbers: Sequence[int]
) -> list[int]:
    rows = [one.row | {"deal": numbers[one.deal]} for one in work]
    return create_records(conn, STANDARD[name], rows, viewer=viewer, moments=[one.at for one in work]).ids


def _is(conn: Connection[Any], query: str, parameters: Mapping[str, Any]) -> bool:
    """Whether the query finds anything true."""
    row = conn.execute(QUERIES[query], parameters).fetchone()
    return bool(row and row[0])
