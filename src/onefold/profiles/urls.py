"""Addresses of people."""

from django.urls import path

from onefold.accounts.api import Permission, requires
from onefold.lists.urls import list_urls
from onefold.profiles import export_views, identity_views, people_pages, record_views
from onefold.profiles.people_listed import open_people

urlpatterns = [
    path("people", people_pages.people_list, name="people"),
    path("people/export", export_views.export, name="people_export"),
    path("exports", export_views.exports_page, name="exports"),
    path("exports/<uuid:export_id>.<slug:ending>", export_views.download, name="export_download"),
    path("exports/<uuid:export_id>/remove", export_views.remove, name="export_remove"),
    *list_urls("people", "people", guard=requires(Permission.SEE_PEOPLE), open_list=open_people),
    path("people/links", identity_views.decide, name="decide"),
    path("people/links/preview", identity_views.preview_decision, name="preview_decision"),
    path("people/links/<uuid:event>/undo", identity_views.undo_decision, name="undo_decision"),
    path("people/corrections/<uuid:event>/undo", record_views.undo_correction, name="undo_correction"),
    path("people/<str:identifier>", record_views.one_person, name="person"),
    path("people/<str:identifier>/devices", record_views.devices, name="devices"),
    path("people/<str:identifier>/events", record_views.older_events, name="older_events"),
    path("people/<str:identifier>/identity", identity_views.identity, name="identity"),
    path("people/<str:identifier>/news", record_views.news, name="news"),
    path("people/<str:identifier>/traits", record_views.traits, name="traits"),
    path("people/<str:identifier>/traits/correct", record_views.correct, name="correct"),
    path("people/<str:identifier>/why", record_views.why, name="why"),
]
