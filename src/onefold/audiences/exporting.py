"""An audience's members as a file: people, or companies."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from django.http import HttpResponse, StreamingHttpResponse

from onefold.audiences import shown
from onefold.audiences.shown_companies import list_company_members
from onefold.infra.pool import pooled
from onefold.kernel.spreadsheets import is_formula
from onefold.profiles.api import to_text

_OF_PEOPLE: Final = ("profile_id", "name", "email", "phone")
_OF_COMPANIES: Final = ("space", "key", "name", "people")
Row = tuple[tuple[str | int | None, ...], datetime]
"""What stands in the columns, and since when."""


def exported(audience: shown.ShownAudience, form: str) -> HttpResponse | StreamingHttpResponse:
    """The members as a file that is downloaded."""
    columns = _OF_COMPANIES if audience.is_of_companies else _OF_PEOPLE
    pages = _companies(audience.id) if audience.is_of_companies else _people(audience.id)
    if form == "csv":
        response: HttpResponse | StreamingHttpResponse
        response = StreamingHttpResponse(_csv(columns, pages), content_type="text/csv; charset=utf-8")
    else:
        response = HttpResponse(_parquet(columns, pages), content_type="application/vnd.apache.parquet")
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in audience.name).strip("-")
    response["Content-Disposition"] = f'attachment; filename="{plain or audience.id}.{form}"'
    return response


def _people(number: int) -> Iterator[list[Row]]:
    for page in _paged(number, shown.list_members, lambda one: one.profile_id):
        yield [((to_text(one.profile_id), one.name, one.email, one.phone), one.since) for one in page]


def _companies(number: int) -> Iterator[list[Row]]:
    for page in _paged(number, list_company_members, lambda one: one.h):
        yield [((one.space, one.key, one.name, one.people), one.since) for one in page]


def _paged(number: int, listed: Callable[..., list[Any]], key: Callable[[Any], int]) -> Iterator[list[Any]]:
    after = shown.FIRST
    while True:
        with pooled() as conn:
            page = listed(conn, number, after, shown.MAX_PAGE)
        if page:
            yield page
        if len(page) < shown.MAX_PAGE:
            return
        after = key(page[-1])


def _csv(columns: tuple[str, ...], pages: Iterator[list[Row]]) -> Iterator[str]:
    yield f"{','.join(columns)},since\r\n"
    for page in pages:
        text = io.StringIO()
        writer = csv.writer(text)
        for cells, since in page:
            disarmed = [_disarmed(one) if isinstance(one, str) else one for one in cells]
            writer.writerow([*("" if one is None else one for one in disarmed), since.isoformat()])
        yield text.getvalue()


def _disarmed(text: str) -> str:
    """Spreadsheets take what begins so for a formula."""
    return f"'{text}" if is_formula(text) else text


def _parquet(columns: tuple[str, ...], pages: Iterator[list[Row]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [(name, pa.int64() if name == "people" else pa.string()) for name in columns]
    schema = pa.schema([*fields, ("since", pa.timestamp("us", "UTC"))])
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, schema) as writer:
        for page in pages:
            rows = [dict(zip(schema.names, (*cells, since), strict=True)) for cells, since in page]
            writer.write_table(pa.Table.from_pylist(rows, schema))
    return sink.getvalue()
