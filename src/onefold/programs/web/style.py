"""The CSS variables of static/onefold.css, and the contrast that its colours must have (WCAG 2.2)."""

import re
from pathlib import Path
from typing import Final, NamedTuple

STYLE: Final = Path(__file__).parent / "static" / "onefold.css"
TEXT: Final = 4.5
MARK: Final = 3.0
"""Least contrasts of text, and of what is no text but has to be seen: edges of inputs, marks, bars."""
Theme = dict[str, str]


class Pair(NamedTuple):
    """Two colours that stand on each other, and the least contrast they must have."""

    front: str
    back: str
    least: float


PAIRS: Final = (
    *(
        Pair(text, back, TEXT)
        for text in ("text", "text-2")
        for back in ("surface", "canvas", "sunken", "hover", "current")
    ),
    *(Pair("text-3", back, TEXT) for back in ("surface", "canvas", "sunken", "hover", "accent-soft")),
    *(Pair("accent-text", back, TEXT) for back in ("surface", "canvas", "accent-soft")),
    Pair("on-accent", "accent", TEXT),
    Pair("on-accent", "accent-hover", TEXT),
    *(Pair(tone, back, TEXT) for tone in ("ok", "warn", "bad") for back in ("surface", "canvas", f"{tone}-soft")),
    Pair("accent", "surface", MARK),
    Pair("control", "surface", MARK),
    *(Pair(f"c{n}", "surface", MARK) for n in range(1, 7)),
)


class Contrast(NamedTuple):
    """A pair with its contrasts."""

    pair: Pair
    light: float
    dark: float


def read() -> tuple[Theme, Theme]:
    """The light and the dark variables by name, as the stylesheet has them now; what dark doesn't change is light's."""
    style = STYLE.read_text("utf-8")
    light = _variables(_block(style, ":root"))
    return light, light | _variables(_block(style, "[data-bs-theme=dark]"))


def contrasts() -> list[Contrast]:
    """Of every pair."""
    light, dark = read()
    return [
        Contrast(pair, contrast(light[pair.front], light[pair.back]), contrast(dark[pair.front], dark[pair.back]))
        for pair in PAIRS
    ]


def contrast(one: str, other: str) -> float:
    """1 (the same) to 21 (black on white), of two colours as #rgb or #rrggbb."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def classes() -> set[str]:
    """Every class that the stylesheet has a rule for."""
    style = re.sub(r"/\*.*?\*/|@font-face \{.*?\}", "", STYLE.read_text("utf-8"), flags=re.DOTALL)
    return {
        name for selector in re.findall(r"([^{}]+)\{", style) for name in re.findall(r"\.([a-zA-Z][\w-]*)", selector)
    }


def _block(style: str, selector: str) -> str:
    return style[style.index(f"\n{selector} {{") :].partition("{")[2].partition("}")[0]


def _variables(block: str) -> Theme:
    return {name: value.strip() for name, value in re.findall(r"--([\w-]+):\s*([^;]+);", block)}


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    digits = colour.removeprefix("#")
    parts = [digits[place : place + 2] for place in (0, 2, 4)] if len(digits) == 6 else [one * 2 for one in digits]
    red, green, blue = (_linear(int(part, 16) / 255) for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
