"""Addresses of people and companies."""

from django.urls import path

from onefold.profiles import views

urlpatterns = [
    path("people", views.people_list, name="people"),
    path("people/links", views.decide, name="decide"),
    path("people/<str:identifier>", views.one_person, name="person"),
    path("people/<str:identifier>/events", views.older_events, name="older_events"),
    path("companies/<path:identifier>", views.one_company, name="company"),
]
