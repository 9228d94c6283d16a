"""The form that makes a computed trait, and what one computes in words."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _

from onefold.audiences.actions import MAX_NAME
from onefold.audiences.errors import AudienceRejected
from onefold.audiences.metrics import Measure
from onefold.audiences.phrases import event_of, window_of
from onefold.audiences.rules import Computed
from onefold.audiences.spelling import plain
from onefold.filters.api import (
    MAX_TEXT,
    AllOf,
    Condition,
    Contains,
    EventMatch,
    Flag,
    Number,
    OneOf,
    Present,
    Span,
    Window,
)

CONDITIONS: Final = 3
"""Rows of the form for what an event's properties must be."""
_KINDS: Final = (("track", _("Event")), ("page", _("Page view")), ("screen", _("Screen view")))
_MEASURES: Final = (
    ("count", _("How often")), ("days_since", _("Days since the last time")), ("sum", _("Sum")),
    ("average", _("Average")), ("min", _("Smallest")), ("max", _("Greatest")), ("first", _("First value")),
    ("last", _("Last value")), ("most_frequent", _("Most frequent value")), ("unique", _("All different values")),
    ("distinct", _("How many different values")),
)  # fmt: skip
_TYPES: Final = (("number", _("Number")), ("text", _("Text")), ("flag", _("True or false")))
_WINDOWS: Final = (("ever", _("All time")), ("last", _("The last …")), ("since", _("Since a day")))
_UNITS: Final = (("days", _("days")), ("hours", _("hours")), ("minutes", _("minutes")))
OPERATORS: Final = (
    ("is", _("is")), ("is_not", _("is not")), ("contains", _("contains")), ("starts", _("starts with")),
    ("eq", "="), ("ne", "≠"), ("lt", "<"), ("le", "≤"), ("gt", ">"), ("ge", "≥"),
    ("present", _("has a value")), ("true", _("is true")), ("false", _("is false")),
)  # fmt: skip
MAX_NUMBER: Final = 1e30
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
    kind = forms.ChoiceField(label=_("Of each"), choices=_KINDS)
    event = forms.CharField(label=_("Named"), max_length=MAX_TEXT, required=False)
    window = forms.ChoiceField(label=_("Which time counts"), choices=_WINDOWS)
    n = forms.IntegerField(label=_("How long"), min_value=1, max_value=52_560_000, required=False)
    unit = forms.ChoiceField(label=_("Unit"), choices=_UNITS, required=False)
    since = forms.DateField(
        label=_("Since"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  (Django's)
        super().__init__(*args, **kwargs)
        for i in range(CONDITIONS):
            self.fields[f"where_{i}"] = forms.CharField(label=_("Property"), max_length=MAX_TEXT, required=False)
            self.fields[f"op_{i}"] = forms.ChoiceField(label=_("Comparison"), choices=OPERATORS, required=False)
            self.fields[f"value_{i}"] = forms.CharField(label=_("Value"), max_length=MAX_TEXT, required=False)
        for name, names in (("event", "event-names"), ("prop", "property-names")):
            self.fields[name].widget.attrs |= {"list": names, "autocomplete": "off"}

    @property
    def rows(self) -> Iterator[tuple[Any, Any, Any]]:
        """The fields of each condition."""
        yield from ((self[f"where_{i}"], self[f"op_{i}"], self[f"value_{i}"]) for i in range(CONDITIONS))

    @property
    def has_conditions(self) -> bool:
        """Whether one is filled in, so that they are shown."""
        return any(field.value() for field, _op, _value in self.rows)

    def clean(self) -> dict[str, Any]:
        """What depends on another field."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("kind") == "track" and not given.get("event"):
            self.add_error("event", _("Say which event."))
        if given.get("measure") not in (None, *_WITHOUT_PROPERTY) and not given.get("prop"):
            self.add_error("prop", _("Say which property of the event."))
        if given.get("window") == "last" and not given.get("n"):
            self.add_error("n", _("Say how long."))
        if given.get("window") == "since" and not given.get("since"):
            self.add_error("since", _("Say since which day."))
        for i in range(CONDITIONS):
            is_number = given.get(f"op_{i}") in ("eq", "ne", "lt", "le", "gt", "ge")
            if given.get(f"where_{i}") and is_number and _number(given.get(f"value_{i}", "")) is None:
                self.add_error(f"value_{i}", _("Give a number."))
            if given.get(f"where_{i}") and given.get(f"op_{i}") in ("contains", "starts") and not given[f"value_{i}"]:
                self.add_error(f"value_{i}", _("Give a value."))
        return given

    def computed(self) -> Computed:
        """Of a form that is valid. Raises AudienceRejected for what only the bounds of conditions refuse."""
        given = self.cleaned_data
        measure: Measure = given["measure"]
        conditions = [one for i in range(CONDITIONS) if (one := self._condition(i)) is not None]
        where = AllOf(tuple(conditions)) if len(conditions) > 1 else conditions[0] if conditions else None
        has_property = measure not in _WITHOUT_PROPERTY
        made = Computed(
            EventMatch(given["event"], given["kind"], where),
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

    def _condition(self, i: int) -> Condition | None:
        given = self.cleaned_data
        field, op, value = given[f"where_{i}"], given[f"op_{i}"], given[f"value_{i}"]
        if not field:
            return None
        if op in ("is", "is_not"):
            return OneOf(field, op, (value,))
        if op in ("contains", "starts"):
            return Contains(field, op, value)
        if op in ("true", "false"):
            return Flag(field, op == "true")
        if op == "present":
            return Present(field)
        return Number(field, op, _number(value) or 0)


def words_of_computed(one: Computed) -> str:
    """What it computes: "sum of total over 'Order Completed' in the last 90 days"."""
    event, when = event_of(one.event), window_of(one.window)
    if one.measure == "count":
        return f"count of {event}{when}"
    if one.measure == "days_since":
        return f"days since the last {event if one.event.name else f'{one.event.kind} of any name'}"
    return f"{_SAID[one.measure]} {plain(one.property)} over {event}{when}"


def _number(text: str) -> float | int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not abs(number) <= MAX_NUMBER:  # neither is what is no number
        return None
    return int(number) if number == int(number) else number
