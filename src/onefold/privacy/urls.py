"""Addresses of consent, erasure and purposes."""

from django.urls import path

from onefold.privacy import views

urlpatterns = [
    path("people/<str:identifier>/consent", views.consent, name="consent"),
    path("people/<str:identifier>/consent/ledger", views.ledger, name="consent_ledger"),
    path("people/<str:identifier>/consent/undo/<uuid:statement>", views.undo, name="undo_consent"),
    path("privacy", views.overview, name="privacy"),
    path("privacy/erase", views.erase, name="erase"),
    path("privacy/release", views.release, name="release"),
    path("privacy/requests/<int:request_id>", views.one_request, name="privacy_request"),
    path("privacy/requests/<int:request_id>/again", views.again, name="privacy_request_again"),
    path("privacy/purposes", views.purposes, name="purposes"),
    path("privacy/categories", views.category, name="consent_category"),
    path("privacy/purposes/<slug:slug>/remove", views.remove, name="remove_purpose"),
]
