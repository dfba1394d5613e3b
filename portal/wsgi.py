import logging
import os

from django.core.wsgi import get_wsgi_application
from django.db import connections

from portal import checks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()
# What takes a page longer is a fault; workers and commands may take their time.
connections.settings["default"].setdefault("OPTIONS", {})["options"] = (
    "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
)
if warning := checks.warning():
    logging.getLogger(__name__).warning(warning)
