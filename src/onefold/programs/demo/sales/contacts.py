"""What a salesperson of the sample shop says of the people they talk to: whose they are, how far they are. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any, Final
from uuid import UUID, uuid5

from onefold.programs.demo.sales.customers import Account, Contact
from onefold.programs.demo.sales.lives import Deal
from onefold.programs.demo.sales.team import WON, Member

SEED: Final = 20_240_304
_IDS: Final = UUID("0d5f4f0a-52c1-4b0f-9a53-1f0c7c1f8a10")
_LANGUAGES: Final = {"NO": "nb", "SE": "sv", "DK": "da", "FI": "fi", "IS": "is", "DE": "de", "PL": "pl"}


def sayings(member: Member, number: int, accounts: Sequence[Account], deals: Sequence[Deal]) -> list[dict[str, Any]]:
    """An identify event for each person at the firms of a member (user `number`), of the last deal with them.

    Each has an id that never changes.
    """
    rng = Random(f"{SEED} {member.username}")  # noqa: S311 invented people, always the same
    last = {one.contact.reference: one for one in sorted(deals, key=lambda one: one.until)}
    found = []
    for account in accounts:
        for contact in account.contacts:
            deal = last.get(contact.reference)
            said = _said(rng, contact, deal) | {"owner": number}
            if language := _LANGUAGES.get(account.company.country):
                said["language"] = language
            at = deal.until - timedelta(minutes=5) if deal else None
            head: dict[str, Any] = {
                "type": "identify",
                "messageId": str(uuid5(_IDS, contact.reference)),
                "traits": said,
            }
            named = {"context": {"externalIds": [{"type": contact.namespace, "id": contact.value}]}}
            found.append(head | named | ({"timestamp": at.isoformat()} if at else {}))
    return found


def _said(rng: Random, contact: Contact, deal: Deal | None) -> dict[str, Any]:
    if deal is None:
        stage, status = rng.choice((("lead", "new"), ("lead", "contacted"), ("qualified", "working")))
        return {"lifecycle_stage": stage, "lead_status": status, "lead_source": rng.choice(("event", "outbound"))}
    if deal.is_open:
        return {"lifecycle_stage": "opportunity", "lead_status": "working", "lead_source": deal.source}
    if deal.stage == WON or contact.is_customer:
        return {"lifecycle_stage": "customer", "lead_status": "qualified", "lead_source": deal.source}
    return {"lifecycle_stage": "lead", "lead_status": "unqualified", "lead_source": deal.source}
