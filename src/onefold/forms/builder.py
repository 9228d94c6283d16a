"""What the builder's page sends, as a definition, and what its buttons do to the fields. Pure."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec
from django.utils.translation import gettext as _

from onefold.forms.definition import (
    KINDS,
    MAX_FIELDS,
    STANDARD,
    After,
    Consent,
    Definition,
    Field,
    FormRejected,
    Lead,
    Look,
    OptIn,
    cleaned_origin,
)

MAX_PIXELS: Final = 999
_FREE: Final = "field"


class Post(Protocol):
    """Django's QueryDict, as far as it is read."""

    def get(self, key: str, default: str, /) -> Any: ...  # noqa: ANN401 text, to Django's stubs a list besides

    def getlist(self, key: str, /) -> list[Any]: ...


def definition_of(post: Post) -> Definition:
    """What the page shows, as somebody left it: faults and all, which are said and hinder only its publishing."""
    places = [place for place in post.getlist("at") if place.isascii() and place.isdigit() and len(place) < 4]
    return Definition(
        title=_text(post, "title"),
        intro=_text(post, "intro"),
        language=_text(post, "language") or "en",
        fields=tuple(_field(post, place) for place in places[:MAX_FIELDS]),
        consent=Consent(
            purposes=tuple(dict.fromkeys(post.getlist("purposes"))),
            wording=_text(post, "wording"),
            is_required=post.get("consent_required", "") == "yes",
        ),
        opt_in=OptIn(is_on=post.get("opt_in", "") == "yes", subject=_text(post, "subject"), text=_text(post, "mail")),
        after=After(message=_text(post, "message"), redirect=_text(post, "redirect")),
        look=Look(
            accent=(_text(post, "accent") or "#4446cf").lower(),
            button=_text(post, "button"),
            corner=_number(post, "corner", 6),
        ),
        lead=Lead(
            lifecycle_stage=_text(post, "lifecycle_stage"),
            lead_source=_text(post, "lead_source"),
            lead_status=_text(post, "lead_status"),
            owner=_text(post, "owner"),
        ),
        origins=tuple(origin for line in _text(post, "origins").split() if (origin := cleaned_origin(line))),
        least_s=_number(post, "least_s", 2),
    )


def with_act(definition: Definition, act: str) -> Definition:
    """After a button: `add:email`, `remove:2`, `up:2`, `down:2`; "" = none. Raises FormRejected."""
    verb, _colon, about = act.partition(":")
    fields = list(definition.fields)
    if verb == "add":
        if len(fields) >= MAX_FIELDS:
            raise FormRejected(_("A form has up to %(n)d fields.") % {"n": MAX_FIELDS})
        fields.append(_new_field(about, {field.name for field in fields}))
    elif verb in ("remove", "up", "down"):
        place = int(about) if about.isascii() and about.isdigit() and len(about) < 4 else len(fields)
        if place >= len(fields):
            return definition
        field = fields.pop(place)
        if verb != "remove":
            fields.insert(max(0, place + (1 if verb == "down" else -1)), field)
    return msgspec.structs.replace(definition, fields=tuple(fields))


def _new_field(about: str, taken: set[str]) -> Field:
    if about in STANDARD and about not in taken:
        return STANDARD[about]
    kind: Any = about if about in KINDS and about != "email" else "text"
    name = next(name for name in (_FREE, *(f"{_FREE}_{n}" for n in range(2, MAX_FIELDS + 2))) if name not in taken)
    choices = ("First", "Second") if kind in ("choice", "choices") else ()
    return Field(name=name, kind=kind, label="" if kind == "hidden" else "New field", choices=choices)


def _field(post: Post, place: str) -> Field:
    kind: Any = _text(post, f"kind-{place}")
    choices = (line.strip() for line in _text(post, f"choices-{place}").splitlines())
    return Field(
        name=_text(post, f"name-{place}"),
        kind=kind if kind in KINDS else "text",
        label=_text(post, f"label-{place}"),
        placeholder=_text(post, f"placeholder-{place}"),
        is_required=post.get(f"required-{place}", "") == "yes",
        choices=tuple(dict.fromkeys(choice for choice in choices if choice)),
        value=_text(post, f"value-{place}"),
        is_of_event=post.get(f"of_event-{place}", "") == "yes",
    )


def _text(post: Post, name: str) -> str:
    return str(post.get(name, "")).replace("\0", "").replace("\r\n", "\n").strip()[:10_000]


def _number(post: Post, name: str, otherwise: int) -> int:
    text = _text(post, name)
    return min(int(text), MAX_PIXELS) if text.isascii() and text.isdigit() and len(text) < 6 else otherwise


def rows_of(definition: Definition) -> list[dict[str, Any]]:
    """The fields with what the page says of them."""
    last = len(definition.fields) - 1
    return [
        {"field": field, "at": at, "is_first": at == 0, "is_last": at == last, "choices": "\n".join(field.choices)}
        for at, field in enumerate(definition.fields)
    ]


def addable(definition: Definition) -> Mapping[str, Field]:
    """Standard fields that the form has not got."""
    taken = {field.name for field in definition.fields}
    return {name: field for name, field in STANDARD.items() if name not in taken}
