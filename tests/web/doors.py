"""Every door of the web program and whom it opens to: the table that a new route, or a new method of one, goes into.

A line says who may use which method of a route: ANYONE, SIGNED_IN (whatever they may do), or a Permission. What isn't
said must be refused (405). tests/architecture checks that no route is missing, tests/web/test_doors.py knocks at each.
"""

import re
from collections.abc import Iterator
from typing import Final

from django.urls import URLPattern, URLResolver, get_resolver
from ninja.utils import normalize_path

from onefold.accounts.api import Permission as P
from onefold.programs.web.api import api
from tests.web.door_kinds import ANYONE, SIGNED_IN, Door, act, form, page
from tests.web.form_doors import FORM_BODIES, FORM_DOORS
from tests.web.sales_doors import SALES, SALES_BODIES, SALES_VALUES

DOORS: Final[dict[str, Door]] = {
    **SALES,
    # the shell
    "": page(P.SEE_EVENTS),
    "health": page(ANYONE),
    "health/page": page(P.SEE_EVENTS),
    "jump": page(P.SEE_PEOPLE),
    # accounts
    "signin": form(ANYONE),
    "signout": act(ANYONE),
    "setup/<str:code>": form(ANYONE),  # with the code
    "invite/<str:token>": form(ANYONE),  # with the token
    "settings": page(SIGNED_IN),
    "settings/me": form(SIGNED_IN),
    "settings/theme": act(SIGNED_IN),
    "settings/keys": form(SIGNED_IN),
    "settings/keys/<int:key_id>/end": act(SIGNED_IN),
    "settings/users": page(P.MANAGE_USERS),
    "settings/users/invite": act(P.MANAGE_USERS),
    "settings/users/<int:user_id>": form(P.MANAGE_USERS),
    "settings/users/<int:user_id>/link": act(P.MANAGE_USERS),
    "settings/users/<int:user_id>/switch": act(P.MANAGE_USERS),
    "settings/users/<int:user_id>/signout": act(P.MANAGE_USERS),
    "settings/workspace": form(P.MANAGE_SETTINGS),
    "settings/audit": page(P.SEE_AUDIT),
    "settings/design": page(P.SEE_EVENTS),
    "people/<str:identifier>/reveal": act(P.REVEAL_PERSONAL_DATA),
    # allauth's; what is about oneself leads to sign-in or asks for the password again
    "account/closed": form(ANYONE),
    "account/inactive": page(ANYONE),
    "account/confirm": form(SIGNED_IN),
    "account/password": form(SIGNED_IN),
    "account/password/first": form(SIGNED_IN),
    "account/password/forgotten": form(ANYONE),
    "account/password/sent": page(ANYONE),
    "account/password/new/<base36:uidb36>-<str:key>/": form(ANYONE),  # with the key
    "account/password/changed": page(ANYONE),
    "account/second-factor/": page(SIGNED_IN),
    "account/second-factor/authenticate/": form(ANYONE),  # in the middle of signing in
    "account/second-factor/reauthenticate/": form(SIGNED_IN),
    "account/second-factor/totp/activate/": form(SIGNED_IN),
    "account/second-factor/totp/deactivate/": form(SIGNED_IN),
    "account/second-factor/recovery-codes/": page(SIGNED_IN),
    "account/second-factor/recovery-codes/generate/": form(SIGNED_IN),
    "account/second-factor/recovery-codes/download/": page(SIGNED_IN),
    "account/second-factor/webauthn/": page(SIGNED_IN),
    "account/second-factor/webauthn/add/": form(SIGNED_IN),
    "account/second-factor/webauthn/reauthenticate/": form(SIGNED_IN),
    "account/second-factor/webauthn/keys/<int:pk>/remove/": form(SIGNED_IN),
    "account/second-factor/webauthn/keys/<int:pk>/edit/": form(SIGNED_IN),
    "account/single-sign-on/cancelled": page(ANYONE),
    "account/single-sign-on/refused": form(ANYONE),
    "account/single-sign-on/": form(SIGNED_IN),
    "oidc/<slug:provider_id>/login/": form(ANYONE),
    "oidc/<slug:provider_id>/login/callback/": page(ANYONE),  # with the provider's answer
    # people
    "people": page(P.SEE_PEOPLE),
    "people/export": act(P.EXPORT_PEOPLE),
    "companies/export": act(P.EXPORT_PEOPLE),
    "exports": page(P.EXPORT_PEOPLE),
    "exports/<uuid:export_id>.<slug:ending>": page(P.EXPORT_PEOPLE),
    "exports/<uuid:export_id>/remove": act(P.EXPORT_PEOPLE),
    "people/views": act(P.SEE_PEOPLE),
    "people/views/<int:view_id>/delete": act(P.SEE_PEOPLE),
    "people/views/<int:view_id>/move": act(P.SEE_PEOPLE),
    "people/views/<int:view_id>/rename": act(P.SEE_PEOPLE),
    "people/views/<int:view_id>/replace": act(P.SEE_PEOPLE),
    "people/views/<int:view_id>/restore": act(P.SEE_PEOPLE),
    "people/columns": page(P.SEE_PEOPLE),
    "people/filter": page(P.SEE_PEOPLE),
    "people/filter/apply": page(P.SEE_PEOPLE),
    "people/filter/fields": page(P.SEE_PEOPLE),
    "people/filter/form": page(P.SEE_PEOPLE),
    "people/<str:identifier>": page(P.SEE_PEOPLE),
    "people/<str:identifier>/devices": page(P.SEE_PEOPLE),
    "people/<str:identifier>/events": page(P.SEE_PEOPLE),
    "people/<str:identifier>/identity": page(P.SEE_PEOPLE),
    "people/<str:identifier>/news": page(P.SEE_PEOPLE),
    "people/<str:identifier>/traits": page(P.SEE_PEOPLE),
    "people/<str:identifier>/traits/correct": act(P.EDIT_PEOPLE),
    "people/<str:identifier>/why": page(P.SEE_PEOPLE),
    "people/corrections/<uuid:event>/undo": act(P.EDIT_PEOPLE),
    "people/links": act(P.MANAGE_IDENTITY),
    # privacy
    "people/<str:identifier>/consent": {"GET": P.SEE_PEOPLE, "POST": P.EDIT_PEOPLE},
    "people/<str:identifier>/consent/ledger": page(P.SEE_PEOPLE),
    "people/<str:identifier>/consent/undo/<uuid:statement>": act(P.EDIT_PEOPLE),
    "privacy": page(P.ERASE_PEOPLE),
    "privacy/categories": act(P.MANAGE_SETTINGS),
    "privacy/erase": form(P.ERASE_PEOPLE),
    "privacy/purposes": form(P.MANAGE_SETTINGS),
    "privacy/purposes/<slug:slug>/remove": act(P.MANAGE_SETTINGS),
    "privacy/release": act(P.ERASE_PEOPLE),
    "privacy/requests/<int:request_id>": page(P.ERASE_PEOPLE),
    "privacy/requests/<int:request_id>/again": act(P.ERASE_PEOPLE),
    "people/links/<uuid:event>/undo": act(P.MANAGE_IDENTITY),
    "people/links/preview": act(P.MANAGE_IDENTITY),
    # events
    "events": page(P.SEE_EVENTS),
    "events/one": page(P.SEE_EVENTS),
    "events/stream": page(P.SEE_EVENTS),
    "sources": page(P.SEE_EVENTS),
    "sources/<slug:slug>": page(P.SEE_EVENTS),
    "sources/<slug:slug>/arrival": page(P.SEE_EVENTS),
    "sources/<slug:slug>/edit": form(P.MANAGE_SOURCES),
    "sources/<slug:slug>/keys": act(P.MANAGE_SOURCES),
    "sources/<slug:slug>/keys/<int:key_id>/disable": act(P.MANAGE_SOURCES),
    "sources/<slug:slug>/keys/<int:key_id>/rotate": act(P.MANAGE_SOURCES),
    "sources/<slug:slug>/switch": act(P.MANAGE_SOURCES),
    "sources/new": form(P.MANAGE_SOURCES),
    "violations": page(P.SEE_EVENTS),
    "violations/export": page(P.EXPORT_PEOPLE),
    "violations/replay": form(P.MANAGE_SOURCES),
    # insights
    "sql": page(P.RUN_SQL),
    "sql/run": act(P.RUN_SQL),
    "sql/download": act(P.RUN_SQL),
    "sql/runs/<uuid:run_id>": page(P.RUN_SQL),
    "sql/runs/<uuid:run_id>/cancel": act(P.RUN_SQL),
    "sql/queries": act(P.RUN_SQL),
    "sql/queries/<int:query_id>": page(P.RUN_SQL),
    "sql/queries/<int:query_id>/change": act(P.RUN_SQL),
    "sql/queries/<int:query_id>/delete": act(P.RUN_SQL),
    "sql/queries/<int:query_id>/restore": act(P.RUN_SQL),
    **FORM_DOORS,
    # audiences
    "audiences": page(P.SEE_PEOPLE),
    "audiences/<int:number>": page(P.SEE_PEOPLE),
    "audiences/<int:number>/describe": act(P.EDIT_AUDIENCES),
    "audiences/<int:number>/explain": page(P.SEE_PEOPLE),
    "audiences/<int:number>/history": page(P.SEE_PEOPLE),
    "audiences/<int:number>/pause": act(P.EDIT_AUDIENCES),
    "audiences/<int:number>/progress": page(P.SEE_PEOPLE),
    "audiences/<int:number>/facts": page(P.SEE_PEOPLE),
    "audiences/<int:number>/remove": act(P.EDIT_AUDIENCES),
    "audiences/<int:number>/restore": act(P.EDIT_AUDIENCES),
    "audiences/<int:number>/start": act(P.EDIT_AUDIENCES),
    "audiences/<int:number>/versions": page(P.SEE_PEOPLE),
    "audiences/<int:number>/versions/<int:version>/restore": act(P.EDIT_AUDIENCES),
    "audiences/<int:number>/edit": page(P.EDIT_AUDIENCES),
    "audiences/explain": act(P.EDIT_AUDIENCES),
    "audiences/new": page(P.EDIT_AUDIENCES),
    "audiences/sql": act(P.EDIT_AUDIENCES),
    "audiences/preview": act(P.EDIT_AUDIENCES),
    "audiences/save": act(P.EDIT_AUDIENCES),
    "audiences/suggest": page(P.EDIT_AUDIENCES),
    "audiences/computed": {"GET": P.SEE_PEOPLE, "POST": P.EDIT_AUDIENCES},
    "audiences/computed/remove": act(P.EDIT_AUDIENCES),
    "audiences/lists": {"GET": P.SEE_PEOPLE, "POST": P.EDIT_AUDIENCES},
    "audiences/lists/<int:number>/remove": act(P.EDIT_AUDIENCES),
    "audiences/lists/preview": act(P.EDIT_AUDIENCES),
    "audiences/of/<str:identifier>": page(P.SEE_PEOPLE),
    "audiences/of-company/<path:identifier>": page(P.SEE_PEOPLE),
    "audiences/states": page(P.SEE_PEOPLE),
    # notifications
    "notifications": page(P.SEE_EVENTS),
    "notifications/bell": page(P.SEE_EVENTS),
    "notifications/seen": act(P.SEE_EVENTS),
    "notifications/unseen": act(P.SEE_EVENTS),
    # the CRM
    # the REST API
    "api/": page(ANYONE),
    "api/audience-lists": {"GET": P.SEE_PEOPLE, "POST": P.EDIT_AUDIENCES},
    "api/audience-lists/<int:number>": {"DELETE": P.EDIT_AUDIENCES},
    "api/audiences": {"GET": P.SEE_PEOPLE, "POST": P.EDIT_AUDIENCES},
    "api/audiences/<int:number>": {"GET": P.SEE_PEOPLE, "PATCH": P.EDIT_AUDIENCES, "DELETE": P.EDIT_AUDIENCES},
    "api/audiences/<int:number>/explain/<path:identifier>": page(P.SEE_PEOPLE),
    "api/audiences/<int:number>/export": page(P.EXPORT_PEOPLE),
    "api/audiences/<int:number>/members": page(P.SEE_PEOPLE),
    "api/audiences/<int:number>/pause": act(P.EDIT_AUDIENCES),
    "api/audiences/<int:number>/restore": act(P.EDIT_AUDIENCES),
    "api/audiences/<int:number>/start": act(P.EDIT_AUDIENCES),
    "api/audiences/<int:number>/versions": page(P.SEE_PEOPLE),
    "api/audiences/changes": page(P.SEE_PEOPLE),
    "api/audiences/preview": act(P.SEE_PEOPLE),
    "api/audiences/schema": page(P.SEE_PEOPLE),
    "api/companies/<path:identifier>/audiences": page(P.SEE_PEOPLE),
    "api/companies/<path:identifier>": page(P.SEE_PEOPLE),
    "api/computed-traits": {"GET": P.SEE_PEOPLE, "POST": P.EDIT_AUDIENCES},
    "api/computed-traits/<name>": {"DELETE": P.EDIT_AUDIENCES},
    "api/docs": page(SIGNED_IN),
    "api/people": page(P.SEE_PEOPLE),
    "api/events/<source>/<path:message_id>": page(P.SEE_EVENTS),
    "api/health": page(ANYONE),
    "api/identity/links": {"GET": P.SEE_PEOPLE, "POST": P.MANAGE_IDENTITY},
    "api/identity/preview": act(P.MANAGE_IDENTITY),
    "api/openapi.json": page(ANYONE),
    "api/privacy/erasures": act(P.ERASE_PEOPLE),
    "api/privacy/erasures/preview": act(P.ERASE_PEOPLE),
    "api/privacy/releases": act(P.ERASE_PEOPLE),
    "api/privacy/requests": page(P.ERASE_PEOPLE),
    "api/privacy/requests/<int:request_id>": page(P.ERASE_PEOPLE),
    "api/privacy/requests/<int:request_id>/again": act(P.ERASE_PEOPLE),
    "api/profiles/<path:identifier>": page(P.SEE_PEOPLE),
    "api/profiles/<path:identifier>/audiences": page(P.SEE_PEOPLE),
    "api/profiles/<path:identifier>/computed-traits": page(P.SEE_PEOPLE),
    "api/profiles/<path:identifier>/consent": {"GET": P.SEE_PEOPLE, "POST": P.EDIT_PEOPLE},
    "api/profiles/<path:identifier>/export": page(P.EXPORT_PEOPLE),
    "api/profiles/<path:identifier>/why": page(P.SEE_PEOPLE),
    "api/retractions": act(P.MANAGE_IDENTITY),
    "api/sql": act(P.RUN_SQL),
    "api/violations": page(P.SEE_EVENTS),
}

