"""Addresses of notifications."""

from django.urls import path

from onefold.notifications import views

urlpatterns = [
    path("notifications", views.notifications, name="notifications"),
    path("notifications/bell", views.bell, name="notifications_bell"),
    path("notifications/seen", views.see, name="notifications_seen"),
    path("notifications/unseen", views.unsee, name="notifications_unseen"),
]
