"""The collector as an ASGI application: one request in, one answer out."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from onefold.config import CollectorSettings
from onefold.events.api import INTERNAL_SOURCE, EventLog, Grant, KeyUnknown, SourceDisabled, limits_of
from onefold.infra.logs import get_logger
from onefold.kernel.errors import OnefoldError
from onefold.programs.collector import answers
from onefold.programs.collector.answers import Answer
from onefold.programs.collector.body import Receive, inflate, read_body
from onefold.programs.collector.caller import Headers, caller_of, first_known, headers_of, keys_in, keys_in_query
from onefold.programs.collector.commits import PATIENCE_S, GroupCommit
from onefold.programs.collector.counters import Counters
from onefold.programs.collector.directory import Directory
from onefold.programs.collector.form_desk import Asked, FormDesk
from onefold.programs.collector.id_cookie import cookie_header, known_id
from onefold.programs.collector.intake import Parsed, faults_of, keys_in_body, parse, row_of
from onefold.programs.collector.pixels import event_in_query
from onefold.programs.collector.rates import RateLimits
from onefold.programs.collector.refusals import (
    ClientGone,
    KeyMayNotWrite,
    KeyMissing,
    MethodForbidden,
    OriginForbidden,
    PathUnknown,
    RateLimited,
)
from onefold.programs.collector.routes import Action, Route, route_of
from onefold.programs.collector.sdk import sdk_file

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_METHODS: Final = {
    Action.EVENTS: ("POST",),
    Action.METRICS: ("POST",),
    Action.PIXEL: ("GET", "HEAD"),
    Action.SETTINGS: ("GET", "HEAD"),
    Action.SOURCE_CONFIG: ("GET", "HEAD"),
    Action.SDK: ("GET", "HEAD"),
    Action.FORM: ("GET", "HEAD", "POST"),
    Action.HEALTH: ("GET", "HEAD"),
}

log = get_logger(__name__)


def create_app(
    event_log: EventLog,
    directory: Directory,
    settings: CollectorSettings,
    counters: Counters | None = None,
    forms: FormDesk | None = None,
) -> "Collector":
    """The application. `start` it in a running loop, `stop` it after the server has stopped."""
    commits = GroupCommit(event_log, settings.max_queued_bytes, PATIENCE_S)
    return Collector(commits, directory, settings, counters or Counters(), forms)


class Collector:
    """Callable as ASGI; keeps no state of a request."""

    def __init__(
        self,
        commits: GroupCommit,
        directory: Directory,
        settings: CollectorSettings,
        counters: Counters,
        forms: FormDesk | None = None,
    ) -> None:
        self._commits = commits
        self._forms = forms
        self._directory = directory
        self._settings = settings
        self._limits = limits_of(settings)
        self._counters = counters
        self._rates = RateLimits()

    def start(self) -> None:
        """Begins to store."""
        self._commits.start()
        if self._forms:
            self._forms.start()

    async def stop(self) -> None:
        """Stores what waits; the log is closed."""
        if self._forms:
            await self._forms.stop()
        await self._commits.stop()

    def facts(self) -> dict[str, object]:
        """For the health endpoint."""
        return {
            **self._commits.facts(),
            "is_database_up": self._commits.is_up() and self._directory.is_up,
            "refused_without_source": self._counters.refused_without_source,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        route = route_of(scope["path"])
        try:
            answer = await self._answer(scope, receive, headers, route)
        except ClientGone:
            return
        except OnefoldError as fault:
            answer = answers.refused(fault)
        except Exception as fault:  # a defect of ours must not cost the client its answer
            log.error("request_failed", fault=type(fault).__name__, exc_info=True)
            answer = answers.broken()
        if route.action is Action.PIXEL and scope["method"] != "OPTIONS":
            answer = answers.pixel()
        origin = headers.get(b"origin")
        extra = ((b"content-length", b"%d" % len(answer.body)),) + (answers.cors(origin) if origin else ())
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers + extra})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _answer(self, scope: Scope, receive: Receive, headers: Headers, route: Route) -> Answer:
        method = scope["method"]
        if method == "OPTIONS":
            return answers.preflight(headers)
        if route.action is Action.UNKNOWN:
            raise PathUnknown("There is no such endpoint. Send events to /v1/batch or /v1/track, /v1/identify, ...")
        if method not in _METHODS[route.action]:
            raise MethodForbidden(f"This endpoint takes {' and '.join(_METHODS[route.action])}.")
        match route.action:
            case Action.EVENTS:
                return await self._events(scope, receive, headers, route)
            case Action.PIXEL:
                return await self._pixel(scope, headers, route)
            case Action.FORM:
                return await self._form(scope, receive, headers, route)
            case Action.HEALTH:
                return self._health()
            case Action.SDK:
                return sdk_file(route.file, headers)
            case Action.METRICS:
                await read_body(receive, headers, self._settings.max_request_bytes)
                return answers.accepted(0, 0, [], is_jitsu=False)
            case _:
                return await self._sdk_document(scope, headers, route)

    async def _events(self, scope: Scope, receive: Receive, headers: Headers, route: Route) -> Answer:
        body = await read_body(receive, headers, self._settings.max_request_bytes)
        return await self._take_in(scope, headers, route, body)

    async def _take_in(self, scope: Scope, headers: Headers, route: Route, body: bytes) -> Answer:
        received_at = time.time_ns() // 1000
        key = ""
        grant: Grant | None = None
        try:
            body = inflate(body, headers.get(b"content-encoding", b""), self._settings.max_inflated_bytes)
            parsed = parse(body, route, self._limits.max_events)
            key, grant = await self._authenticate([*keys_in(headers), *keys_in_body(parsed), *_query_keys(scope)])
            self._admit(grant, headers, parsed)
            caller = caller_of(scope, headers, received_at, self._settings.proxy_count)
            if device_id := known_id(grant.source, headers):
                caller = msgspec.structs.replace(caller, device_id=device_id)
            row = row_of(parsed, grant, key, caller, route)
            bad, faults = faults_of(row, self._limits)
            await self._commits.store(row)
        except OnefoldError as fault:
            self._counters.refused(grant.source.id if grant else None, fault.code)
            raise
        self._counters.received(row.source_id, grant.key_id, row.n, received_at)
        answer = answers.accepted(row.n, bad, faults, is_jitsu=route.is_jitsu)
        if bad == row.n:  # nothing to know the browser again for, or its consent forbids it
            return answer
        cookie = cookie_header(
            grant.source, headers, caller.device_id, is_secure=self._scheme(scope, headers) == "https"
        )
        return answer._replace(headers=answer.headers + cookie)

    async def _authenticate(self, keys: list[str]) -> tuple[str, Grant]:
        """The first key that is known. Raises KeyMissing or KeyUnknown."""
        if not keys:
            raise KeyMissing("A key is needed: as the user of Basic authentication, or as writeKey in body or query.")
        for key in first_known(keys):
            if grant := await self._directory.find(key):
                return key, grant
        raise KeyUnknown("This write key is not known. Take one from the page of its source.")

    def _admit(self, grant: Grant, headers: Headers, parsed: Parsed) -> None:
        """Raises when the source is disabled, the key not for writing, the origin not allowed, the rate exceeded."""
        source = grant.source
        if not source.is_enabled:
            raise SourceDisabled(f"The source {source.slug} is disabled.")
        if "write" not in grant.scopes or source.id == INTERNAL_SOURCE:
            raise KeyMayNotWrite("This key may read, not write.")
        origin = headers.get(b"origin")
        if origin and source.allowed_origins and origin.decode("latin-1").lower() not in source.allowed_origins:
            raise OriginForbidden("The source does not allow this origin. Add it to the source's allowed origins.")
        rate = source.rate_limit or self._settings.rate_limit
        wait_s = self._rates.wait_s(source.id, len(parsed.items), rate, time.monotonic())
        if wait_s:
            raise RateLimited(f"The source may send {rate:,} events a second. Wait {wait_s} s.", wait_s)

    async def _form(self, scope: Scope, receive: Receive, headers: Headers, route: Route) -> Answer:
        if self._forms is None:
            raise PathUnknown("This collector serves no forms.")
        caller = caller_of(scope, headers, time.time_ns() // 1000, self._settings.proxy_count)
        asked = Asked(route, scope["method"], headers, caller, scope["query_string"], self._scheme(scope, headers))
        return await self._forms.answer(asked, receive)

    async def _pixel(self, scope: Scope, headers: Headers, route: Route) -> Answer:
        return await self._take_in(scope, headers, route, event_in_query(scope["query_string"]))

    async def _sdk_document(self, scope: Scope, headers: Headers, route: Route) -> Answer:
        """What browser libraries load first, so that they need nobody but us."""
        keys = [route.write_key] if route.write_key else [*keys_in(headers), *_query_keys(scope)]
        key, grant = await self._authenticate(keys)
        if route.action is Action.SOURCE_CONFIG:
            return answers.document(answers.source_config(grant.source, key))
        if not grant.source.is_enabled:
            raise SourceDisabled(f"The source {grant.source.slug} is disabled.")
        host = headers.get(b"host", b"").decode("latin-1")
        document = answers.settings_document(grant.source, key, host, self._scheme(scope, headers))
        return answers.document(document)

    def _scheme(self, scope: Scope, headers: Headers) -> str:
        """How the client came, "http" or "https"; a proxy in front knows."""
        if self._settings.proxy_count and headers.get(b"x-forwarded-proto") in (b"http", b"https"):
            return headers[b"x-forwarded-proto"].decode()
        return str(scope.get("scheme", "http"))

    def _health(self) -> Answer:
        facts = self.facts()
        is_up = bool(facts["is_database_up"])
        return answers.document({"status": "ok" if is_up else "degraded", **facts}, 200 if is_up else 503)


def _query_keys(scope: Scope) -> list[str]:
    return list(keys_in_query(scope["query_string"]))
