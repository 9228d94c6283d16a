"""An audience's members as a file."""

import csv
import io
from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse

from onefold.audiences import shown
from onefold.infra.pool import pooled
from onefold.profiles.api import to_text


def exported(number: int, name: str, form: str) -> HttpResponse | StreamingHttpResponse:
    """The members as a file that is downloaded."""
    if form == "csv":
        response: HttpResponse | StreamingHttpResponse
        response = StreamingHttpResponse(_csv(number), content_type="text/csv; charset=utf-8")
    else:
        response = HttpResponse(_parquet(number), content_type="application/vnd.apache.parquet")
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name).strip("-")
    response["Content-Disposition"] = f'attachment; filename="{plain or number}.{form}"'
    return response


def _rows(number: int) -> Iterator[list[shown.Member]]:
    after = shown.FIRST
    while True:
        with pooled() as conn:
            page = shown.list_members(conn, number, after, shown.MAX_PAGE)
        if page:
            yield page
        if len(page) < shown.MAX_PAGE:
            return
        after = page[-1].profile_id


def _csv(number: int) -> Iterator[str]:
    yield "profile_id,name,email,phone,since\r\n"
    for page in _rows(number):
        text = io.StringIO()
        writer = csv.writer(text)
        for one in page:
            cells = (one.name or "", one.email or "", one.phone or "")
            writer.writerow([to_text(one.profile_id), *map(_disarmed, cells), one.since.isoformat()])
        yield text.getvalue()


def _disarmed(text: str) -> str:
    """Spreadsheets take what begins so for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _parquet(number: int) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [(name, pa.string()) for name in ("profile_id", "name", "email", "phone")]
    schema = pa.schema([*fields, ("since", pa.timestamp("us", "UTC"))])
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, schema) as writer:
        for page in _rows(number):
            rows = [
                {
                    "profile_id": to_text(one.profile_id),
                    "name": one.name,
                    "email": one.email,
                    "phone": one.phone,
                    "since": one.since,
                }
                for one in page
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema))
    return sink.getvalue()
