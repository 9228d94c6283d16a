"""Every text is translated, and a translation keeps what is put into it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from django.test import Client
from django.utils import timezone, translation

from hatch_build import compile_catalogs
from onefold.programs.web.templatetags import display
from tools.messages import LANGUAGES, SOURCE, extracted, is_translated, read

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|`[^`]+`")


def forms(text: Any) -> list[str]:
    return list(text) if isinstance(text, tuple | list) else [text]


@pytest.fixture
def compiled() -> None:
    """The catalogs as they are now."""
    compile_catalogs()
    translation.trans_real._translations = {}  # type: ignore[attr-defined]  # what was loaded before they were compiled


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated(language: str) -> None:
    """`make messages` adds what is new to the catalogs; then translate it."""
    catalog = read(language)
    missing = [
        message.id
        for message in extracted()
        if message.id and not ((found := catalog.get(forms(message.id)[0], message.context)) and is_translated(found))
    ]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_put_into_a_message_is_in_its_translation(language: str) -> None:
    wrong = []
    for message in read(language):
        wanted = set(PLACEHOLDER.findall(forms(message.id)[-1])) if message.id else set()
        for form in forms(message.string):
            if form and message.id and not set(PLACEHOLDER.findall(form)) >= wanted - {"%(n)s", "%(n)d", "%(counter)s"}:
                wrong.append((message.id, form))
            if form and set(PLACEHOLDER.findall(form)) - set(
                part for one in forms(message.id) for part in PLACEHOLDER.findall(one)
            ):
                wrong.append((message.id, form))
    assert wrong == []


@pytest.mark.parametrize(
    ("language", "word"), [("de", "Personen"), ("ro", "Persoane"), ("en", "People"), ("ja", "People")]
)
def test_pages_speak_the_language_of_the_browser(language: str, word: str, bob: Client, compiled: None) -> None:
    html = bob.get("/people", headers={"Accept-Language": language}).content.decode()
    assert f"<span>{word}</span>" in html
    assert f'<html lang="{language if language != "ja" else "en"}"' in html


def test_errors_are_told_in_the_readers_language(bob: Client, compiled: None) -> None:
    german = bob.get("/settings/users", headers={"Accept-Language": "de"})
    assert (german.status_code, german["Content-Language"]) == (403, "de")
    assert "Das darf nur ein Administrator." in german.content.decode()
    assert "Only an administrator may do that." in bob.get("/settings/users").content.decode()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["12\u202fmin ago", "1,234.5", "8.4\u202f%", "+12.0", "3\u202fh", "5 Mar 2026"]),
        ("de", ["vor 12\u202fMin.", "1.234,5", "8,4\u202f%", "+12,0", "3\u202fStd.", "5. März 2026"]),
    ],
)
def test_times_and_numbers_are_those_of_the_language(language: str, said: list[str], compiled: None) -> None:
    long_ago = datetime(2026, 3, 5, 12, tzinfo=UTC)
    with translation.override(language):
        shown = [
            display.when(timezone.now() - timedelta(minutes=12)),
            display.grouped(1234.5),
            display.percent(0.084),
            display.points(0.12),
            display.span(10_800),
            display.when(long_ago),
        ]
    assert [part for part, text in zip(said, shown, strict=True) if part not in text] == []


IN_ENGLISH: Final = {"design.html", "api_docs.html"}
"""What those read who build: as the documentation is."""
NAMES: Final = {
    "API",
    "CSV",
    "Ctrl",
    "Ctrl K",
    "Esc",
    "JSON",
    "Onefold",
    "OpenAPI",
    "Parquet",
    "PostgreSQL",
    "SEK",
    "SQL",
    "Sec-GPC",
    "XLSX",
    "boat.created boat.changed",  # events of webhooks
    "onefold doctor",
    ":user_id",
    "null",
}


ADDRESS: Final = re.compile(r"https?://\S*$|/[\w/]*$")


def test_no_text_of_a_page_is_left_in_english() -> None:
    """Every word of a template is in {% translate %} or {% blocktranslate %}, but names."""
    pages = [page for page in SOURCE.rglob("templates/**/*.html") if page.name not in IN_ENGLISH]
    assert len(pages) > 50
    assert {page.name: left for page in pages if (left := left_in_english(page.read_text("utf-8")))} == {}


def left_in_english(text: str) -> list[str]:
    """What a template says in plain words, in its text or in attributes that are read."""
    text = re.sub(r"{% *(blocktranslate|comment).*?{% *end\1 *%}", "", text, flags=re.DOTALL)
    text = re.sub(r"{%.*?%}|{{.*?}}", "", text, flags=re.DOTALL)
    said = re.findall(r'(?:title|aria-label|placeholder|alt)="([^"]*)"', text)
    text = re.sub(r"<(pre|code|script|title)[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    said += re.sub(r"<[^>]*>", "|", text, flags=re.DOTALL).split("|")
    words = [one.strip(" ()\n") for one in said if re.search(r"[A-Za-z]{3}", one) and "@" not in one]
    return [one for one in words if one not in NAMES and not ADDRESS.match(one)]
