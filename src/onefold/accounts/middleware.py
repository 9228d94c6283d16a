"""What a user is and prefers, laid around each request: address, time zone, language, masked personal data."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation

from onefold.accounts.access import actor_of, address_of
from onefold.accounts.audit import acting_from
from onefold.accounts.masking import mask_page, mask_text, mask_value
from onefold.accounts.permissions import Permission, may
from onefold.accounts.reveal import is_revealed
from onefold.accounts.workspace import workspace

Handler = Callable[[HttpRequest], HttpResponseBase]
OWN_PAGES: Final = ("/settings/", "/account/", "/signin", "/setup", "/invite/", "/static/")
"""Where users are told of users; nobody's personal data but theirs."""
_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
"""Numbers stay what they are, to the last digit."""
PARQUET: Final = "application/vnd.apache.parquet"


class Preferences:
    """The request's address for the audit log; the user's time zone and language for what is shown."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        with ExitStack() as around:
            around.enter_context(acting_from(address_of(request)))
            if user.is_authenticated:
                around.enter_context(timezone.override(ZoneInfo(user.time_zone or workspace().time_zone)))
                if user.language:
                    around.enter_context(translation.override(user.language))
            return self.get_response(request)


class PersonalData:
    """Masks answers to whoever may not see personal data: whole pages and API answers, so that none can forget it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if self._is_for_all(request) or may(actor_of(request), Permission.SEE_PERSONAL_DATA) or is_revealed(request):
            return response
        known = {text.strip().lower() for values in (*request.GET.lists(), *request.POST.lists()) for text in values[1]}
        if response.headers.get("Content-Type") == PARQUET:
            return response  # binary, and masked where its rows were read: insights/relations.py
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = _masked_lines(response.streaming_content)  # type: ignore[arg-type]  # sync only
        elif isinstance(response, HttpResponse) and response.content:
            response.content = _masked(response, known)
        return response

    @staticmethod
    def _is_for_all(request: HttpRequest) -> bool:
        actor = actor_of(request)
        return request.path.startswith(OWN_PAGES) or not (
            getattr(actor, "is_authenticated", True)  # keys have no such field, and stand for somebody
        )


def _masked(response: HttpResponse, known: set[str]) -> bytes:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if kind in {"application/json", "application/openapi+json"}:
        return _encoder.encode(mask_value(_decoder.decode(response.content)))
    if kind == "text/html":
        return mask_page(response.content.decode(), known).encode()
    return (
        mask_text(response.content.decode(errors="replace")).encode() if kind.startswith("text/") else response.content
    )


def _masked_lines(chunks: Iterable[bytes | str]) -> Iterator[bytes]:
    """Line by line, for an address may stand across two chunks."""
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + (chunk.decode() if isinstance(chunk, bytes) else chunk)).split("\n")
        if lines:
            yield (mask_page("\n".join(lines)) + "\n").encode()
    if rest:
        yield mask_page(rest).encode()
