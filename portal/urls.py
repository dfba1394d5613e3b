from django.urls import include, path

# With it, a task that a page sends finds its broker.
from portal.celery import app as celery_app

__all__ = ["celery_app", "urlpatterns"]

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("tenants.urls")),
    path("", include("incidents.urls")),
]
