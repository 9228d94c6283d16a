"""A result as a file to download."""

from collections.abc import Iterator
from typing import IO, Final, Literal, cast

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


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece
