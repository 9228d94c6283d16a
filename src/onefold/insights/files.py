"""A result as an answer: its file is sent as it is, piece by piece."""

from collections.abc import Iterator
from typing import IO, Final, Literal, cast

import msgspec
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from onefold.insights.asking import Answer

PIECE_BYTES: Final = 1 << 16
PARQUET: Final = "application/vnd.apache.parquet"
_TYPES: Final = {"csv": "text/csv; charset=utf-8", "parquet": PARQUET}


def file_response(answer: Answer, form: Literal["csv", "parquet"]) -> HttpResponse:
    """Opens the result now, so that it can be sent after its folder is gone; headers say how many rows it has."""
    response = StreamingHttpResponse(_pieces(answer.file.open("rb")), content_type=_TYPES[form])
    name = f"onefold-{timezone.now():%Y-%m-%d-%H%M}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Rows"] = str(answer.report.rows)
    response["X-Is-Cut"] = "true" if answer.report.is_cut else "false"
    response["X-Fresh-Until"] = answer.taken_at.isoformat()
    return cast(HttpResponse, response)  # the guards know no other kind


def json_response(answer: Answer) -> HttpResponse:
    """The result of the form json, as the API tells it."""
    report = answer.report
    head = {
        "columns": [{"name": name, "type": kind} for name, kind in report.columns],
        "row_count": report.rows,
        "is_cut": report.is_cut,
        "seconds": round(report.seconds, 3),
        "fresh_until": answer.taken_at.isoformat(),
        "position": answer.position,
    }
    before = msgspec.json.encode(head).removesuffix(b"}") + b',"rows":'
    response = StreamingHttpResponse(_pieces(answer.file.open("rb"), before, b"}"), content_type="application/json")
    return cast(HttpResponse, response)


def _pieces(file: IO[bytes], before: bytes = b"", after: bytes = b"") -> Iterator[bytes]:
    with file:
        yield before
        while piece := file.read(PIECE_BYTES):
            yield piece
        yield after
