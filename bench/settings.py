"""The bench's settings: embedded servers under var/bench, and nothing of the developer's environment."""

import os

from bench.cloud import CLIENT_ID

INTERVAL = 30  # seconds, for quiet customers too

for name in (
    "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENTRA_CERTIFICATE", "ENTRA_HOME_TENANT_ID", "ENTRA_SIGNIN_CLIENT_ID",
    "ENTRA_SIGNIN_CLIENT_SECRET", "SECRET_KEY_FILE", "ENTRA_CLIENT_SECRET_FILE", "ENTRA_SIGNIN_CLIENT_SECRET_FILE",
    "DATABASE_URL_FILE", "DATABASE_WEB_URL", "DATABASE_WEB_URL_FILE", "DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE",
    "DATABASE_ROLE", "ENTRA_CERTIFICATE_NEXT", "ENTRA_CLIENT_SECRET_NEXT", "ENTRA_CLIENT_SECRET_NEXT_FILE",
    "PROVIDER_NAME", "PROVIDER_CONTACT", "DEBUG",
):  # fmt: skip
    os.environ.pop(name, None)
os.environ |= {
    "ENV_FILE": os.devnull,
    "STATE_DIR": "var/bench",
    "PUBLIC_URL": "http://localhost:8099",
    # Any port of this host is the same simulated cloud to the database.
    "MICROSOFT_CLOUD_URL": "http://127.0.0.1",
    "ENTRA_CLIENT_ID": CLIENT_ID,
    "ENTRA_CLIENT_SECRET": "bench",
    # The bench is about our own speed, so the customer's budget must not be what ends it.
    "GRAPH_REQUESTS_PER_MINUTE": "1000000",
    "SYNC_INTERVAL_SECONDS": str(INTERVAL),
    "SYNC_QUIET_SECONDS": str(INTERVAL),
}

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES  # noqa: E402

# Between rounds it empties the tables, which the worker it measures may not.
DATABASES["default"]["ROLE"] = "owner"

INSTALLED_APPS += ["bench"]  # noqa: F405
