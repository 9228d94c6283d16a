"""The firms that the sample shop sells to, and the people there whom its sales team talks to. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final
from uuid import UUID, uuid5

from onefold.programs.demo import names
from onefold.programs.demo.history import CUSTOMERS, SPECIAL
from onefold.programs.demo.history import SEED as HISTORY_SEED
from onefold.programs.demo.people import COUNTRIES, WEIGHTS, Person, make_people, spelled
from onefold.programs.demo.sales.team import CORPORATE, TEAM, WHOLESALE, Member

SEED: Final = 20_240_302
COMPANIES: Final = 300
EACH: Final = COMPANIES // len(TEAM)
_IDS: Final = UUID("5d1f7c7e-6f2b-4b5e-9d0a-3c8e0b1a2f44")
_FIRST: Final = (
    "Abisko", "Akka", "Altevatn", "Bodø", "Breheimen", "Dovre", "Femund", "Finse", "Fulufjäll", "Geilo",
    "Hallingdal", "Hardanger", "Helags", "Hemavan", "Idre", "Inari", "Jostedal", "Jämt", "Kilpis", "Levi", "Luleå",
    "Lyngen", "Narvik", "Nordkapp", "Rago", "Rondane", "Saltdal", "Sarek", "Senja", "Setesdal", "Stora Sjöfall",
    "Svalbard", "Sylarna", "Torne", "Tromsø", "Tärna", "Valdres", "Vindel", "Voss", "Ylläs", "Öland", "Åre",
)  # fmt: skip
_SECOND: Final = {
    WHOLESALE: (
        ("Sport", "Retail"), ("Friluft", "Retail"), ("Turbutikk", "Retail"), ("Outdoor", "Retail"),
        ("Guider", "Guiding"), ("Fjällstation", "Lodging"), ("Hotell", "Lodging"), ("Skisenter", "Resort"),
        ("Utleie", "Rental"), ("Camping", "Lodging"),
    ),
    CORPORATE: (
        ("Energi", "Energy"), ("Bygg", "Construction"), ("Havbruk", "Aquaculture"), ("Film", "Media"),
        ("Gruve", "Mining"), ("Skog", "Forestry"), ("Redning", "Public"), ("Kommune", "Public"), ("Teknik", "Software"),
        ("Transport", "Logistics"),
    ),
}  # fmt: skip
_FORMS: Final = {"NO": "AS", "SE": "AB", "DK": "ApS", "FI": "Oy", "IS": "ehf.", "DE": "GmbH", "PL": "Sp. z o.o."}
_JOBS: Final = {
    WHOLESALE: ("Purchasing manager", "Owner", "Shop manager", "Head of rental", "Managing director"),
    CORPORATE: ("Head of HR", "Purchasing manager", "Safety manager", "Office manager", "Managing director"),
}
_ROLES: Final = ("decision_maker", "user", "billing", "influencer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A firm. `parent`: name of the one it belongs to, or nothing."""

    key: str
    name: str
    domain: str
    industry: str
    employees: int
    city: str
    country: str
    parent: str

    @property
    def reference(self) -> str:
        """How records name it: space and key, and companies made here have no space."""
        return f":{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody at a firm, named by one identifier. Of customers of the shop it knows the rest already."""

    namespace: str
    value: str
    name: str
    job: str
    role: str
    phone: str
    is_customer: bool

    @property
    def reference(self) -> str:
        """How records name them."""
        return f"{self.namespace}:{self.value}"

    @property
    def given(self) -> str:
        """What they are called on the telephone."""
        return self.name.split()[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A firm of somebody's, and its people, the most important first."""

    company: Company
    contacts: tuple[Contact, ...]


@cache
def accounts() -> dict[str, list[Account]]:
    """By username of who sells to them: all the same, always. Cost: 20 ms."""
    rng = Random(SEED)  # noqa: S311 invented firms, always the same
    known = make_people(Random(HISTORY_SEED), CUSTOMERS + SPECIAL)[:CUSTOMERS]  # noqa: S311 those of history.py
    rng.shuffle(known)
    found: dict[str, list[Account]] = {}
    taken: set[str] = set()
    for member in TEAM:
        companies: list[Company] = []
        for _ in range(EACH):
            companies.append(_company(rng, member, companies, taken))
        found[member.username] = [
            Account(company=one, contacts=_contacts(rng, member, one, known)) for one in companies
        ]
    return found


def _company(rng: Random, member: Member, before: list[Company], taken: set[str]) -> Company:
    while True:
        second, industry = rng.choice(_SECOND[member.team])
        stem = f"{rng.choice(_FIRST)} {second}"
        domain = f"{spelled(stem).replace('.', '')}.example"
        if domain not in taken:
            break
    taken.add(domain)
    country = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    heads = [one for one in before if not one.parent and one.employees > 40 and one.country == country]
    parent = rng.choice(heads).name if heads and rng.random() < 0.15 else ""
    return Company(
        key=str(uuid5(_IDS, domain)),
        name=f"{stem} {_FORMS.get(country, 'Ltd')}",
        domain=domain,
        industry=industry,
        employees=int(rng.lognormvariate(2.9 if member.team == WHOLESALE else 4.4, 0.9)) + 3,
        city=rng.choice(COUNTRIES[country][2]),
        country=country,
        parent=parent,
    )


def _contacts(rng: Random, member: Member, company: Company, known: list[Person]) -> tuple[Contact, ...]:
    """Half of the firms are led to the team by somebody who buys in the shop."""
    jobs = rng.sample(_JOBS[member.team], len(_JOBS[member.team]))
    found: list[Contact] = []
    customer = next((one for one in known if one.country == company.country), None)
    if customer and rng.random() < 0.5:
        known.remove(customer)
        found.append(
            Contact(namespace="user_id", value=customer.user_id, name=customer.name, job=jobs[0], role="decision_maker",
                    phone=customer.phone, is_customer=True)
        )  # fmt: skip
    for number in range(rng.choice((1, 1, 2, 3))):
        contact = _employee(rng, company, jobs[number + 1], _ROLES[min(len(found), 3)])
        if contact.value not in {one.value for one in found}:
            found.append(contact)
    return tuple(found)


def _employee(rng: Random, company: Company, job: str, role: str) -> Contact:
    given = rng.choice(names.GIVEN[company.country].split())
    name = f"{given} {rng.choice(names.FAMILY[company.country].split())}"
    phone = f"+4711{rng.randrange(10**6):06}" if company.country == "NO" else ""  # no number begins like that
    return Contact(
        namespace="email", value=f"{spelled(name)}@{company.domain}", name=name, job=job, role=role, phone=phone,
        is_customer=False,
    )  # fmt: skip


def events(now: datetime) -> list[dict[str, Any]]:
    """What Onefold's own source is told of them: every firm, then who is there. Each has an id that never changes."""
    rng = Random(f"{SEED} events")  # noqa: S311 as above
    found: list[dict[str, Any]] = []
    for account in (one for some in accounts().values() for one in some):
        company = account.company
        at = now - timedelta(days=rng.uniform(190, 400))
        found.append(_grouped(company, f"{company.domain} made", at, _traits(company)))
        for contact in account.contacts:
            at += timedelta(minutes=rng.uniform(1, 9))
            named = {"context": {"externalIds": [{"type": contact.namespace, "id": contact.value}]}}
            if not contact.is_customer:
                known = {"name": contact.name, "email": contact.value, "city": company.city, "country": company.country}
                said = known | {"title": contact.job} | ({"phone": contact.phone} if contact.phone else {})
                head = {"type": "identify", "messageId": _id(f"{contact.value} known"), "timestamp": at.isoformat()}
                found.append(head | named | {"traits": said})
            found.append(_grouped(company, f"{contact.value} joined", at, {}) | named)
    return found


def _traits(company: Company) -> dict[str, Any]:
    parent = {"parent": company.parent} if company.parent else {}
    return {
        "name": company.name,
        "domain": company.domain,
        "industry": company.industry,
        "employees": company.employees,
        "city": company.city,
        "country": company.country,
    } | parent


def _grouped(company: Company, what: str, at: datetime, traits: dict[str, Any]) -> dict[str, Any]:
    """As `profiles.company_edits` forms it."""
    head = {"type": "group", "groupId": company.key, "space": "", "traits": traits}
    return head | {"messageId": _id(what), "timestamp": at.isoformat()}


def _id(what: str) -> str:
    return str(uuid5(_IDS, what))
