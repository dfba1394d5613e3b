"""The project's settings for tests: embedded servers under var/test, and nothing of the developer's environment."""

import os

for name in (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "PUBLIC_URL",
    "ENTRA_CERTIFICATE",
    "ENTRA_CERTIFICATE_NEXT",
    "ENTRA_CLIENT_SECRET_NEXT",
    "ENTRA_CLIENT_SECRET_NEXT_FILE",
    "ENTRA_HOME_TENANT_ID",
    "ENTRA_SIGNIN_CLIENT_ID",
    "ENTRA_SIGNIN_CLIENT_SECRET",
    "SECRET_KEY_FILE",
    "ENTRA_CLIENT_SECRET_FILE",
    "ENTRA_SIGNIN_CLIENT_SECRET_FILE",
    "DATABASE_URL_FILE",
    "DATABASE_WEB_URL",
    "DATABASE_WEB_URL_FILE",
    "DATABASE_OWNER_URL",
    "DATABASE_OWNER_URL_FILE",
    "DATABASE_ROLE",
    "PROVIDER_NAME",
    "PROVIDER_CONTACT",
    "DEBUG",
    "PROXIES",
):
    os.environ.pop(name, None)
os.environ |= {
    "ENV_FILE": os.devnull,
    "STATE_DIR": "var/test",
    # Any port of this host is the same simulated cloud to the database.
    "MICROSOFT_CLOUD_URL": "http://127.0.0.1",
    # Playwright's loop runs in the test's thread, and Django would take it for an asynchronous view.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
}

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES, MIDDLEWARE  # noqa: E402

# Tests make their database and its rows as the owner; each request is the web's.
DATABASES["default"]["ROLE"] = "owner"
MIDDLEWARE = ["tests.walls.web.AsWeb", *MIDDLEWARE]

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
