"""What a new audience can start from: what shops ask for most, by the event names of Segment's e-commerce plan."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onefold.audiences.rules import COMPUTED, Computed, Scope, asked_as
from onefold.filters.api import Number

Rule = dict[str, Any]
ORDER: Final = "Order Completed"
VIEWED: Final = "Product Viewed"
ADDED: Final = "Product Added"
VALUE_TRAIT: Final = "trait:lifetime_value"
SPENT: Final = frozenset(("total", "revenue", "value"))
"""Properties of an order that say what was paid."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """`rule`: the document that the builder opens with. `hint`: whom it finds, in a sentence."""

    slug: str
    title: Promise
    hint: Promise
    icon: str
    rule: Rule
    of: Literal["people", "companies"] = "people"


def templates_for(scope: Scope) -> list[Template]:
    """All of them; who spends most is told by a computed trait, if one sums up orders."""
    top = {"type": "top", "field": _value_field(scope.computed), "percent": 10}
    return [*_FIRST, _template("vip", top), *_REST]


def template_of(slug: str, scope: Scope, more: Iterable[Template] = ()) -> Template:
    """The blank one if there is none of this name."""
    found = {one.slug: one for one in (*templates_for(scope), *more)}
    return found.get(slug, found["blank"])


def _value_field(computed: Mapping[str, Computed]) -> str:
    for name, one in sorted(computed.items()):
        if one.measure == "sum" and one.property in SPENT and Number in asked_as(one):
            return COMPUTED + name
    return VALUE_TRAIT


def _all(*of: Rule) -> Rule:
    return {"v": 1, "where": {"type": "all", "of": list(of)}}


def _did(name: str, days: int | None = None, *, op: str = "ge", value: float = 1, **more: str) -> Rule:
    window = {"window": {"last": {"n": days, "unit": "days"}}} if days else {}
    return {"type": "did", "event": {"name": name}, "op": op, "value": value, **window, **more}


def _not(name: str, days: int) -> Rule:
    return _did(name, days, op="eq", value=0)


def _event(name: str) -> Rule:
    return {"name": name}


_CART: Final[Rule] = {
    "type": "sequence",
    "steps": [{"event": _event(VIEWED)}, {"event": _event(ADDED), "within": {"n": 3, "unit": "days"}}],
    "then_not": {"event": _event(ORDER), "within": {"n": 1, "unit": "days"}},
    "window": {"n": 30, "unit": "days"},
}
_LARGE: Final[Rule] = {
    "type": "company",
    "where": {"type": "all", "of": [{"type": "number", "field": "trait:employees", "op": "ge", "value": 50}]},
}
_VISITS: Final[Rule] = {"type": "did", "event": {"kind": "page"}, "op": "ge", "value": 5}
_WORDS: Final = {
    "blank": (_("Blank"), _("Everybody, until you say otherwise."), "plus"),
    "cart": (_("Left the cart"), _("Put something into the cart and did not order within a day."), "shopping-cart"),
    "quiet": (_("Buyers going quiet"), _("Ordered twice in 90 days, and nothing in the last 30."), "moon-2"),
    "lapsed": (_("Lapsed customers"), _("Ordered once, and nothing in the last 180 days."), "history"),
    "vip": (_("Best customers"), _("The tenth of people with the greatest value."), "trophy"),
    "birthday": (_("Birthday next week"), _("Their birthday is within seven days."), "cake"),
    "new": (_("New this week"), _("First seen in the last seven days."), "sparkles"),
    "spenders": (_("Big spenders"), _("Orders of 500 or more together in a year."), "coin"),
    "engaged": (_("Often here"), _("Five page views or more in two weeks, and known to us."), "activity"),
    "large": (_("People of large companies"), _("Their company has 50 employees or more."), "building"),
}


def _template(slug: str, *of: Rule) -> Template:
    title, hint, icon = _WORDS[slug]
    return Template(slug=slug, title=title, hint=hint, icon=icon, rule=_all(*of))


_FIRST: Final = (
    _template("blank"),
    _template("cart", _CART),
    _template("quiet", _did(ORDER, 90, value=2), _not(ORDER, 30)),
    _template("lapsed", _did(ORDER), _not(ORDER, 180)),
)
_REST: Final = (
    _template("birthday", {"type": "anniversary", "field": "trait:birthday", "days": 7}),
    _template("new", {"type": "recent", "field": "first_seen", "op": "within", "days": 7}),
    _template("spenders", _did(ORDER, 365, measure="sum", property="total", value=500)),
    _template(
        "engaged",
        _VISITS | {"window": {"last": {"n": 14, "unit": "days"}}},
        {"type": "flag", "field": "known", "value": True},
    ),
    _template("large", _LARGE),
)
