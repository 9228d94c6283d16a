"""Forms at the collector: the script and the page that show one, and what is sent by it."""

import hashlib
import secrets
import time
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, quote
from uuid import uuid4

import msgspec

from onefold.events.api import clean_text
from onefold.forms.api import (
    HIDDEN,
    NONCE_BYTES,
    Came,
    Checked,
    Definition,
    Heard,
    LiveForm,
    Page,
    Sent,
    campaign_of,
    check_answers,
    confirm,
    confirm_page,
    form_page,
    message_page,
    read_confirm,
    read_shown,
    script_of,
    sent_from,
    shown_token,
    suspicion,
    take,
    words_of,
)
from onefold.kernel.errors import OnefoldError
from onefold.programs.collector.answers import Answer, Header, document
from onefold.programs.collector.body import Receive, read_body
from onefold.programs.collector.caller import Caller, Headers, keep_ip
from onefold.programs.collector.form_book import FormBook
from onefold.programs.collector.rates import SlowRates
from onefold.programs.collector.refusals import (
    FormTypeUnknown,
    FormUnknown,
    InvalidJson,
    MethodForbidden,
    OriginForbidden,
    RateLimited,
)
from onefold.programs.collector.routes import Route

MAX_BODY_BYTES: Final = 65_536
MOST_OF_ADDRESS: Final = 10
MOST_OF_FORM: Final = 600
PERIOD_S: Final = 60.0
_ADDRESSES: Final = 20_000
_SECURITY: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"strict-origin-when-cross-origin"))
_URL_CHARACTERS: Final = ":/?#[]@!$&'()*+,;=%-._~"
_NEVER_KEPT: Final = (b"cache-control", b"no-store")


class Asked(NamedTuple):
    """A request for a form."""

    route: Route
    method: str
    headers: Headers
    caller: Caller
    query: bytes
    scheme: str

    @property
    def is_plain(self) -> bool:
        """Whether a browser asks without our script: it gets a page, not JSON."""
        return self.headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded")


class FormDesk:
    """Answers what is asked of forms."""

    def __init__(self, url: str) -> None:
        self._book = FormBook(url)
        self._of_address = SlowRates(MOST_OF_ADDRESS, PERIOD_S, _ADDRESSES)
        self._of_form = SlowRates(MOST_OF_FORM, PERIOD_S, 1_000)

    def start(self) -> None:
        """Begins to count."""
        self._book.start()

    async def stop(self) -> None:
        """Stores what was counted."""
        await self._book.stop()

    async def answer(self, asked: Asked, receive: Receive) -> Answer:
        """Raises FormUnknown for a form that isn't published."""
        form = await self._book.find(asked.route.form)
        if form is None:
            if b"text/html" in asked.headers.get(b"accept", b""):  # somebody reads it: an old link, or that of a mail
                return _page(message_page(Definition(), "", words_of("en")["gone"]), 404)
            raise FormUnknown("There is no such form, or it is not published.")
        if asked.method == "POST":
            return await self._post(form, asked, receive)
        match asked.route.file:
            case "script":
                return _script(form, asked.headers)
            case "token":
                self._book.count(form, "view")
                return document({"token": _token(form)})
            case "confirm":
                return _page(confirm_page(form.definition, _path(asked)))
            case _:
                self._book.count(form, "view")
                return _page(_empty(form, asked))

    async def _post(self, form: LiveForm, asked: Asked, receive: Receive) -> Answer:
        match asked.route.file:
            case "page":
                return await self._submit(form, asked, receive)
            case "confirm":
                return await self._confirm(form, asked, receive)
            case _:
                raise MethodForbidden("This endpoint takes GET and HEAD.")

    async def _submit(self, form: LiveForm, asked: Asked, receive: Receive) -> Answer:
        try:
            body = await read_body(receive, asked.headers, MAX_BODY_BYTES)
            self._admit(form, asked)
            sent = sent_from(_fields(asked, body))
        except OnefoldError as fault:
            self._book.count(form, f"refused:{fault.code}")
            if asked.is_plain:
                word = "busy" if isinstance(fault, RateLimited) else "failed"
                return _said(form, word, fault.status)
            raise
        checked = check_answers(form.definition, sent)
        if checked.faults:
            self._book.count(form, "faulty")
            if asked.is_plain:
                page = form_page(
                    form.definition,
                    _path(asked),
                    sent.token,
                    origins=form.origins,
                    given=sent.answers,
                    faults=checked.faults,
                )
                return _page(page, 422)
            return document({"ok": False, "code": "answers_invalid", "faults": checked.faults}, 422)
        shown = read_shown(form.secret, sent.token)
        reason = suspicion(form.definition, sent, checked, shown.at_s if shown else None, time.time())
        heard = _heard(form, asked, sent, checked)
        came = Came(
            heard.ip, heard.user_agent, asked.caller.received_at, asked.caller.has_gpc, shown.nonce if shown else None
        )
        outcome = await self._book.execute(lambda conn: take(conn, form, heard, came, reason))
        self._book.count(form, outcome if outcome != "held" else f"held:{reason or 'many_mails'}")
        return _thanks(form, asked)

    def _admit(self, form: LiveForm, asked: Asked) -> None:
        """Raises OriginForbidden or RateLimited."""
        origin = asked.headers.get(b"origin", b"").decode("latin-1").lower()
        own = f"{asked.scheme}://{asked.headers.get(b'host', b'').decode('latin-1')}".lower()
        if origin and origin != own and form.origins and origin not in form.origins:
            raise OriginForbidden("The form does not allow this site. Add it to the form's allowed sites.")
        now_s = time.monotonic()
        # who comes too often is asked to wait before they use up what the form as a whole may take
        if not self._of_address.may((form.id, asked.caller.ip), now_s) or not self._of_form.may(form.id, now_s):
            wait_s = int(PERIOD_S / MOST_OF_ADDRESS)
            raise RateLimited("Too much was sent from here. Please try again in a few minutes.", wait_s)

    async def _confirm(self, form: LiveForm, asked: Asked, receive: Receive) -> Answer:
        await read_body(receive, asked.headers, MAX_BODY_BYTES)
        submission = read_confirm(form.secret, asked.route.token)
        if submission is None:
            return _said(form, "expired", 404)
        now = datetime.now(UTC)
        if not await self._book.execute(lambda conn: confirm(conn, submission, now)):
            return _said(form, "expired", 404)
        self._book.count(form, "confirmed")
        return _led_on(form) or _said(form, "confirmed", 200)


