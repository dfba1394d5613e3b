"""Whether Utkik does its work: asked by load balancers, container runtimes and monitoring."""

from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from incidents import health
from tenants import scope

Answer = Callable[[HttpRequest], HttpResponse]


class HealthMiddleware:
    """Answers before all else: who asks uses an address for a host, no https and no session.

    /healthz is for monitoring and tells of the sync engine too; /healthz/web is for whoever would take the web away
    or start it anew, which helps no engine and would hide from analysts what it has read.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in ("/healthz", "/healthz/web") and request.method in ("GET", "HEAD"):
            return answer(with_engine=request.path == "/healthz")
        return self.get_response(request)


def answer(*, with_engine: bool) -> HttpResponse:
    """200 when all is well, else 503 with one word; it tells nothing more, since anybody may ask."""
    try:
        word = "sync" if with_engine and not is_engine_alive() else "ok"
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, ImproperlyConfigured):
        word = "database"
    return HttpResponse(f"{word}\n", status=200 if word == "ok" else 503, content_type="text/plain")


def is_engine_alive() -> bool:
    with scope.everybody():
        return health.is_alive()
