"""Signing in and out, one's own account, users, keys, the audit log. What allauth does has its names."""

from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, include, path, register_converter
from django.urls.converters import StringConverter
from django.utils.module_loading import import_string

from onefold.accounts import settings_views, user_views, views


class Base36Converter(StringConverter):
    """A user's number as allauth writes it; what follows it begins with a hyphen."""

    regex = "[0-9A-Za-z]+"


register_converter(Base36Converter, "base36")


def later(view: str) -> Callable[..., HttpResponseBase]:
    """allauth's view of this name, imported when somebody asks for it: what it stands on takes megabytes."""

    def answer(request: HttpRequest, **parameters: Any) -> HttpResponseBase:  # noqa: ANN401 the route's
        found: HttpResponseBase = import_string(f"allauth.{view}")(request, **parameters)
        return found

    answer.__module__ = f"allauth.{view.rpartition('.')[0]}"
    return answer


OIDC = "socialaccount.providers.openid_connect.views"
second_factor: list[URLPattern] = [
    path("", later("mfa.base.views.index"), name="mfa_index"),
    path("authenticate/", later("mfa.base.views.authenticate"), name="mfa_authenticate"),
    path("reauthenticate/", later("mfa.base.views.reauthenticate"), name="mfa_reauthenticate"),
    path("totp/activate/", later("mfa.totp.views.activate_totp"), name="mfa_activate_totp"),
    path("totp/deactivate/", later("mfa.totp.views.deactivate_totp"), name="mfa_deactivate_totp"),
    path("recovery-codes/", later("mfa.recovery_codes.views.view_recovery_codes"), name="mfa_view_recovery_codes"),
    path(
        "recovery-codes/generate/",
        later("mfa.recovery_codes.views.generate_recovery_codes"),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "recovery-codes/download/",
        later("mfa.recovery_codes.views.download_recovery_codes"),
        name="mfa_download_recovery_codes",
    ),
    path("webauthn/", later("mfa.webauthn.views.list_webauthn"), name="mfa_list_webauthn"),
    path("webauthn/add/", later("mfa.webauthn.views.add_webauthn"), name="mfa_add_webauthn"),
    path(
        "webauthn/reauthenticate/",
        later("mfa.webauthn.views.reauthenticate_webauthn"),
        name="mfa_reauthenticate_webauthn",
    ),
    path("webauthn/keys/<int:pk>/remove/", later("mfa.webauthn.views.remove_webauthn"), name="mfa_remove_webauthn"),
    path("webauthn/keys/<int:pk>/edit/", later("mfa.webauthn.views.edit_webauthn"), name="mfa_edit_webauthn"),
]

urlpatterns = [
    path("signin", views.sign_in, name="account_login"),
    path("signout", views.sign_out, name="account_logout"),
    path("setup/<str:code>", settings_views.set_up, name="set_up"),
    path("invite/<str:token>", user_views.accept, name="accept_invitation"),
    path("people/<str:identifier>/reveal", settings_views.reveal_person, name="reveal"),
    path("settings", settings_views.settings, name="settings"),
    path("settings/me", settings_views.me, name="me"),
    path("settings/theme", settings_views.switch_theme, name="switch_theme"),
    path("settings/keys", settings_views.my_keys, name="my_keys"),
    path("settings/keys/<int:key_id>/end", settings_views.end_key, name="end_api_key"),
    path("settings/users", user_views.users, name="users"),
    path("settings/users/invite", user_views.invite, name="invite_user"),
    path("settings/users/<int:user_id>", user_views.one_user, name="one_user"),
    path("settings/users/<int:user_id>/link", user_views.new_link, name="new_link"),
    path("settings/users/<int:user_id>/switch", user_views.switch_user, name="switch_user"),
    path("settings/users/<int:user_id>/signout", user_views.sign_user_out, name="sign_user_out"),
    path("settings/workspace", settings_views.workspace_page, name="workspace"),
    path("settings/audit", settings_views.audit_log, name="audit_log"),
    path("account/closed", account.signup, name="account_signup"),
    path("account/inactive", account.account_inactive, name="account_inactive"),
    path("account/confirm", account.reauthenticate, name="account_reauthenticate"),
    path("account/password", account.password_change, name="account_change_password"),
    path("account/password/first", account.password_set, name="account_set_password"),
    path("account/password/forgotten", account.password_reset, name="account_reset_password"),
    path("account/password/sent", account.password_reset_done, name="account_reset_password_done"),
    path(
        "account/password/new/<base36:uidb36>-<str:key>/",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("account/password/changed", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("account/second-factor/", include(second_factor)),
    path("account/single-sign-on/", later("socialaccount.views.connections"), name="socialaccount_connections"),
    path(
        "account/single-sign-on/cancelled",
        later("socialaccount.views.login_cancelled"),
        name="socialaccount_login_cancelled",
    ),
    path("account/single-sign-on/refused", later("socialaccount.views.signup"), name="socialaccount_signup"),
    path("oidc/<slug:provider_id>/login/", later(f"{OIDC}.login"), name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", later(f"{OIDC}.callback"), name="openid_connect_callback"),
]
