"""A lead becomes an opportunity: a deal with them, at their company, and their stage, in one go.

The company is an event, the stage a correction, the deal a record: each can be undone as any other. What comes first is
what the others need, and all of it can be sent again: the company and the stage are then what they are already.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import Actor, name_of
from onefold.crm.catalogue import Asking
from onefold.crm.company_alike import companies_alike
from onefold.crm.domains import domain_of, is_free_mail
from onefold.crm.errors import RecordRejected
from onefold.crm.person_editing import Edited, alone
from onefold.crm.person_fields import LIFECYCLE, OWNER
from onefold.crm.person_rights import demand_person
from onefold.crm.records import create_records
from onefold.profiles.api import (
    Company,
    companies_of,
    correct_all,
    find_company,
    new_company,
    put_into_company,
)

STAGE: Final = "opportunity"
NEW: Final = "new"
MAX_NAME: Final = 200


class CompanyIsThere(RecordRejected):
    """Companies like the one that is wanted are there: which of them is it?"""

    code = "company_known"

    def __init__(self, found: list[Company]) -> None:
        super().__init__(_("Is it one of these? They have the same domain or nearly the same name."))
        self.found = found


@dataclass(frozen=True, kw_only=True)
class ConversionWanted:
    """What somebody wants of a lead. `company`: name, '' = none; `pick`: `space:key` of one that is there, or NEW."""

    deal: str
    amount: str = ""
    company: str = ""
    pick: str = ""


@dataclass(frozen=True, kw_only=True)
class Converted:
    """What came of it. `act`: by which the deal is undone."""

    deal: int
    act: UUID


def usual_company(conn: Connection[Any], lead: Edited) -> Company | None:
    """The company that somebody was seen in last."""
    found = companies_of(conn, lead.whom.fragments)
    return find_company(conn, found[0].space, found[0].key) if found else None


def domain_of_lead(lead: Edited) -> str:
    """At which their address is; empty where anybody gets one."""
    domain = domain_of(str(lead.values.get("email") or "").rpartition("@")[2])
    return "" if not domain or is_free_mail(domain) else domain


def convert(
    conn: Connection[Any], actor: Actor, asking: Asking, identifier: str, wanted: ConversionWanted, *, once: UUID
) -> Converted:
    """Raises CompanyIsThere, RecordRejected, RecordForbidden, NotFound. Waits until the events are to be seen.

    With the same `once` it is one company, however often it is sent.
    """
    name = " ".join(wanted.deal.split())
    if not name:
        raise RecordRejected(_("A deal needs a name."), {"deal": _("A deal needs a name.")})
    with alone(conn, identifier) as lead:
        demand_person(conn, actor, lead.values.get(OWNER))
        company = _company(conn, actor, lead, wanted, once)
        given: dict[str, Any] = {"name": name, "amount": wanted.amount.strip(), "person": lead.identifier}
        if company is not None:
            given["company"] = f"{company.space}:{company.key}"
        done = create_records(conn, asking.objects["deal"], [given], viewer=asking.viewer)
        if lead.known.lifecycle.is_later(STAGE, str(lead.values.get(LIFECYCLE) or "")):
            correct_all(conn, lead.names, lead.whom, traits={LIFECYCLE: STAGE}, acting_user=name_of(actor))
    return Converted(deal=done.ids[0], act=done.act)


def _company(conn: Connection[Any], actor: Actor, lead: Edited, wanted: ConversionWanted, once: UUID) -> Company | None:
    """The company that is meant, made if there is none, with the person in it."""
    title = " ".join(wanted.company.replace("\0", "").split())[:MAX_NAME]
    if not title and not wanted.pick:
        return None
    usual = usual_company(conn, lead)
    if usual is not None and not wanted.pick and title == usual.title:
        return usual
    company = _chosen(conn, actor, lead, title, wanted.pick, once)
    if usual is None or usual.h != company.h:
        put_into_company(conn, lead.names, lead.whom, company.space, company.key, acting_user=name_of(actor))
    return company


def _chosen(conn: Connection[Any], actor: Actor, lead: Edited, title: str, pick: str, once: UUID) -> Company:
    if pick and pick != NEW:
        found = find_company(conn, *pick.replace("\0", "").partition(":")[::2])
        if found is None:
            raise RecordRejected(_("There is no such company any more. Choose another one."))
        return found
    domain = domain_of_lead(lead)
    if not pick and (alike := companies_alike(conn, title, domain)):
        raise CompanyIsThere(alike)
    traits = {"name": title} | ({"domain": domain} if domain else {})
    made = find_company(conn, *new_company(conn, traits=traits, acting_user=name_of(actor), once=once))
    if made is None:
        raise RecordRejected(_("The company is logged, but isn't to be seen yet. Press Convert again shortly."))
    return made
