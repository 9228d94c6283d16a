"""Signing in and out."""

from django.urls import path

from onefold.accounts import views

urlpatterns = [
    path("signin", views.sign_in, name="sign_in"),
    path("signout", views.sign_out, name="sign_out"),
]
