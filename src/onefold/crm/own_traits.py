"""Fields that administrators add to people and companies: traits of which they say what these hold.

Sources may say anything of a trait, so what isn't of the field's kind is shown as it is.
"""

from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

import msgspec
from django.utils.translation import gettext as _

from onefold.crm.labels import Labels
from onefold.crm.objects import STANDARD, FieldDef, FieldKind
from onefold.crm.shown import Shown, is_right, shown
from onefold.crm.typed import Choices, Input, input_of
from onefold.crm.values import MOST, ValueRejected, from_json, read, to_json
from onefold.lists.api import Choice, ListField
from onefold.profiles.api import CorrectionRejected

LIST_KINDS: Final[Mapping[FieldKind, tuple[str, ...]]] = {
    FieldKind.TEXT: ("text", "present"),
    FieldKind.LONG_TEXT: ("text", "present"),
    FieldKind.LINK: ("text", "present"),
    FieldKind.NUMBER: ("number", "present"),
    FieldKind.MONEY: ("number", "present"),
    FieldKind.DAY: ("date", "present"),
    FieldKind.MOMENT: ("date", "present"),
    FieldKind.FLAG: ("flag", "present"),
    FieldKind.CHOICE: ("whole", "present"),
    FieldKind.CHOICES: ("list", "present"),
}
"""What such a field may hold, and how lists ask it."""
MAX_SHOWN: Final = 300
_NO_LABELS: Final = Labels()
_NO_CHOICES: Final = Choices(users=(), stages=(), pipelines=())


def trait_shown(field: FieldDef, value: Any) -> Shown:  # noqa: ANN401  (any JSON value)
    """The value of a trait as its field shows it."""
    if value in (None, "", [], {}):
        return Shown(kind="none", text=_("None"), is_right=is_right(field))
    held = _held(field, value)
    if held is None:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return Shown(kind="text", text=text[:MAX_SHOWN], raw=value)
    return shown(STANDARD["deal"], field, {field.name: held}, _NO_LABELS)


def trait_input(field: FieldDef, value: Any) -> Input:  # noqa: ANN401  (any JSON value)
    """The input of a trait. What isn't of the field's kind isn't in it."""
    held = None if value in (None, "", [], {}) else _held(field, value)
    return input_of(field, held, _NO_LABELS, _NO_CHOICES)


def read_own(field: FieldDef, given: Any) -> Any:  # noqa: ANN401  (any JSON value)
    """What somebody gave for the field, as the trait holds it; None = nothing. Raises CorrectionRejected."""
    try:
        found = to_json(read(field, given, UTC))
    except ValueRejected as fault:
        raise CorrectionRejected(str(fault)) from fault
    if isinstance(found, Decimal):
        return int(found) if found == found.to_integral_value() else float(found)
    return None if found in ("", []) else found


def listed_trait(field: FieldDef, name: str, group: str) -> ListField:
    """The field as lists ask it, by its `name` there."""
    options = tuple(Choice(one.value, str(one.title)) for one in field.options)
    return ListField(
        name=name,
        title=str(field.title),
        kinds=LIST_KINDS[field.kind],
        group=group,
        is_right=is_right(field),
        options=options if field.kind in {FieldKind.CHOICE, FieldKind.CHOICES} else None,
    )


def _held(field: FieldDef, value: Any) -> Any:  # noqa: ANN401  (any JSON value)
    """As values of records are; None: it is of no such kind."""
    match field.kind:
        case FieldKind.FLAG:
            return value if isinstance(value, bool) else None
        case FieldKind.CHOICES:
            return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None
        case FieldKind.NUMBER | FieldKind.MONEY:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return Decimal(str(value)) if is_number and abs(value) < MOST else None
        case FieldKind.LINK:
            return value if isinstance(value, str) and value.startswith(("https://", "http://")) else None
    return from_json(field, value) if isinstance(value, str) else None
