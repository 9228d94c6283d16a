"""Signing in and out, one's own account, users, keys, the audit log. What allauth does has its names."""

from allauth.account import views as account
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from onefold.accounts import settings_views, user_views, views


class Base36Converter(StringConverter):
    """A user's number as allauth writes it; what follows it begins with a hyphen."""

    regex = "[0-9A-Za-z]+"


register_converter(Base36Converter, "base36")

urlpatterns = [
    path("signin", views.sign_in, name="account_login"),
    path("signout", views.sign_out, name="account_logout"),
    path("setup/<str:code>", settings_views.set_up, name="set_up"),
    path("invite/<str:token>", user_views.accept, name="accept_invitation"),
    path("people/<str:identifier>/reveal", settings_views.reveal_person, name="reveal"),
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
    path("account/second-factor/", include("allauth.mfa.urls")),
    path("account/single-sign-on/", social.connections, name="socialaccount_connections"),
    path("account/single-sign-on/cancelled", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("account/single-sign-on/refused", social.signup, name="socialaccount_signup"),
    path("oidc/<slug:provider_id>/login/", oidc.login, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", oidc.callback, name="openid_connect_callback"),
]