def _fields(asked: Asked, body: bytes) -> dict[str, Any]:
    """The body's fields. Raises InvalidJson or FormTypeUnknown."""
    clean, _ = clean_text(body)
    kind = asked.headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind == b"application/x-www-form-urlencoded":
        try:
            return dict(parse_qs(clean.decode(), max_num_fields=500))
        except ValueError as fault:  # more fields than anybody needs, or no UTF-8
            raise InvalidJson("The form's fields can't be read.") from fault
    if kind not in (b"application/json", b"text/plain"):
        raise FormTypeUnknown("A form takes application/json or application/x-www-form-urlencoded.")
    try:
        found = msgspec.json.decode(clean)
    except (msgspec.MsgspecError, ValueError, RecursionError) as fault:
        raise InvalidJson("The body is not valid JSON.") from fault
    if not isinstance(found, dict):
        raise InvalidJson('The body must be an object: {"answers": {…}, "token": …}.')
    return found


def _heard(form: LiveForm, asked: Asked, sent: Sent, checked: Checked) -> Heard:
    return Heard(
        uuid4(),
        form.name,
        form.key,
        form.version,
        datetime.fromtimestamp(asked.caller.received_at / 1_000_000, UTC).isoformat(),
        sent,
        checked,
        campaign_of(sent.about.get("url", ""), sent.answers),
        keep_ip(asked.caller.ip, form.ip_policy),
        asked.caller.user_agent,
    )


def _empty(form: LiveForm, asked: Asked) -> Page:
    """The hosted page; what its address says of a campaign is handed on, and the page that frames it."""
    try:
        query = parse_qs(asked.query.decode("latin-1"), max_num_fields=200)
    except ValueError:
        query = {}
    given = {name: values for name, values in query.items() if name in HIDDEN}
    page = asked.headers.get(b"referer", b"").decode("latin-1")
    given["page"] = [page or f"{asked.scheme}://{asked.headers.get(b'host', b'').decode('latin-1')}{_path(asked)}"]
    return form_page(form.definition, _path(asked), _token(form), origins=form.origins, given=given)


def _script(form: LiveForm, headers: Headers) -> Answer:
    body = script_of(form.definition)
    etag = b'"%s"' % hashlib.sha256(body).hexdigest()[:20].encode()
    about: tuple[Header, ...] = (
        (b"etag", etag),
        (b"cache-control", b"public, max-age=60"),
        (b"cross-origin-resource-policy", b"cross-origin"),
        (b"x-content-type-options", b"nosniff"),
    )
    if etag in headers.get(b"if-none-match", b""):
        return Answer(304, about, b"")
    return Answer(200, (*about, (b"content-type", b"text/javascript; charset=utf-8")), body)


def _thanks(form: LiveForm, asked: Asked) -> Answer:
    """The same for what is let in, kept aside, waits or came before: a bot learns nothing from it."""
    if asked.is_plain:
        is_done = not form.definition.opt_in.is_on
        return (_led_on(form) if is_done else None) or _said(form, "thanks" if is_done else "look", 200)
    after, words = form.definition.after, words_of(form.definition.language)
    if form.definition.opt_in.is_on:
        return document({"ok": True, "message": words["look"]})
    return document({"ok": True, "message": after.message or words["thanks"], "redirect": after.redirect})


def _led_on(form: LiveForm) -> Answer | None:
    """To the page that the form names."""
    there = form.definition.after.redirect
    location = quote(there, safe=_URL_CHARACTERS).encode()
    return Answer(303, ((b"location", location), _NEVER_KEPT), b"") if there else None


def _said(form: LiveForm, word: str, status: int) -> Answer:
    text = words_of(form.definition.language)[word]
    if word == "thanks":
        text = form.definition.after.message or text
    return _page(message_page(form.definition, form.definition.title, text, origins=form.origins), status)


def _page(page: Page, status: int = 200) -> Answer:
    about = (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", page.policy.encode()),
        _NEVER_KEPT,
        *_SECURITY,
    )
    return Answer(status, about, page.html.encode())


def _token(form: LiveForm) -> str:
    return shown_token(form.secret, int(time.time()), secrets.token_bytes(NONCE_BYTES))


def _path(asked: Asked) -> str:
    base = f"/forms/{asked.route.form}"
    return f"{base}/confirm/{asked.route.token}" if asked.route.file == "confirm" else base
