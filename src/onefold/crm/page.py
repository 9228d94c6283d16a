"""What pages of records share: who asks, which object, what is chosen from, and what they render with it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import actor_of
from onefold.crm.access import asking_of
from onefold.crm.catalogue import Asking
from onefold.crm.labels import Labels, labels_of
from onefold.crm.objects import ObjectType, Option
from onefold.crm.pipelines import Pipelines, load_pipelines
from onefold.crm.references import TEAM
from onefold.crm.store import Row, Values
from onefold.crm.teams import load_teams
from onefold.crm.typed import Choices, Input, input_of
from onefold.crm.viewer import Doing, may_reach, shared_sql
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "page.sql")
MAX_USERS: Final = 500


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request about an object."""

    conn: Connection[Any]
    asking: Asking
    kind: ObjectType

    @property
    def is_editor(self) -> bool:
        """Whether they may make records of this object."""
        return may_reach(self.asking.viewer, self.kind.name, Doing.EDIT, self.asking.viewer.user_id)

    def may(self, doing: Doing, row: Row) -> bool:
        """Whether they may do this to a record that they see."""
        viewer, name = self.asking.viewer, self.kind.name
        if may_reach(viewer, name, doing, row.values["owner"]):
            return True
        return doing is Doing.EDIT and viewer.is_shared_with(name, doing) and row.id in self._shared_to_edit

    @cached_property
    def _shared_to_edit(self) -> frozenset[int]:
        """The numbers of the records that are shared with them to be edited; one statement for a whole page."""
        rows = self.conn.execute(shared_sql(self.asking.viewer, self.kind.name, Doing.EDIT))
        return frozenset(number for (number,) in rows)


def asked(conn: Connection[Any], request: HttpRequest, object_name: str) -> Asked:
    """Raises Http404 for an object that there is not, NotAllowed."""
    asking = asking_of(conn, actor_of(request))
    kind = asking.objects.get(object_name)
    if kind is None:
        raise Http404
    return Asked(conn=conn, asking=asking, kind=kind)


def choices_of(conn: Connection[Any], pipelines: Pipelines | None = None) -> Choices:
    """What forms offer: users who can own something, stages and pipelines."""
    known = pipelines or load_pipelines(conn)
    stages = [
        Option(str(stage.id), stage.name if len(known.live) == 1 else f"{pipeline.name}: {stage.name}")
        for pipeline in known.live
        for stage in pipeline.stages
    ]
    pipelines_ = [Option(str(one.id), one.name) for one in known.live]
    return Choices(users=user_names(conn), stages=stages, pipelines=pipelines_)


def user_names(conn: Connection[Any]) -> list[str]:
    """Who can own something, by name; the first MAX_USERS."""
    return [name for (name,) in conn.execute(QUERIES["users"], {"most": MAX_USERS})]


def team_options(conn: Connection[Any]) -> list[Option]:
    """Teams as filters name them, each before those below it."""
    return [Option(f"{TEAM}{one.id}", _("Team %(name)s") % {"name": one.name}) for one in load_teams(conn).tree]


def inputs_of(given: Asked, values: Values, names: list[str], labels: Labels | None = None) -> list[Input]:
    """Inputs for these fields with what they hold."""
    known = labels or labels_of(given.conn, given.asking, given.kind, [values])
    choices = choices_of(given.conn)
    return [input_of(given.kind.by_name[name], values.get(name), known, choices) for name in names]


def sent_number(request: HttpRequest, name: str) -> int | None:
    """What a form sent as the number of a row; None for nothing. Raises Http404 for what can be none."""
    text = request.POST.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)


def sent_numbers(request: HttpRequest, name: str) -> list[int]:
    """As `sent_number`, of several."""
    texts = request.POST.getlist(name)
    if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in texts):
        raise Http404
    return [int(text) for text in texts]


def go(request: HttpRequest, url: str) -> HttpResponse:
    """To another page, also when htmx asked."""
    if getattr(request, "htmx", False):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def came_from(request: HttpRequest, otherwise: str) -> str:
    """The own page, as a path, that the browser says it is on."""
    parts = urlsplit(request.headers.get("Referer", ""))
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return own_path(request, path) if parts.netloc == request.get_host() and path else otherwise


def own_path(request: HttpRequest, text: str) -> str:
    """`text`, if it is the path of a page here; else nothing: who sends it may mean another site."""
    is_path = text.startswith("/") and url_has_allowed_host_and_scheme(text, {request.get_host()})
    return text if is_path else ""
