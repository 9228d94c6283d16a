"""The design system: its page shows what the stylesheet has, and the colours can be read."""

import re
from typing import Final

import pytest
from django.test import Client

from onefold.programs.web import style
from onefold.programs.web.design import GROUPS, MEASURES

HELPERS: Final = {
    "of the shell, which is around the page": {
        "brand", "door", "foot", "first", "jump", "main", "palette", "found", "places", "shell", "side", "themes",
        "reveal", "phone", "keys", "toasts", "count",
    },
    "of pages that have it once": {
        "dbg", "detail", "peek", "rec", "op", "two", "news", "qr", "role", "short", "in-order", "acts", "meaning",
    },
    "set by script": {"canvas-box", "drawn", "tabled", "htmx-request"},
}  # fmt: skip
"""Classes that the page needn't show, and why."""


def test_the_page_shows_every_component(bob: Client) -> None:
    html = bob.get("/settings/design").content.decode()
    shown = {name for text in re.findall(r'class="([^"]*)"', html) for name in text.split()}
    helpers = set().union(*HELPERS.values())
    assert style.classes() - shown - helpers == set(), "show them in templates/design.html"
    assert helpers - style.classes() == set(), "onefold.css has no such class any more"


def test_the_page_shows_every_colour_and_measure() -> None:
    light, dark = style.read()
    shown = {name for _, names in GROUPS for name in names} | set(MEASURES)
    assert shown <= set(light)
    assert set(light) - shown == {"shadow", "focus", "font", "mono"}
    assert {name for name, value in light.items() if value.startswith("#")} <= set(dark)


@pytest.mark.parametrize("one", style.contrasts(), ids=lambda one: f"{one.pair.front} on {one.pair.back}")
def test_colours_can_be_told_apart(one: style.Contrast) -> None:
    assert min(one.light, one.dark) >= one.pair.least


def test_contrast_is_as_wcag_defines_it() -> None:
    assert style.contrast("#000", "#ffffff") == pytest.approx(21)
    assert style.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_toast_comes_by_a_header(bob: Client) -> None:
    response = bob.get("/settings/design?toast=warn")
    assert (response.status_code, response.content) == (204, b"")
    assert '"tone": "warn"' in response["HX-Trigger"]
