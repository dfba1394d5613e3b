"""The Celery application; whoever opens a connection starts the embedded Valkey when no REDIS_URL is set."""

import os
from typing import Any

from celery import Celery
from django.conf import settings

from portal.embedded import valkey

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


class Application(Celery):
    def connection_for_read(self, url: str | None = None, **options: Any) -> Any:
        return super().connection_for_read(url or broker(), **options)

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        return super().connection_for_write(url or broker(), **options)


def broker() -> str:
    """The broker's address; found at the first connection, since a process that sends nothing needs no server."""
    if not settings.REDIS_URL:
        valkey.ensure(settings.STATE_DIR)
    return str(settings.REDIS_URL or valkey.url(settings.STATE_DIR))


app = Application("utkik")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