VALUES: Final = SALES_VALUES | {
    "object_name": "deal",
    "stage": "999999",
    "object": "deal",
    "act": "00000000-0000-4000-8000-000000000004",
    "number": "1",
    "name": "no-such-name",
    "version": "1",
    "view_id": "1",
    "query_id": "1",
    "submission": "00000000-0000-4000-8000-000000000005",
    "run_id": "00000000-0000-4000-8000-000000000003",
    "slug": "back-end",
    "source": "back-end",
    "key_id": "1",
    "identifier": "user_id:1",
    "message_id": "m-1",
    "request_id": "1",
    "statement": "00000000-0000-0000-0000-000000000001",
    "event": "00000000-0000-4000-8000-000000000001",
    "ending": "csv",
    "export_id": "00000000-0000-4000-8000-000000000002",
    "code": "no-such-code",
    "token": "no-such-token",
    "user_id": "999999",
    "uidb36": "1",
    "key": "no-such-key",
    "pk": "999999",
    "provider_id": "none",
}
"""What stands for a parameter in an address. It need not exist: a door is closed before anybody looks behind it."""

BODIES: Final[dict[str, dict[str, object]]] = {
    **SALES_BODIES,
    "api/audience-lists": {"name": "", "identifiers": ["user_id:1"]},
    "api/audiences": {"name": "x", "purpose": "no-such-purpose", "rule": {"v": 1, "where": {"type": "all"}}},
    "api/audiences/<int:number>": {"name": "x"},
    **FORM_BODIES,
    "api/audiences/preview": {"purpose": "no-such-purpose", "rule": {"v": 1, "where": {"type": "x"}}},
    "api/computed-traits": {"name": "x", "definition": {}},
    "api/identity/links": {"rule": "never", "a": "user_id:1", "b": "user_id:1"},
    "api/privacy/erasures": {"identifier": "user_id:nobody-yet"},
    "api/privacy/erasures/preview": {"identifier": "user_id:nobody-yet"},
    "api/privacy/releases": {"identifier": "user_id:nobody-yet"},
    "api/profiles/<path:identifier>/consent": {"purpose": "advertising", "is_granted": True},
    "api/identity/preview": {"rule": "never", "a": "user_id:1", "b": "user_id:1"},
    "api/sql": {"sql": " "},
    "api/retractions": {"source": "no-such-source", "messageIds": ["m-1"]},
}
"""What a call of the API must hold to be looked at: ninja checks a body before our code asks for rights."""

HOW_TO: Final = (
    "Add to DOORS in tests/web/doors.py who may use it: page(who), form(who), act(who) or {METHOD: who, …};"
    " who = a Permission, SIGNED_IN or ANYONE."
)


def routes() -> dict[str, str]:
    """Every route of the web program → the module that answers it."""
    return dict(_routes(get_resolver().url_patterns))


def api_methods() -> dict[str, set[str]]:
    """Every route of the REST API → its methods."""
    found: dict[str, set[str]] = {}
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            route = re.sub(r"{([^}]+)}", r"<\1>", normalize_path(f"{prefix}/{path}").lstrip("/"))
            found.setdefault(f"api/{route}", set()).update(*(operation.methods for operation in view.operations))
    return found


def address(route: str) -> str:
    """An address of this route."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: VALUES[found[1]], route)


def _routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern.callback.__module__
