"""The form that makes a computed trait, and what one computes in words."""

from datetime import date
from typing import Any, Final

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _

from onefold.audiences.actions import MAX_NAME
from onefold.audiences.errors import AudienceRejected
from onefold.audiences.metrics import Measure
from onefold.audiences.phrases import event_of, window_of
from onefold.audiences.rules import BOUNDS, Computed
from onefold.audiences.spelling import plain
from onefold.filters.api import MAX_TEXT, EventMatch, FilterRejected, Span, Window, from_json, to_json

_MEASURES: Final = (
    ("count", _("How often")), ("days_since", _("Days since the last time")), ("sum", _("Sum")),
    ("average", _("Average")), ("min", _("Smallest")), ("max", _("Greatest")), ("first", _("First value")),
    ("last", _("Last value")), ("most_frequent", _("Most frequent value")), ("unique", _("All different values")),
    ("distinct", _("How many different values")),
)  # fmt: skip
_TYPES: Final = (("number", _("Number")), ("text", _("Text")), ("flag", _("True or false")))
_WINDOWS: Final = (("ever", _("All time")), ("last", _("The last …")), ("since", _("Since a day")))
_UNITS: Final = (("days", _("days")), ("hours", _("hours")), ("minutes", _("minutes")))
_WITHOUT_PROPERTY: Final = ("count", "days_since")
_OF_NUMBERS: Final = ("sum", "average", "min", "max")
_SAID: Final[dict[Measure, str]] = {
    "sum": "sum of", "average": "average of", "min": "smallest", "max": "greatest", "distinct": "how many different",
    "first": "first", "last": "last", "most_frequent": "most frequent", "unique": "all different",
}  # fmt: skip


class ComputedForm(forms.Form):
    """What a marketer says of a computed trait; `computed` is what it comes to."""

    name = forms.CharField(label=_("Name"), max_length=MAX_NAME, help_text=_("As you want to find it: orders_90_days"))
    measure = forms.ChoiceField(label=_("Measure"), choices=_MEASURES)
    prop = forms.CharField(label=_("Of the property"), max_length=MAX_TEXT, required=False)
    prop_type = forms.ChoiceField(label=_("Which holds"), choices=_TYPES, required=False)
    event = forms.CharField(label=_("Of each"), max_length=BOUNDS.bytes, required=False, widget=forms.HiddenInput)
    """An EventMatch as JSON, which the page makes as the builder does."""
    window = forms.ChoiceField(label=_("Which time counts"), choices=_WINDOWS, required=False)
    n = forms.IntegerField(label=_("How long"), min_value=1, max_value=52_560_000, required=False)
    unit = forms.ChoiceField(label=_("Unit"), choices=_UNITS, required=False)
    since = forms.DateField(
        label=_("Since"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean_event(self) -> EventMatch:
        """The event with its conditions; what they ask is checked when it is kept."""
        try:
            event = msgspec.json.decode(self.cleaned_data["event"] or "{}", type=EventMatch)
            if event.where is not None:
                from_json(to_json(event.where), BOUNDS)
        except (msgspec.DecodeError, UnicodeError, RecursionError, FilterRejected) as fault:
            raise forms.ValidationError(_("The event can't be read: %(fault)s"), params={"fault": fault}) from fault
        if event.kind == "track" and not event.name:
            raise forms.ValidationError(_("Say which event."))
        return event

    def clean(self) -> dict[str, Any]:
        """What depends on another field."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("measure") not in (None, *_WITHOUT_PROPERTY) and not given.get("prop"):
            self.add_error("prop", _("Say which property of the event."))
        if given.get("measure") != "days_since" and not given.get("window") and "window" not in self.errors:
            self.add_error("window", _("Say which time counts."))
        if given.get("window") == "last" and not given.get("n"):
            self.add_error("n", _("Say how long."))
        if given.get("window") == "since" and not given.get("since"):
            self.add_error("since", _("Say since which day."))
        return given

    def computed(self) -> Computed:
        """Of a form that is valid. Raises AudienceRejected for what only the bounds of conditions refuse."""
        given = self.cleaned_data
        measure: Measure = given["measure"]
        has_property = measure not in _WITHOUT_PROPERTY
        made = Computed(
            given["event"],
            measure,
            given["prop"] if has_property else "",
            given["prop_type"] if has_property and measure not in _OF_NUMBERS else "number",
            self._window(measure),
        )
        try:
            return msgspec.convert(msgspec.to_builtins(made), Computed)
        except msgspec.ValidationError as fault:
            raise AudienceRejected(f"It can't be kept: {fault}.") from fault

    def _window(self, measure: Measure) -> Window:
        given = self.cleaned_data
        if measure == "days_since" or given["window"] == "ever":
            return Window()
        if given["window"] == "since":
            since: date = given["since"]
            return Window(since=since)
        return Window(last=Span(given["n"], given["unit"] or "days"))


def words_of_computed(one: Computed) -> str:
    """What it computes: "sum of total over 'Order Completed' in the last 90 days"."""
    event, when = event_of(one.event), window_of(one.window)
    if one.measure == "count":
        return f"count of {event}{when}"
    if one.measure == "days_since":
        return f"days since the last {event if one.event.name else f'{one.event.kind} of any name'}"
    return f"{_SAID[one.measure]} {plain(one.property)} over {event}{when}"
