"""The calls that the shop's website, backend and app make: what their tracking clients would send. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from onefold.programs.demo.people import Browser, Person, Phone

WEBSITE: Final = "shop-website"
BACKEND: Final = "shop-backend"
APP: Final = "mobile-app"
NEWSLETTER: Final = "newsletter"
CARE: Final = "customer-care"
SHOP_URL: Final = "https://norrland.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a tracking client; `message` lacks only its id and its times."""

    source: str
    at: datetime  # when it truly happened
    message: dict[str, Any]
    late_by: timedelta = timedelta()  # sent that long after: the device had no network
    clock: timedelta = timedelta()  # how far the device's clock is ahead
    repeats: int = field(default=0)  # sent again, because the answer was lost
    timestamp: str | None = None  # sent instead of `at`

    @property
    def arrives_at(self) -> datetime:
        """When it reaches the shop's collector; calls are sent in this order."""
        return self.at + self.late_by


def from_browser(browser: Browser, at: datetime, kind: str, **fields: Any) -> Call:  # noqa: ANN401 a call's own fields
    """What analytics.js makes of `analytics.<kind>(…)`; `path` is the page's."""
    path = fields.pop("path", "/")
    context = {
        "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
        "page": {"path": path, "url": f"{SHOP_URL}{path}", "title": "Norrland Outfitters"},
        "userAgent": browser.user_agent,
        **fields.pop("context", {}),
    }
    message = {"type": kind, "anonymousId": browser.anonymous_id, "context": context, **fields}
    return Call(source=WEBSITE, at=at, message=message)


def from_backend(at: datetime, kind: str, **fields: Any) -> Call:  # noqa: ANN401 as above
    """What analytics-python makes of `analytics.<kind>(…)`."""
    context = {"library": {"name": "analytics-python", "version": "2.4.0"}, **fields.pop("context", {})}
    return Call(source=BACKEND, at=at, message={"type": kind, "context": context, "integrations": {}, **fields})


def from_newsletter(at: datetime, kind: str, **fields: Any) -> Call:  # noqa: ANN401 as above
    """What the mailing program reports; its client is the backend's."""
    return replace(from_backend(at, kind, **fields), source=NEWSLETTER)


def from_care(at: datetime, kind: str, **fields: Any) -> Call:  # noqa: ANN401 as above
    """What the telephone system of customer care reports."""
    return replace(from_backend(at, kind, **fields), source=CARE)


def from_app(phone: Phone, at: datetime, kind: str, **fields: Any) -> Call:  # noqa: ANN401 as above
    """What the app's client makes of it; the app counts its users itself, in a space of their own."""
    maker, model, system, version = phone.model
    context = {
        "app": {"name": "Norrland", "version": "4.2.0", "build": "420"},
        "device": {
            "id": phone.device_id,
            "advertisingId": phone.advertising_id,
            "manufacturer": maker,
            "model": model,
            "type": system.lower(),
        },
        "library": {"name": "analytics-swift" if system == "iOS" else "analytics-kotlin", "version": "1.9.2"},
        "os": {"name": system, "version": version},
        **fields.pop("context", {}),
    }
    message = {"type": kind, "anonymousId": phone.anonymous_id, "context": context, **fields}
    return Call(source=APP, at=at, message=message)


def sign_up(
    person: Person, browser: Browser, at: datetime, *, name: str = "", has_letters: bool | None = None
) -> list[Call]:
    """The visitor becomes a customer: the website tells who it is, the backend what it knows besides."""
    if has_letters is None:
        has_letters = (person.phone or person.user_id)[-1] in "02468"
    return [
        from_browser(
            browser,
            at,
            "identify",
            path="/account/new",
            userId=person.user_id,
            traits={
                "name": name or person.name,
                "email": person.email,
                "newsletter": has_letters,
                "language": person.locale,
                "signedUpAt": at.isoformat(timespec="seconds"),
            },
            context={"locale": person.locale, "timezone": person.timezone},
        ),
        from_backend(at, "track", event="Signed Up", userId=person.user_id, properties={"plan": "free"}),
    ]


def consent(browser: Browser, at: datetime, granted: dict[str, bool], form: str, **who: str) -> Call:
    """What somebody allows and denies by a form of the website, by purpose."""
    properties = {"purposes": granted, "form": form, "wording": f"shop-{at.year}-1"}
    return from_browser(browser, at, "track", event="Consent Updated", properties=properties, **who)


def customer_card(person: Person, at: datetime, *, points: int, interests: list[str]) -> Call:
    """The backend's own record of a customer, after a first order: numbers, dates, lists and an address."""
    return from_backend(
        at,
        "identify",
        userId=person.user_id,
        traits={
            "email": person.email,
            **({"phone": person.phone} if person.phone else {}),
            "birthday": person.born_on,
            "customerSince": at.date().isoformat(),
            "loyaltyPoints": points,
            "shoeSize": 36 + points % 11 + 0.5 * (points % 2),
            "isMember": points > 300,
            "interests": interests,
            "address": {"city": person.city, "country": person.country, "lines": [f"Fjellveien {points % 90 + 1}"]},
        },
    )


def app_sign_in(person: Person, at: datetime) -> Call:
    """In the app the customer has another user id; the e-mail address is what both know."""
    return from_app(
        person.app,
        at,
        "identify",
        userId=person.app_id,
        traits={"email": person.email, "pushEnabled": (person.phone or person.app_id)[-1] in "13579"},
        context={"locale": person.locale, "timezone": person.timezone},
    )
