"""A file of identifiers that somebody uploads: which column holds them, and which of them can be one."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from onefold.audiences.actions import MAX_LIST
from onefold.audiences.errors import AudienceRejected
from onefold.kernel.errors import Rejected
from onefold.profiles.api import Names

MAX_BYTES: Final = 20_000_000
MAX_COLUMNS: Final = 200
MAX_REFUSALS: Final = 5
_LOOKED_AT: Final = 20
_DELIMITERS: Final = (",", ";", "\t")
_HEADINGS: Final = frozenset(
    ("email", "e-mail", "mail", "email address", "e-mail-adresse", "id", "user id", "user_id", "userid", "phone",
     "telephone", "phone number", "telefon", "identifier", "value", "customer id", "customer_id", "kundennummer")
)  # fmt: skip


class Refusal(NamedTuple):
    """A value that is no identifier. `row`: in the file, the first is 1."""

    row: int
    value: str
    why: str


class Upload(NamedTuple):
    """What a file holds. `columns`: their headings, or an example of each. `hashes`: of different identifiers."""

    columns: list[str]
    column: int
    hashes: list[int]
    n_values: int
    n_refused: int
    refusals: list[Refusal]


def read_upload(content: bytes, names: Names, namespace: str, column: int | None = None) -> Upload:
    """The identifiers of one column; unless said which, the one that looks most like it. Raises AudienceRejected.

    Cost: 20 µs a value that wasn't seen before.
    """
    if namespace not in names.config.by_name:
        known = ", ".join(sorted(names.config.by_name))
        said = _("There is no namespace %(name)s. There are: %(known)s.")
        raise AudienceRejected(said % {"name": namespace[:80], "known": known})
    rows = _rows(_text(content))
    if not rows:
        raise AudienceRejected(_("The file is empty. It must have an identifier a line, or a column of them."))
    width = min(max(len(row) for _n, row in rows[:_LOOKED_AT]), MAX_COLUMNS)
    if column is None or not 0 <= column < width:
        column = _likely(rows[:_LOOKED_AT], width, names, namespace)
    _n, first = rows[0]
    has_heading = _is_heading(rows, column, names, namespace)
    columns = [first[i].strip() if i < len(first) else "" for i in range(width)]
    hashes, refusals, n_values = {}, [], 0
    for number, row in rows[has_heading:]:
        value = row[column].strip() if column < len(row) else ""
        if not value:
            continue
        n_values += 1
        found = _hash_of(names, namespace, value)
        if isinstance(found, str):
            refusals.append(Refusal(number, value[:80], found))
        else:
            hashes[found] = True
    if len(hashes) > MAX_LIST:
        said = _("A list has at most %(most)s identifiers, this one %(n)s. Split it.")
        raise AudienceRejected(said % {"most": f"{MAX_LIST:,}", "n": f"{len(hashes):,}"})
    return Upload(columns, column, list(hashes), n_values, len(refusals), refusals[:MAX_REFUSALS])


def _text(content: bytes) -> str:
    """UTF-8, UTF-16 as spreadsheets write it, or else what Western ones wrote before."""
    if len(content) > MAX_BYTES:
        said = _("A file may have %(n)s MB. Split it, or leave other columns out.")
        raise AudienceRejected(said % {"n": MAX_BYTES // 1_000_000})
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Each with its number in the file; empty ones left out."""
    if "\0" in text:
        raise AudienceRejected(_("This is no text file. Save the table as CSV, and upload that."))
    head = text[:10_000].partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        return [(number, row) for number, row in enumerate(reader, 1) if any(cell.strip() for cell in row)]
    except csv.Error as fault:
        said = _("The file can't be read as a table: %(fault)s.")
        raise AudienceRejected(said % {"fault": fault}) from fault


def _likely(rows: Sequence[tuple[int, list[str]]], width: int, names: Names, namespace: str) -> int:
    """The column whose values are identifiers most often; one whose heading says so wins."""

    def score(column: int) -> tuple[bool, int]:
        cells = [row[column].strip() for _n, row in rows if column < len(row) and row[column].strip()]
        says_so = bool(cells) and _plain(cells[0]) in (_plain(namespace), _plain(namespace.rpartition(":")[2]))
        return says_so, sum(isinstance(_hash_of(names, namespace, cell), int) for cell in cells)

    return max(range(width), key=lambda column: (*score(column), -column))


def _is_heading(rows: Sequence[tuple[int, list[str]]], column: int, names: Names, namespace: str) -> bool:
    """Whether the first row names the columns: a usual word, or no identifier where the second row has one."""
    _n, first = rows[0]
    cell = first[column].strip() if column < len(first) else ""
    if cell.casefold() in _HEADINGS or _plain(cell) == _plain(namespace):
        return True
    if len(rows) < 2 or isinstance(_hash_of(names, namespace, cell), int):
        return False
    _n, second = rows[1]
    return column < len(second) and isinstance(_hash_of(names, namespace, second[column].strip()), int)


def _hash_of(names: Names, namespace: str, value: str) -> int | str:
    """Of the identifier, or why it is none."""
    if not value:
        return ""
    try:
        return names.identifier(f"{namespace}:{value}").h
    except Rejected as fault:
        return str(fault)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def joined(chunks: Iterable[bytes]) -> bytes:
    """All of them, unless they are too many bytes; then as many as show it."""
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > MAX_BYTES:
            break
    return bytes(content)
