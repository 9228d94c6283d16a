"""The shop's newsletter: two a month, who opens it, who follows its links, who has enough of it. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from onefold.programs.demo.calls import Call, from_newsletter
from onefold.programs.demo.people import Person

# by month
SUBJECTS: Final = (
    "The dark is for skis",
    "Sun on the snow",
    "Spring crust",
    "What to repair before summer",
    "The first night outside",
    "Midsommar in a tent",
    "Mosquitoes, and how to live with them",
    "Berries, boots, rain",
    "Autumn colours",
    "Wool, wool, wool",
    "First snow",
    "Presents that last",
)
_LINKS: Final = ("/tents", "/packs", "/footwear", "/clothing", "/winter")
_OPENED: Final = "Email Opened"
_CLICKED: Final = "Email Link Clicked"


def letters_to(rng: Random, person: Person, since: datetime, until: datetime, *, is_customer: bool) -> Iterator[Call]:
    """What becomes of each letter; some people unsubscribe, and nothing comes after that."""
    opens, clicks = rng.betavariate(1.6, 3), rng.betavariate(1.3, 6)
    who: dict[str, Any] = {"context": {"externalIds": [{"id": person.email, "type": "email"}]}}
    if is_customer:
        who["userId"] = person.user_id
    at = since.replace(day=3, hour=7, minute=0)
    while (at := _next_letter(at)) < until:
        if at < since or rng.random() > opens:
            continue
        opened_at = at + timedelta(hours=rng.expovariate(1 / 9), seconds=rng.randint(0, 3600))
        letter = {
            "email_id": f"letter-{at:%Y-%m-%d}",
            "subject": SUBJECTS[at.month - 1],
            "campaign": f"newsletter-{at:%Y-%m-%d}",
        }
        yield from_newsletter(opened_at, "track", event=_OPENED, properties=letter, **who)
        if rng.random() < clicks:
            clicked = letter | {"link": rng.choice(_LINKS)}
            yield from_newsletter(opened_at + timedelta(seconds=40), "track", event=_CLICKED, properties=clicked, **who)
        if rng.random() < 0.02:
            left = {"purposes": {"email_marketing": False}, "form": "unsubscribe-link", "email_id": letter["email_id"]}
            yield from_newsletter(
                opened_at + timedelta(minutes=1), "track", event="Consent Updated", properties=left, **who
            )
            return


def _next_letter(at: datetime) -> datetime:
    """On the 3rd and the 17th."""
    return at.replace(day=17) if at.day < 17 else (at + timedelta(days=20)).replace(day=3)
