"""The page that shows every component of static/onefold.css, made with the templates that the other pages use."""

import json
import re
from datetime import timedelta
from typing import Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from onefold.accounts.api import Permission, requires
from onefold.programs.web import style

SPRITE: Final = style.STYLE.parent / "vendor" / "icons.svg"
TONES: Final = ("ok", "warn", "bad")
GROUPS: Final = (
    ("Surfaces", ("canvas", "surface", "sunken", "hover", "current", "raised")),
    ("Lines", ("line", "line-2", "control")),
    ("Text", ("text", "text-2", "text-3")),
    ("Accent", ("accent", "accent-hover", "accent-soft", "accent-line", "accent-text", "on-accent")),
    ("States", ("ok", "ok-soft", "warn", "warn-soft", "bad", "bad-soft")),
    ("Charts", ("c1", "c2", "c3", "c4", "c5", "c6")),
)
"""Of the variables, those that are colours."""
MEASURES: Final = {
    "t-12": "labels, times, table heads, chips, tags",
    "t-13": "everything else",
    "t-14": "titles of pages and panels, facts",
    "t-20": "a person's name, the four figures of Home",
    "radius-s": "tags, insides of chips",
    "radius": "controls",
    "radius-l": "panels, what floats",
    "ctl": "height of a control; 36 on phones",
    "row": "height of a table's row; 32 compact, 44 comfortable, 56 on phones",
    "top": "height of the top bar",
    "side": "width of the side bar",
    "edge": "from a pane's edge to what is in it; 12 on phones",
}
BARS: Final = (
    ("Mon 16", (320, 80)),
    ("Tue 17", (410, 95)),
    ("Wed 18", (380, 130)),
    ("Thu 19", (520, 110)),
    ("Fri 20", (610, 90)),
)


class SampleForm(forms.Form):
    """One of each kind of field, one of them wrong."""

    name = forms.CharField(label="Name", initial="Web shop", help_text="As people say it.")
    email = forms.EmailField(label="E-mail")
    kind = forms.ChoiceField(label="Kind", choices=[("browser", "Web site"), ("server", "Server")])
    about = forms.CharField(label="About", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    scopes = forms.MultipleChoiceField(
        label="Scopes",
        choices=[("read", "read"), ("write", "write")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    is_shared = forms.BooleanField(label="Everybody sees it", required=False)


@requires(Permission.SEE_EVENTS)
@require_safe
def design(request: HttpRequest) -> HttpResponse:
    """`GET /settings/design`; with `?toast=ok|warn|bad` and htmx, nothing but a toast."""
    tone = request.GET.get("toast", "")
    if tone in TONES:
        said = {"text": f"This toast is {tone}.", "tone": tone}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"toast": said})})
    light, dark = style.read()
    now = timezone.now()
    context = {
        "colours": [(title, [(name, light[name], dark[name]) for name in names]) for title, names in GROUPS],
        "measures": [(name, light[name], use) for name, use in MEASURES.items()],
        "contrasts": style.contrasts(),
        "icons": re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text("utf-8")),
        "form": SampleForm({"name": "Web shop", "email": "ada@", "kind": "server", "scopes": ["read"]}),
        "tones": TONES,
        "avatars": range(8),
        "values": (3, 5, 4, 8, 6, 9, 12, 10),
        "bars": BARS,
        "now": now,
        "earlier": now - timedelta(minutes=12),
        "yesterday": now - timedelta(days=1, hours=3),
        "conditions": [{"condition": one} for one in ("healthy", "violations", "silent", "disabled", "new")],
    }
    return render(request, "design.html", context)
