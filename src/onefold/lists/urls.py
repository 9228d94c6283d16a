"""Addresses below those of a list, for the slice whose records are listed."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from onefold.lists import acts, pages
from onefold.lists.pages import OpenIt

View = Callable[..., HttpResponse]


def list_urls(route: str, name: str, *, guard: Callable[[View], View], open_list: OpenIt) -> list[URLPattern]:
    """The pages of filters, columns and views below `route`, which may have parts; they go to `open_list`.

    `guard` is the access check of every one of them, as `requires(permission)`. `name` begins the names of the routes.
    """
    at = _adder(route, name, guard, open_list)
    return [
        at("views", acts.save_view, "views"),
        at("views/<int:view_id>/replace", acts.replace, "view_replace"),
        at("views/<int:view_id>/rename", acts.rename, "view_rename"),
        at("views/<int:view_id>/move", acts.move, "view_move"),
        at("views/<int:view_id>/delete", acts.delete, "view_delete"),
        at("views/<int:view_id>/restore", acts.restore, "view_restore"),
        at("columns", pages.columns, "columns"),
        *filter_urls(route, name, guard=guard, open_list=open_list),
    ]


def filter_urls(route: str, name: str, *, guard: Callable[[View], View], open_list: OpenIt) -> list[URLPattern]:
    """The pages of filters alone, for what shows a list's records otherwise: a board."""
    at = _adder(route, name, guard, open_list)
    return [
        at("filter", pages.filter_fields, "filter"),
        at("filter/fields", pages.fields_data, "fields"),
        at("filter/form", pages.filter_form, "filter_form"),
        at("filter/apply", pages.apply_filter, "filter_apply"),
    ]


def _adder(
    route: str, name: str, guard: Callable[[View], View], open_list: OpenIt
) -> Callable[[str, View, str], URLPattern]:
    def at(ending: str, view: View, called: str) -> URLPattern:
        @wraps(view)
        def page(request: HttpRequest, **parts: object) -> HttpResponse:
            return view(request, open_list, **parts)

        return path(f"{route}/{ending}", guard(page), name=f"{name}_{called}")

    return at
