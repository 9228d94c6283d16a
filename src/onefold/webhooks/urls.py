"""Addresses of webhooks."""

from django.urls import path

from onefold.webhooks import views

_ONE = "settings/webhooks/<int:number>"
urlpatterns = [
    path("settings/webhooks", views.all_endpoints, name="webhooks"),
    path(_ONE, views.endpoint, name="webhook"),
    path(f"{_ONE}/test", views.test, name="test_webhook"),
    path(f"{_ONE}/pause", views.pause, name="pause_webhook"),
    path(f"{_ONE}/resume", views.resume, name="resume_webhook"),
    path(f"{_ONE}/secret", views.rotate, name="rotate_webhook"),
    path(f"{_ONE}/remove", views.remove, name="remove_webhook"),
    path(f"{_ONE}/deliveries/<int:delivery>/again", views.again, name="redeliver_webhook"),
]
