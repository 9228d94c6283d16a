"""A list of something that Onefold doesn't know: boats, of one harbour each. All that a slice writes for its list."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

from onefold.accounts.api import Permission, may, requires
from onefold.filters.api import Column, Field, FieldUnknown, Kind, compile_tree
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.lists.api import (
    Cell,
    Choice,
    FixedFields,
    Flag,
    ListField,
    ListKind,
    ListState,
    ListWords,
    OpenList,
    OtherField,
    Sort,
    go,
    is_part,
    list_context,
    shown_columns,
    state_of,
)
from onefold.lists.urls import list_urls
from onefold.programs.web.urls import handler400, handler403, handler404, handler500
from onefold.programs.web.urls import urlpatterns as pages

__all__ = ["handler400", "handler403", "handler404", "handler500"]

HARBOURS: Final = ("rostock", "tulcea")
FIELDS: Final = (
    ListField(name="title", title="Title", kinds=("text", "present"), group="Of the boat", is_sortable=True),
    ListField(
        name="rig", title="Rig", kinds=("whole", "present"), group="Of the boat", is_sortable=True,
        options=(Choice("sl", "Sloop"), Choice("ke", "Ketch"), Choice("3", "Three masts")),
    ),
    ListField(
        name="built", title="Built", kinds=("date", "present"), group="Of the boat", is_right=True, is_sortable=True,
        sort_note="Takes a while",
    ),
    ListField(name="is_afloat", title="Afloat", kinds=("flag",), group="Today"),
)  # fmt: skip
BOATS: Final = SQL(
    "(values ('a', 'rostock', 'Anna', 'sl', '1990-01-01Z'::timestamptz, true),"
    " ('b', 'rostock', 'Bertha', 'ke', '1980-01-01Z', false), ('c', 'rostock', 'Clara', '3', '1970-01-01Z', true),"
    " ('d', 'tulcea', 'Delia', 'sl', '1960-01-01Z', true)) b (id, harbour, title, rig, built, is_afloat)"
)
PAGE: Final = """{% extends "shell.html" %}{% load static %}
{% block head %}<link rel="stylesheet" href="{% static 'list.css' %}">
  <script src="{% static 'js/list.js' %}" type="module"></script>{% endblock %}
{% block top %}<h1>Boats</h1>{% include "lists/count.html" %}{% endblock %}
{% block content %}{% include "lists/tabs.html" %}
<form class="bar list-bar" action="{{ kind.path }}" role="search">{% include "lists/search.html" %}
  <div id="list-tools">{% include "lists/kept.html" %}{% include "lists/chips.html" %}</div></form>
<div class="menu filter-menu" id="filter-menu" popover><div id="filter-body"></div></div>
<div id="list" data-base="{{ list_url }}"><div class="scroll list-scroll"><table class="tbl records">
  {% include "lists/heads.html" %}
  <tbody>{% for boat, cells in rows %}<tr data-row data-id="{{ boat.id }}">
    {% if may_select %}{% include "lists/pick.html" with id=boat.id title=boat.title %}{% endif %}
    <td><a href="{{ kind.path }}/{{ boat.id }}" data-peeks="{{ boat.id }}">{{ boat.title }}</a></td>
    {% include "lists/cells.html" %}</tr>{% endfor %}</tbody></table></div>{% include "lists/foot.html" %}</div>
<div id="list-acts">{% include "lists/dialogs.html" %}{% include "lists/selection.html" with forms=sink %}</div>
<aside id="peek"></aside>{% endblock %}"""
SINK: Final = '<form method="post" action="/sink">{% include "lists/picked.html" %}<button>Sink</button></form>'
PEEK: Final = """<div class="peek record-peek">{% include "lists/peek_head.html" with before="Boat before" %}
  <p class="name">{{ boat.title }}</p></div>"""


@dataclass(frozen=True)
class Page:
    """What `lists/count.html` and `lists/foot.html` ask for."""

    count: int
    is_count_capped: bool = False


class Boats:
    """The fields as SQL (`filters.api.Catalogue`)."""

    def field(self, name: str) -> Field:
        kinds = {"title": Kind.TEXT, "rig": Kind.TEXT, "built": Kind.MOMENT, "is_afloat": Kind.FLAG}
        if name not in kinds:
            raise FieldUnknown(f"There is no field {name!r}. Fields: {', '.join(kinds)}.")
        return Column(kinds[name], SQL("b.{}").format(Identifier(name)))


def open_boats(conn: Connection[Any], request: HttpRequest, *, harbour: str) -> OpenList:
    """The boats of a harbour."""
    if harbour not in HARBOURS:
        raise NotFound("There is no such harbour.")
    kind = ListKind(
        object=f"boat:{harbour}",
        path=f"/harbours/{harbour}/boats",
        columns=("title", "rig", "built"),
        sort=Sort("title", is_descending=False),
        title_field="title",
        phone_field="rig",
        flags=(Flag("afloat", "yes"),),
        other=OtherField("sail:", "Another sail:"),
        words=ListWords(all="All boats", search="Search boats", shared="All captains see it", match="Boats match when"),
    )
    return OpenList(kind=kind, fields=FixedFields(FIELDS), may_edit_views=may(request.user, Permission.MANAGE_SETTINGS))


def boat_list(request: HttpRequest, harbour: str) -> HttpResponse:
    """The page, or a boat at the side."""
    with pooled() as conn:
        one = open_boats(conn, request, harbour=harbour)
        state = state_of(one.kind, request.GET)
        state = replace(state, columns=shown_columns(state, one.fields))
        if state.query == "away":
            return go(request, "/away")
        boats = boats_of(conn, state, harbour)
        context = list_context(conn, request, one, state)
    engine = engines["django"]
    if is_part(request) and request.headers.get("HX-Target") == "peek":
        boat = next(boat for boat in boats if boat["id"] == request.GET["peek"])
        return HttpResponse(engine.from_string(PEEK).render({**context, "boat": boat}, request))
    columns = [shown.field for shown in state.columns[1:]]
    context |= {
        "page": Page(len(boats)),
        "rows": [(boat, [cell(boat, name) for name in columns]) for boat in boats],
        "noun": "boats",
        "may_select": True,
        "sink": engine.from_string(SINK),
    }
    return HttpResponse(engine.from_string(PAGE).render(context, request))


def boats_of(conn: Connection[Any], state: ListState, harbour: str) -> list[dict[str, Any]]:
    """All of them, in order."""
    compiled = compile_tree(state.tree, Boats(), datetime.now(UTC))
    statement: Composed = SQL("select * from {} where harbour = %(harbour)s and {} {} order by {} {}").format(
        BOATS,
        compiled.sql,
        SQL("and is_afloat" if "afloat" in state.flags else ""),
        Identifier(state.sort.field),
        SQL("desc" if state.sort.is_descending else "asc"),
    )
    cursor = conn.execute(statement, {**compiled.parameters, "harbour": harbour}, prepare=False)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def cell(boat: dict[str, Any], name: str) -> Cell:
    """As its kind is written."""
    if name == "rig":
        return Cell("value", boat["rig"], is_folded=False, url=f"/rigs/{boat['rig']}")
    return Cell({"built": "moment", "is_afloat": "flag"}.get(name, "value"), boat[name], is_right=name == "built")


SEES = requires(Permission.SEE_AUDIT)
urlpatterns = [
    path("harbours/<slug:harbour>/boats", SEES(boat_list), name="boats"),
    *list_urls("harbours/<slug:harbour>/boats", "boats", guard=SEES, open_list=open_boats),
    *pages,
]
