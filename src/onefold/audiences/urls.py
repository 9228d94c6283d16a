"""Addresses of audiences, computed traits and uploaded lists."""

from django.urls import path

from onefold.audiences import builder_views, company_views, ingredient_views, views

urlpatterns = [
    path("audiences", views.audience_list, name="audiences"),
    path("audiences/states", views.states, name="audience_states"),
    path("audiences/computed", ingredient_views.computed_traits, name="computed_traits"),
    path("audiences/computed/remove", ingredient_views.remove_computed, name="remove_computed"),
    path("audiences/lists", ingredient_views.lists, name="audience_lists"),
    path("audiences/lists/preview", ingredient_views.preview_list, name="preview_audience_list"),
    path("audiences/lists/<int:number>/remove", ingredient_views.remove_list, name="remove_audience_list"),
    path("audiences/of/<str:identifier>", ingredient_views.of_person, name="audiences_of_person"),
    path("audiences/of-company/<path:identifier>", company_views.of_company, name="audiences_of_company"),
    path("audiences/new", builder_views.new, name="new_audience"),
    path("audiences/preview", builder_views.estimate, name="preview_audience"),
    path("audiences/suggest", builder_views.suggest, name="suggest_for_audience"),
    path("audiences/sql", builder_views.as_sql, name="sql_of_audience"),
    path("audiences/explain", builder_views.explain_person, name="explain_audience"),
    path("audiences/save", builder_views.save, name="save_audience"),
    path("audiences/<int:number>/edit", builder_views.edit, name="edit_audience"),
    path("audiences/<int:number>", views.members, name="audience"),
    path("audiences/<int:number>/history", views.history, name="audience_history"),
    path("audiences/<int:number>/versions", views.versions, name="audience_versions"),
    path(
        "audiences/<int:number>/versions/<int:version>/restore", views.restore_version, name="restore_audience_version"
    ),
    path("audiences/<int:number>/explain", views.explain_member, name="explain_audience_member"),
    path("audiences/<int:number>/progress", views.progress, name="audience_progress"),
    path("audiences/<int:number>/facts", views.facts, name="audience_facts"),
    path("audiences/<int:number>/start", views.start, name="start_audience"),
    path("audiences/<int:number>/pause", views.pause, name="pause_audience"),
    path("audiences/<int:number>/describe", views.describe, name="describe_audience"),
    path("audiences/<int:number>/remove", views.remove, name="remove_audience"),
    path("audiences/<int:number>/restore", views.restore, name="restore_audience"),
]
