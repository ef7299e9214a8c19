"""Settings; everything that differs between environments comes from environment variables.

DB_HOST, DB_USER, DB_PASSWORD and DJANGO_SECRET_KEY are required; DB_PORT (5432), DB_NAME (learning),
ALLOWED_HOSTS (*, comma-separated) and DEBUG (0) have defaults. VERSION is set by the image.
"""

import os
import socket
import sys


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        sys.exit(f"The environment variable {name} is not set: the application needs it to start.")
    return value


def _hosts(given: str) -> list[str]:
    """`*.example.com` is what Django writes `.example.com`. A load balancer's health check names the task by its address."""
    names = [each if each == "*" else each.removeprefix("*") for each in given.split(",")]
    try:
        return [*names, socket.gethostbyname(socket.gethostname())]
    except OSError:
        return names


VERSION = os.environ.get("VERSION", "v1")
DEBUG = os.environ.get("DEBUG") == "1"
SECRET_KEY = _required("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = _hosts(os.environ.get("ALLOWED_HOSTS", "*"))
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
