"""Settings; everything that differs between environments comes from environment variables.

DB_HOST, DB_USER, DB_PASSWORD and DJANGO_SECRET_KEY are required; DB_PORT (5432), DB_NAME (learning) and
ALLOWED_HOSTS (*, comma-separated) have defaults. VERSION is set by the image.
"""

import os
import sys


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        sys.exit(f"The environment variable {name} is not set: the application needs it to start.")
    return value


VERSION = os.environ.get("VERSION", "v1")
SECRET_KEY = _required("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "*").split(",")
INSTALLED_APPS = ["courses"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "config.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _required("DB_HOST"),
        "PORT": os.environ.get("DB_PORT", "5432"),
        "NAME": os.environ.get("DB_NAME", "learning"),
        "USER": _required("DB_USER"),
        "PASSWORD": _required("DB_PASSWORD"),
        "CONN_MAX_AGE": 60,
        "OPTIONS": {"connect_timeout": 10},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
