"""Addresses of people and companies."""

from django.urls import path

from onefold.profiles import people_pages, views

urlpatterns = [
    path("people", people_pages.people_list, name="people"),
    path("people/filter", people_pages.filter_fields, name="people_filter"),
    path("people/filter/fields", people_pages.fields_data, name="people_fields"),
    path("people/filter/form", people_pages.filter_form, name="people_filter_form"),
    path("people/filter/apply", people_pages.apply_filter, name="people_filter_apply"),
    path("people/columns", people_pages.apply_columns, name="people_columns"),
    path("people/links", views.decide, name="decide"),
    path("people/<str:identifier>", views.one_person, name="person"),
    path("people/<str:identifier>/events", views.older_events, name="older_events"),
    path("companies/<path:identifier>", views.one_company, name="company"),
]
