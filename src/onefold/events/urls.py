"""Addresses of events, violations and sources."""

from django.urls import path

from onefold.events import source_views, views

urlpatterns = [
    path("violations", views.violations, name="violations"),
    path("violations/export", views.export_violations, name="export_violations"),
    path("violations/replay", views.replay_violations, name="replay_violations"),
    path("sources", source_views.source_list, name="sources"),
    path("sources/new", source_views.new_source, name="new_source"),
    path("sources/<slug:slug>", source_views.source_page, name="source"),
    path("sources/<slug:slug>/arrival", source_views.arrival, name="arrival"),
    path("sources/<slug:slug>/edit", source_views.edit_source, name="edit_source"),
    path("sources/<slug:slug>/switch", source_views.switch_source, name="switch_source"),
    path("sources/<slug:slug>/keys", source_views.new_key, name="new_key"),
    path("sources/<slug:slug>/keys/<int:key_id>/rotate", source_views.rotate_key, name="rotate_key"),
    path("sources/<slug:slug>/keys/<int:key_id>/disable", source_views.disable_key, name="disable_key"),
]
