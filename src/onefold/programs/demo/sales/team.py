"""Who sells for the sample shop, in which team, and through which stages. Pure."""

from dataclasses import dataclass
from typing import Final

WHOLESALE: Final = "Wholesale"
CORPORATE: Final = "Corporate gear"
WON: Final = "Won"
LOST: Final = "Lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody of the sales team. `luck`: of the deals that leave a stage, how many go on."""

    username: str
    given: str  # what people say on the telephone
    team: str
    luck: float

    @property
    def actor(self) -> str:
        """As the audit calls them."""
        return f"user:{self.username}"


TEAM: Final = (
    Member(username="hedda.lund", given="Hedda", team=WHOLESALE, luck=0.84),
    Member(username="isak.berg", given="Isak", team=WHOLESALE, luck=0.76),
    Member(username="linnea.strom", given="Linnéa", team=WHOLESALE, luck=0.8),
    Member(username="mikkel.holm", given="Mikkel", team=CORPORATE, luck=0.79),
    Member(username="aino.korpela", given="Aino", team=CORPORATE, luck=0.82),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """An open stage of a pipeline, with the usual days in it, and what a deal needs to enter."""

    name: str
    topic: str  # what is talked about meanwhile
    probability: int
    days: float
    required: tuple[str, ...] = ()
    checklist: tuple[str, ...] = ()
    stale_days: int = 14


STAGES: Final = {
    WHOLESALE: (  # as every new Onefold has them
        Leg(name="Qualified", topic="need", probability=20, days=8),
        Leg(name="Meeting", topic="meeting", probability=40, days=11),
        Leg(name="Proposal", topic="offer", probability=60, days=13, required=("amount",)),
        Leg(name="Negotiation", topic="terms", probability=80, days=9, required=("amount", "close_on"), stale_days=7),
    ),
    CORPORATE: (
        Leg(name="Enquiry", topic="need", probability=10, days=6),
        Leg(name="Samples", topic="samples", probability=30, days=15),
        Leg(name="Offer", topic="offer", probability=55, days=12, required=("amount",)),
        Leg(
            name="Framework agreement",
            topic="terms",
            probability=80,
            days=14,
            required=("amount", "close_on"),
            checklist=("Sizes confirmed", "Logo approved"),
            stale_days=10,
        ),
    ),
}
