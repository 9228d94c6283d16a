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

    def at(ending: str, view: View, called: str) -> URLPattern:
        @wraps(view)
        def page(request: HttpRequest, **parts: object) -> HttpResponse:
            return view(request, open_list, **parts)

        return path(f"{route}/{ending}", guard(page), name=f"{name}_{called}")

    return [
        at("views", acts.save_view, "views"),
        at("views/<int:view_id>/replace", acts.replace, "view_replace"),
        at("views/<int:view_id>/rename", acts.rename, "view_rename"),
        at("views/<int:view_id>/move", acts.move, "view_move"),
        at("views/<int:view_id>/delete", acts.delete, "view_delete"),
        at("views/<int:view_id>/restore", acts.restore, "view_restore"),
        at("filter", pages.filter_fields, "filter"),
        at("filter/fields", pages.fields_data, "fields"),
        at("filter/form", pages.filter_form, "filter_form"),
        at("filter/apply", pages.apply_filter, "filter_apply"),
        at("columns", pages.columns, "columns"),
    ]
