"""The hosted page of a form: plain HTML that works without scripts, alone or in an iframe. Pure."""

import base64
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from onefold.forms.answers import AGREED, HONEYPOT, MAX_LONG, MAX_SHORT, PAGE, TOKEN
from onefold.forms.definition import HIDDEN, Definition, Field
from onefold.forms.wording import words_of

_TYPES: Final = {"email": "email", "phone": "tel", "number": "text", "text": "text"}
AUTOCOMPLETE: Final = {
    "first_name": "given-name",
    "last_name": "family-name",
    "name": "name",
    "email": "email",
    "phone": "tel",
    "company": "organization",
    "title": "organization-title",
}
_STYLE: Final = """
:root{color-scheme:light dark;--accent:%(accent)s;--corner:%(corner)dpx}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;background:Canvas;color:CanvasText}
main{max-width:560px;margin:0 auto;padding:24px 20px}
h1{font-size:24px;line-height:1.25;margin:0 0 8px;overflow-wrap:anywhere}
p{margin:0 0 16px;overflow-wrap:anywhere;white-space:pre-line}
label,legend{display:block;font-weight:500;margin:0 0 4px;padding:0;overflow-wrap:anywhere}
small{font-weight:400;opacity:.75}
fieldset{border:0;margin:0 0 16px;padding:0}
.field{margin:0 0 16px}
input,select,textarea{font:inherit;color:inherit;background:Field;width:100%%;min-height:44px;padding:8px 12px;
border:1px solid color-mix(in srgb,currentColor 50%%,transparent);border-radius:var(--corner)}
textarea{min-height:120px;resize:vertical}
input[type=checkbox]{width:20px;height:20px;min-height:0;flex:none;margin:2px 0 0;accent-color:var(--accent)}
.box{display:flex;gap:10px;font-weight:400;align-items:flex-start;margin-bottom:8px}
:is(input,select,textarea,button):focus-visible{outline:3px solid var(--accent);outline-offset:2px}
[aria-invalid=true]{border-color:light-dark(#b3261e,#f2857d)}
.fault{color:light-dark(#b3261e,#f2857d);font-size:14px;margin:4px 0 0}
.notice{border:1px solid currentColor;border-radius:var(--corner);padding:12px}
button{font:inherit;font-weight:600;min-height:44px;padding:8px 20px;border:0;border-radius:var(--corner);
background:var(--accent);color:%(on_accent)s;cursor:pointer}
.guard{position:absolute;left:-9999px;width:1px;height:1px;overflow:hidden}
"""


class Page(NamedTuple):
    """HTML with the policy that it is served with."""

    html: str
    policy: str


