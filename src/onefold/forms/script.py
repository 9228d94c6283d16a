"""The script that draws a form in a page: form.js with the form's definition. Pure but for reading the file once."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from onefold.forms.definition import Definition
from onefold.forms.page import AUTOCOMPLETE, on_accent
from onefold.forms.wording import words_of

_FILE: Final = Path(__file__).parent / "form.js"
_ESCAPES: Final = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}


@cache
def library() -> str:
    """Defines `OnefoldForm`."""
    return _FILE.read_text("utf-8")


def shown_of(definition: Definition) -> dict[str, Any]:
    """What a browser needs to know of a form: nothing of its guard, its mails or the traits that it sets."""
    words = words_of(definition.language)
    shown = ("send", "optional", "choose", "failed", "faults", "leave_empty")
    return {
        "title": definition.title,
        "intro": definition.intro,
        "language": definition.language,
        "fields": [
            {
                "name": field.name,
                "kind": field.kind,
                "label": field.label,
                "placeholder": field.placeholder,
                "required": field.is_required,
                "choices": list(field.choices),
                "value": field.value,
                "autocomplete": AUTOCOMPLETE.get(field.name, ""),
            }
            for field in definition.fields
        ],
        "consent": definition.consent.wording if definition.consent.purposes else "",
        "consent_required": definition.consent.is_required,
        "button": definition.look.button or words["send"],
        "accent": definition.look.accent,
        "on_accent": on_accent(definition.look.accent),
        "corner": definition.look.corner,
        "words": {name: words[name] for name in shown},
    }


def script_of(definition: Definition) -> bytes:
    """What a page loads. No text of the form can end the script, wherever somebody pastes it."""
    document = json.dumps(shown_of(definition), ensure_ascii=False).translate(_ESCAPES)
    return f"{library()}\nOnefoldForm.start({document});\n".encode()
