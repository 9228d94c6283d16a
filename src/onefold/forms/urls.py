"""Addresses of forms."""

from django.urls import path

from onefold.forms import submission_views, views

urlpatterns = [
    path("forms", views.form_list, name="forms"),
    path("forms/new", views.new_form, name="new_form"),
    path("forms/draw.js", views.drawing, name="form_drawing"),
    path("forms/<int:number>", views.builder, name="form"),
    path("forms/<int:number>/draft", views.save, name="save_form"),
    path("forms/<int:number>/undo", views.undo, name="undo_form"),
    path("forms/<int:number>/publish", views.publish, name="publish_form"),
    path("forms/<int:number>/archive", views.archive, name="archive_form"),
    path("forms/<int:number>/restore", views.restore, name="restore_form"),
    path("forms/<int:number>/versions/<int:version>/take", views.take_version, name="take_form_version"),
    path("forms/<int:number>/embed", views.embed, name="embed_form"),
    path("forms/<int:number>/submissions", submission_views.submission_list, name="form_submissions"),
    path("forms/<int:number>/submissions/<uuid:submission>/let-in", submission_views.let_in, name="let_in"),
    path("forms/<int:number>/submissions/<uuid:submission>/discard", submission_views.discard, name="discard"),
]
