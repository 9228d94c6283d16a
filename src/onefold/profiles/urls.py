"""Addresses of people and companies."""

from django.urls import path

from onefold.profiles import export_views, identity_views, people_acts, people_pages, record_views, views

urlpatterns = [
    path("people", people_pages.people_list, name="people"),
    path("people/export", export_views.export, name="people_export"),
    path("people/exports", export_views.exports_page, name="people_exports"),
    path("people/exports/<uuid:export_id>.csv", export_views.download, name="people_export_download"),
    path("people/exports/<uuid:export_id>/remove", export_views.remove, name="people_export_remove"),
    path("people/views", people_acts.save_view, name="people_views"),
    path("people/views/<int:view_id>/replace", people_acts.replace, name="people_view_replace"),
    path("people/views/<int:view_id>/rename", people_acts.rename, name="people_view_rename"),
    path("people/views/<int:view_id>/move", people_acts.move, name="people_view_move"),
    path("people/views/<int:view_id>/delete", people_acts.delete, name="people_view_delete"),
    path("people/views/<int:view_id>/restore", people_acts.restore, name="people_view_restore"),
    path("people/filter", people_pages.filter_fields, name="people_filter"),
    path("people/filter/fields", people_pages.fields_data, name="people_fields"),
    path("people/filter/form", people_pages.filter_form, name="people_filter_form"),
    path("people/filter/apply", people_pages.apply_filter, name="people_filter_apply"),
    path("people/columns", people_pages.apply_columns, name="people_columns"),
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
    path("companies/<path:identifier>", views.one_company, name="company"),
]
