"""The builder of audiences of companies: what a new one can start from, and what its scripts say otherwise."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from onefold.audiences.builder_words import builder_words
from onefold.audiences.templating import Rule, Template

_OF_COMPANIES: Final = {
    "alone_meet": _("Companies that meet this on its own"),
    "before_consent": _("Companies that meet these conditions"),
    "empty_rule": _("Every company, until you add a condition."),
    "kind_audience": _("Another audience of companies"),
    "leaves_out": _("Companies that this leaves out, of all"),
    "match_none_more": _("companies for which any line is true"),
    "people_now": _("Companies now"),
    "people_then": _("Companies on {day}"),
    "would_enter": _("Each of these alone would bring it in"),
    "would_leave": _("Each of these alone would take it out"),
}
_OF_BOTH: Final = {
    "add_company_audience": _("Add: it is in an audience of companies"),
    "add_people_in": _("Add: how many of its people are in an audience"),
    "choose_audience": _("Choose an audience"),
    "has_people": _("Of its people"),
    "has_people_within": _("of its people"),
    "kind_people_in": _("People of the company"),
    "kind_people_in_more": _("how many are in an audience"),
    "people_in": _("are in"),
    "the_company": _("The company"),
}


def words_of(of: str) -> dict[str, str]:
    """What the scripts say by key, of an audience of people or of companies."""
    said = {**_OF_BOTH, **_OF_COMPANIES} if of == "companies" else _OF_BOTH
    return {**builder_words(), **{key: str(text) for key, text in said.items()}}


def _template(slug: str, icon: str, *of: Rule) -> Template:
    title, hint = _WORDS[slug]
    rule = {"v": 1, "where": {"type": "all", "of": list(of)}}
    return Template(slug=slug, title=title, hint=hint, icon=icon, rule=rule, of="companies")


_WORDS: Final = {
    "companies": (_("Blank"), _("Every company, until you say otherwise.")),
    "accounts": (_("Accounts with several of an audience"), _("Three of its people or more are in an audience.")),
    "large_companies": (_("Large companies"), _("50 employees or more.")),
}
COMPANY_TEMPLATES: Final = (
    _template("companies", "plus"),
    _template("accounts", "users-group", {"type": "people_in", "audience": None, "op": "ge", "value": 3}),
    _template("large_companies", "building", {"type": "number", "field": "trait:employees", "op": "ge", "value": 50}),
)
