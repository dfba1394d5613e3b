from django.apps import AppConfig

# With it, a task that a page sends finds its broker.
from portal.celery import app as celery_app

__all__ = ["PortalConfig", "celery_app"]


class PortalConfig(AppConfig):
    name = "portal"
