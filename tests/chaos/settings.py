"""The product's settings for the chaos: a short lease and interval, and connections that tell their process."""

import os

os.environ |= {"ENV_FILE": os.devnull, "STATE_DIR": "var/chaos", "DJANGO_SETTINGS_MODULE": "tests.chaos.settings"}
for name in (
    "DATABASE_URL", "DATABASE_WEB_URL", "DATABASE_OWNER_URL", "DATABASE_ROLE", "REDIS_URL", "ENTRA_CERTIFICATE",
    "ENTRA_CERTIFICATE_NEXT", "ENTRA_CLIENT_SECRET_NEXT", "ENTRA_SIGNIN_CLIENT_ID", "ENTRA_SIGNIN_CLIENT_SECRET",
):  # fmt: skip
    os.environ.pop(name, None)
# Any port of this host is the same simulated cloud to the database.
os.environ.setdefault("MICROSOFT_CLOUD_URL", "http://127.0.0.1")
os.environ.setdefault("SYNC_LEASE_SECONDS", "8")
os.environ.setdefault("SYNC_INTERVAL_SECONDS", "5")
os.environ.setdefault("SYNC_QUIET_SECONDS", "5")
# A little below what the simulated cloud allows.
os.environ.setdefault("GRAPH_REQUESTS_PER_MINUTE", "140")

from portal.settings import *  # noqa: E402, F403

INSTALLED_APPS += ["tests.chaos"]  # noqa: F405
