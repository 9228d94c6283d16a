"""What stands in the inputs of forms for the values of records, and which input a field needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from onefold.crm.labels import Labels
from onefold.crm.objects import FieldDef, FieldKind, Option
from onefold.crm.rules import is_empty
from onefold.profiles.api import to_text

_INPUTS: Final = {
    FieldKind.TEXT: "text",
    FieldKind.LINK: "text",
    FieldKind.LONG_TEXT: "long",
    FieldKind.NUMBER: "number",
    FieldKind.MONEY: "number",
    FieldKind.DAY: "date",
    FieldKind.MOMENT: "moment",
    FieldKind.CHOICE: "choice",
    FieldKind.CHOICES: "choices",
    FieldKind.FLAG: "choice",
    FieldKind.USER: "choice",
    FieldKind.PERSON: "lookup",
    FieldKind.COMPANY: "lookup",
    FieldKind.RECORD: "lookup",
}


@dataclass(frozen=True, kw_only=True)
class Input:
    """A field of a form. `kind`: text, long, number, date, moment, choice(s), lookup; `label`: what `value` names."""

    field: FieldDef
    kind: str
    value: Any
    label: str = ""
    options: Sequence[Option] = ()
    is_required: bool = False


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What can be chosen where the choice is of rows: users by name, pipelines and stages by number.

    `teams`: where filters ask whose, as they write them.
    """

    users: Sequence[str]
    stages: Sequence[Option]
    pipelines: Sequence[Option]
    teams: Sequence[Option] = ()


def input_of(field: FieldDef, value: object, labels: Labels, choices: Choices) -> Input:
    """The input of a field, with a value in it."""
    typed, label = typed_value(field, value, labels)
    options = _options(field, choices)
    kind = "choice" if field.target in {"stage", "pipeline"} else _INPUTS[field.kind]
    return Input(field=field, kind=kind, value=typed, label=label, options=options, is_required=field.is_required)


def typed_value(field: FieldDef, value: Any, labels: Labels) -> tuple[Any, str]:  # noqa: ANN401  (any kind's value)
    """The value as a form sends it, and what people call it."""
    if is_empty(value):
        return ([] if field.kind is FieldKind.CHOICES else ""), ""
    match field.kind:
        case FieldKind.USER:
            return (labels.users.get(value, ""),) * 2
        case FieldKind.PERSON:
            person = labels.people.get(value)
            return (to_text(person.id), person.title) if person else ("", "")
        case FieldKind.COMPANY:
            company = labels.companies.get(value)
            return (f"{company.space}:{company.key}", company.title) if company else ("", "")
        case FieldKind.RECORD:
            return str(value), labels.records.get((field.target, value), "")
        case FieldKind.FLAG:
            return ("true" if value else "false"), ""
        case FieldKind.CHOICES:
            return list(value), ""
    return _text(value), ""


def decimal_typed(value: Decimal) -> str:
    """Without what follows from nothing: 2.500 → 2.5."""
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%dT%H:%M}"
    if isinstance(value, Decimal):
        return decimal_typed(value)
    return str(value)


def _options(field: FieldDef, choices: Choices) -> Sequence[Option]:
    if field.kind is FieldKind.USER:
        return [Option(name, name) for name in choices.users]
    if field.kind is FieldKind.FLAG:
        return (Option("true", _("Yes")), Option("false", _("No")))
    if field.target == "stage":
        return choices.stages
    return choices.pipelines if field.target == "pipeline" else field.options