def on_accent(accent: str) -> str:
    """Black or white, whichever is read better upon the colour (WCAG's relative luminance)."""
    parts = [int(accent[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#fff" if luminance < 0.179 else "#000"


def form_page(
    definition: Definition,
    path: str,
    token: str,
    *,
    origins: tuple[str, ...] = (),
    given: Mapping[str, list[str]] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Page:
    """The form, empty or with what was `given` and what is wrong with it. `origins` may frame it; () = every one.

    Campaign fields and the page, where they are `given`, are handed on.
    """
    words = words_of(definition.language)
    given, faults = given or {}, faults or {}
    fields = "".join(
        _field(field, words, given.get(field.name, []), faults.get(field.name, "")) for field in definition.fields
    )
    notice = f'<p class="notice" role="alert">{escape(words["faults"])}</p>' if faults else ""
    passed = "".join(
        f'<input type="hidden" name="{name}" value="{escape(given[name][-1])}">'
        for name in (*HIDDEN, PAGE)
        if given.get(name)
    )
    button = escape(definition.look.button or words["send"])
    body = (
        f"{_head(definition)}{notice}"
        f'<form method="post" action="{escape(path)}" novalidate>{fields}{_consent(definition, given, faults)}'
        f'<div class="guard" aria-hidden="true"><label>{escape(words["leave_empty"])}'
        f'<input name="{HONEYPOT}" tabindex="-1" autocomplete="off"></label></div>'
        f'<input type="hidden" name="{TOKEN}" value="{escape(token)}">{passed}<button>{button}</button></form>'
    )
    return _whole(definition, body, origins)


def message_page(definition: Definition, title: str, text: str, *, origins: tuple[str, ...] = ()) -> Page:
    """Thanks, or why not."""
    head = f"<h1>{escape(title)}</h1>" if title else ""
    return _whole(definition, f'{head}<p role="status">{escape(text)}</p>', origins)


def confirm_page(definition: Definition, path: str) -> Page:
    """A button, not the link itself, confirms: programs that look through mail open links, and press nothing."""
    words = words_of(definition.language)
    body = (
        f"<h1>{escape(words['confirm_title'])}</h1><p>{escape(words['confirm_text'])}</p>"
        f'<form method="post" action="{escape(path)}"><button>{escape(words["confirm"])}</button></form>'
    )
    return _whole(definition, body, ())


def _head(definition: Definition) -> str:
    title = f"<h1>{escape(definition.title)}</h1>" if definition.title else ""
    return title + (f"<p>{escape(definition.intro)}</p>" if definition.intro else "")


def _field(field: Field, words: Mapping[str, str], given: list[str], fault: str) -> str:
    if field.kind == "hidden":
        return f'<input type="hidden" name="{field.name}" value="{escape(field.value)}">'
    optional = "" if field.is_required else f" <small>({escape(words['optional'])})</small>"
    label = escape(field.label) + optional
    about = f' aria-describedby="{field.name}-fault" aria-invalid="true"' if fault else ""
    said = f'<p class="fault" id="{field.name}-fault">{escape(fault)}</p>' if fault else ""
    if field.kind == "choices":
        boxes = "".join(
            f'<label class="box"><input type="checkbox" name="{field.name}" value="{escape(choice)}"'
            f"{' checked' if choice in given else ''}><span>{escape(choice)}</span></label>"
            for choice in field.choices
        )
        return f"<fieldset{about}><legend>{label}</legend>{boxes}{said}</fieldset>"
    control = _control(field, words, (given or [""])[-1], about)
    return f'<div class="field"><label for="{field.name}">{label}</label>{control}{said}</div>'


def _control(field: Field, words: Mapping[str, str], value: str, about: str) -> str:
    named = f'id="{field.name}" name="{field.name}"{about}{" required" if field.is_required else ""}'
    hint = f' placeholder="{escape(field.placeholder)}"' if field.placeholder else ""
    match field.kind:
        case "long":
            return f'<textarea {named} maxlength="{MAX_LONG}" rows="5"{hint}>{escape(value)}</textarea>'
        case "choice":
            options = "".join(
                f"<option{' selected' if choice == value else ''}>{escape(choice)}</option>" for choice in field.choices
            )
            return f'<select {named}><option value="">{escape(words["choose"])}</option>{options}</select>'
        case _:
            type_ = _TYPES.get(field.kind, "text")
            mode = ' inputmode="decimal"' if field.kind == "number" else ""
            known = f' autocomplete="{AUTOCOMPLETE[field.name]}"' if field.name in AUTOCOMPLETE else ""
            return f'<input {named} type="{type_}" maxlength="{MAX_SHORT}" value="{escape(value)}"{mode}{known}{hint}>'


def _consent(definition: Definition, given: Mapping[str, list[str]], faults: Mapping[str, str]) -> str:
    consent = definition.consent
    if not consent.purposes:
        return ""
    fault = faults.get(AGREED, "")
    about = f' aria-describedby="{AGREED}-fault" aria-invalid="true"' if fault else ""
    said = f'<p class="fault" id="{AGREED}-fault">{escape(fault)}</p>' if fault else ""
    checked = " checked" if given.get(AGREED) else ""
    required = " required" if consent.is_required else ""
    box = f'<input type="checkbox" name="{AGREED}" value="yes"{checked}{required}{about}>'
    return f'<div class="field"><label class="box">{box}<span>{escape(consent.wording)}</span></label>{said}</div>'


def _whole(definition: Definition, body: str, origins: tuple[str, ...]) -> Page:
    look = definition.look
    style = _STYLE % {"accent": look.accent, "corner": look.corner, "on_accent": on_accent(look.accent)}
    title = escape(definition.title or words_of(definition.language)["send"])
    html = (
        f'<!doctype html><html lang="{definition.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{style}</style></head><body><main>{body}</main></body></html>"
    )
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    there = urlsplit(definition.after.redirect)
    led_to = f" {there.scheme}://{there.netloc}" if there.netloc else ""  # browsers apply it to where one is led, too
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'{led_to}; base-uri 'none'; "
        f"frame-ancestors {' '.join(origins) or '*'}"
    )
    return Page(html, policy)
