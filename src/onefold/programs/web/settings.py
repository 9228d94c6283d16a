"""Django's settings, made from Onefold's."""

import secrets
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
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "procrastinate.contrib.django",
    "onefold.accounts",
    "onefold.events",
    "onefold.notifications",
    "onefold.identity",
    "onefold.profiles",
    "onefold.privacy",
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
    "django_htmx.middleware.HtmxMiddleware",
    "onefold.programs.web.middleware.Faults",
]
ROOT_URLCONF = "onefold.programs.web.urls"
WSGI_APPLICATION = "onefold.programs.web.wsgi.application"
HERE = Path(__file__).parent
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "onefold.programs.web.context.shell",
            ],
            "builtins": ["onefold.programs.web.templatetags.display"],
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
