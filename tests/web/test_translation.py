"""Every text is translated, and a translation keeps what is put into it."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from hatch_build import compile_catalogs
from tools.messages import LANGUAGES, extracted, is_translated, read

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|`[^`]+`")


def forms(text: Any) -> list[str]:
    return list(text) if isinstance(text, tuple | list) else [text]


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
def test_pages_speak_the_language_of_the_browser(language: str, word: str, bob: Client) -> None:
    compile_catalogs()
    translation.trans_real._translations = {}  # type: ignore[attr-defined]  # what was loaded before they were compiled
    html = bob.get("/people", headers={"Accept-Language": language}).content.decode()
    assert f"<span>{word}</span>" in html
    assert f'<html lang="{language if language != "ja" else "en"}"' in html
