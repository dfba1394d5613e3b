import logging
import os
from contextlib import suppress

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, connection

from portal import checks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# Whoever starts it by hand: it never comes to the database as one who sees all.
os.environ.setdefault("DATABASE_ROLE", "web")
application = get_wsgi_application()
# What takes a page longer is a fault; workers and commands may take their time.
connection.settings_dict["OPTIONS"]["options"] = (
    "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
)
if settings.DATABASE_ROLE != "web":
    raise ImproperlyConfigured(f"DATABASE_ROLE is {settings.DATABASE_ROLE}: the web works as web alone.")
if settings.DATABASE_URL:
    # A role that could go around the walls is refused now, not at the first request; one that sleeps may come later.
    with suppress(DatabaseError):
        connection.ensure_connection()
    connection.close()
if warning := checks.warning():
    logging.getLogger(__name__).warning(warning)
