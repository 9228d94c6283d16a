"""`python -m tools.messages`: brings src/onefold/locale up to date with every text in templates and code.

New messages come into each catalog untranslated, what is gone leaves. tests/web/test_translation.py fails while one is
missing. The build compiles the catalogs (hatch_build.py).
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "onefold"
LOCALE = SOURCE / "locale"
LANGUAGES = ("de", "ro")
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
HEAD: dict[str, Any] = {
    "project": "Onefold",
    "copyright_holder": "the Onefold authors",
    "header_comment": "# Onefold. Apache-2.0.",
    "fuzzy": False,
}
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def main() -> int:
    """Writes the catalogs; tells how much of each is translated."""
    fresh = extracted()
    for language in LANGUAGES:
        path = catalog_path(language)
        catalog = read(language)
        catalog.update(fresh, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            write_po(stream, catalog, width=120, omit_header=False, include_lineno=False, sort_output=True)
        missing = sum(1 for message in catalog if message.id and not is_translated(message))
        sys.stdout.write(f"{language}: {len(catalog)} messages, {missing} to translate\n")
    return 0


def extracted() -> Catalog:
    """Every message that templates and code have."""
    catalog = Catalog(**HEAD)
    catalog.creation_date = SINCE  # the time of extraction would make every run a change
    for name, message, context in _messages():
        catalog.add(message, locations=[(name, 0)], context=context)
    return catalog


def read(language: str) -> Catalog:
    """The catalog as it is; empty when there is none yet."""
    path = catalog_path(language)
    if not path.exists():
        return Catalog(locale=language, **HEAD)
    with path.open("rb") as stream:
        return read_po(stream, locale=language)


def catalog_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def is_translated(message: Any) -> bool:  # noqa: ANN401 Babel has no type for it
    """Every form of it."""
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(forms)


def _messages() -> Iterator[tuple[str, Any, str | None]]:
    if not settings.configured:
        settings.configure(USE_I18N=True)
        django.setup()
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix == ".html":
            # calls of gettext between blanked-out text; on one line, because its indents mean nothing
            text = " ".join(templatize(path.read_text("utf-8"), origin=str(path)).split("\n"))
        elif path.suffix == ".py" and "migrations" not in path.parts:
            text = path.read_text("utf-8")
        else:
            continue
        found = extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS)
        for _, message, _, context in found:
            yield str(path.relative_to(SOURCE)), message, context


if __name__ == "__main__":
    sys.exit(main())
