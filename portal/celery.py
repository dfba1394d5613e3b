"""The Celery application; whoever opens a connection starts the embedded Valkey when no REDIS_URL is set."""

import os
from typing import Any

from celery import Celery
from django.conf import settings

from portal.embedded import valkey

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


class Application(Celery):
    def connection_for_read(self, *args: Any, **options: Any) -> Any:
        ensure_broker()
        return super().connection_for_read(*args, **options)

    def connection_for_write(self, *args: Any, **options: Any) -> Any:
        ensure_broker()
        return super().connection_for_write(*args, **options)


def ensure_broker() -> None:
    if not settings.REDIS_URL:
        valkey.ensure(settings.STATE_DIR)


app = Application("utkik")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.broker_url = settings.REDIS_URL or valkey.url(settings.STATE_DIR)
app.autodiscover_tasks()
