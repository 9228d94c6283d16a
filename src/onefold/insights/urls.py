"""Addresses of questions by SQL."""

from django.urls import path

from onefold.insights import views

urlpatterns = [
    path("sql", views.new_query, name="sql"),
    path("sql/run", views.run, name="sql_run"),
    path("sql/download", views.download, name="sql_download"),
    path("sql/runs/<uuid:run_id>", views.past_run, name="sql_past_run"),
    path("sql/runs/<uuid:run_id>/cancel", views.cancel, name="sql_cancel"),
    path("sql/queries", views.save, name="sql_save"),
    path("sql/queries/<int:query_id>", views.saved_query, name="sql_query"),
    path("sql/queries/<int:query_id>/change", views.change, name="sql_change"),
    path("sql/queries/<int:query_id>/delete", views.delete, name="sql_delete"),
    path("sql/queries/<int:query_id>/restore", views.restore, name="sql_restore"),
]
