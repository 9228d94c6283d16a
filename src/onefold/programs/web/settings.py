"""Django's settings, made from Onefold's."""

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_htmx
from django.contrib.messages import constants as messages
from django.utils.functional import lazy
from psycopg.conninfo import conninfo_to_dict

from onefold.config import Settings, load_settings
from onefold.infra.home import make_folder
from onefold.infra.kept import kept_text

ONEFOLD = load_settings()


def database(settings: Settings) -> dict[str, Any]:
    """Django's form of the database address; without one (the embedded server isn't started yet) it names none."""
    url = settings.database.url
    parts: dict[str, Any] = conninfo_to_dict(url.reveal()) if url else {}
    parts.setdefault("application_name", "onefold web")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", "onefold"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        "OPTIONS": parts,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def oidc_apps(settings: Settings) -> list[dict[str, Any]]:
    """The provider, as allauth wants to know it; none without an issuer."""
    oidc = settings.oidc
    if not oidc.server_url:
        return []
    return [
        {
            "provider_id": "sso",
            "name": oidc.name,
            "client_id": oidc.client_id,
            "secret": oidc.client_secret.reveal() if oidc.client_secret else "",
            "settings": {"server_url": oidc.server_url},
        }
    ]


def provider_apps(settings: Settings) -> list[str]:
    """What is loaded for the sake of a provider: megabytes, so none without one."""
    return ["allauth.socialaccount.providers.openid_connect"] if oidc_apps(settings) else []


def secret_key() -> str:
    """The key that signs sessions: the given one, else one made at the first use and kept in the data folder."""
    if ONEFOLD.web.secret_key:
        return ONEFOLD.web.secret_key.reveal()
    make_folder(ONEFOLD.database.data_dir)
    return kept_text(ONEFOLD.database.data_dir / "secret_key", secrets.token_urlsafe(48))


SECRET_KEY = lazy(secret_key, str)()  # importing this module writes no file
DEBUG = False
ALLOWED_HOSTS = list(ONEFOLD.web.allowed_hosts)
DATABASES = {"default": database(ONEFOLD)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "onefold.accounts",  # its templates come before allauth's
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    *provider_apps(ONEFOLD),
    "axes",
    "onefold.lake",
    "onefold.events",
    "onefold.notifications",
    "onefold.webhooks",
    "onefold.lists",
    "onefold.identity",
    "onefold.profiles",
    "onefold.privacy",
    "onefold.crm",
    "onefold.insights",
    "onefold.audiences",
    "onefold.forms",
]
AUTH_USER_MODEL = "accounts.User"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = None  # infra/jobs.py has the app; here it is for its migrations

MIDDLEWARE = [
    "onefold.programs.web.middleware.SafeHeaders",  # outermost: error pages and static files get them too
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",  # the browser's language, until we know the user's
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "onefold.accounts.middleware.Preferences",
    "onefold.accounts.middleware.PersonalData",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",  # answers who is locked out
    "django_htmx.middleware.HtmxMiddleware",
    "onefold.programs.web.middleware.Faults",
]
ROOT_URLCONF = "onefold.programs.web.urls"
WSGI_APPLICATION = "onefold.programs.web.wsgi.application"
HERE = Path(__file__).parent
LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            # as the app of template_partials would have it, which loads Django's admin to say so
            "loaders": [("template_partials.loader.Loader", [("django.template.loaders.cached.Loader", LOADERS)])],
            "libraries": {"partials": "template_partials.templatetags.partials"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "onefold.programs.web.context.shell",
                "onefold.accounts.context.account",
            ],
            "builtins": [f"onefold.programs.web.templatetags.{name}" for name in ("display", "amounts")],
        },
    }
]

LOGGING_CONFIG = None  # infra/logs.py
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("ro", "Română")]
LOCALE_PATHS = [HERE.parents[1] / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# Few small files, found where they lie: no collecting step between installing and running. Answered with 304 mostly.
STATIC_URL = "/static/"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
STATICFILES_DIRS = [HERE / "static", ("django_htmx", Path(django_htmx.__file__).parent / "static" / "django_htmx")]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

LOGIN_URL = "/signin"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: who is locked out is not even looked at
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "onefold.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "onefold.accounts.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]  # nobody signs up; allauth compares them with the above
ACCOUNT_EMAIL_VERIFICATION = "none"  # an address is what an administrator invited
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Onefold: "
# beside the lock-out by name and address: bounds what many addresses together may try, and codes of the second factor
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "100/m/ip,20/5m/key"}

MFA_ADAPTER = "onefold.accounts.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Onefold"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # browsers offer keys on https and on localhost only
MFA_PASSKEY_LOGIN_ENABLED = False

SOCIALACCOUNT_ADAPTER = "onefold.accounts.adapters.OidcAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form would be stopped by form-action when it is led on to the provider
SOCIALACCOUNT_EMAIL_AUTHENTICATION = (
    True  # whom an administrator invited is known by the address the provider vouches for
)
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = "oidc"
OIDC_NEW_USERS = ONEFOLD.oidc.new_users
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": oidc_apps(ONEFOLD)}}

AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=5)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_USERNAME_CALLABLE = "onefold.accounts.lockout.typed_name"
AXES_CLIENT_IP_CALLABLE = "onefold.accounts.access.address_of"
AXES_LOCKOUT_CALLABLE = "onefold.accounts.lockout.locked_out"

EMAIL_HOST = ONEFOLD.mail.host
EMAIL_PORT = ONEFOLD.mail.port
EMAIL_HOST_USER = ONEFOLD.mail.username
EMAIL_HOST_PASSWORD = ONEFOLD.mail.password.reveal() if ONEFOLD.mail.password else ""
EMAIL_USE_TLS = ONEFOLD.mail.security == "starttls"
EMAIL_USE_SSL = ONEFOLD.mail.security == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ONEFOLD.mail.sender

# `Secure` is set by SafeHeaders when the request came by https: plain http on the own machine must work as well.
PROXY_COUNT = ONEFOLD.web.proxy_count
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_NAME = "onefold_session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "onefold_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "onefold.programs.web.faults.csrf_failure"
MESSAGE_TAGS = {messages.SUCCESS: "ok", messages.WARNING: "warn", messages.ERROR: "bad"}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
APPEND_SLASH = False
