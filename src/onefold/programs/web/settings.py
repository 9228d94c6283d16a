"""Django's settings, made from Onefold's."""

import secrets
from typing import Any

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
    "onefold.identity",
    "onefold.profiles",
]
AUTH_USER_MODEL = "accounts.User"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = None  # infra/jobs.py has the app; here it is for its migrations

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "onefold.programs.web.urls"
LOGGING_CONFIG = None  # infra/logs.py
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
