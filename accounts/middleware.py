"""What every request of a person needs: a session that still lasts, the person's time zone and language."""

from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import unquote, urlencode, urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import audit, sessions, zones
from accounts.gates import OutOfScope

GetResponse = Callable[[HttpRequest], HttpResponse]
ZONE_COOKIE = "utkik-zone"


class Audit:
    """Says who is acting while a request is answered, and what comes of it when that cannot be recorded."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.audit_id = uuid4().hex
        with audit.acting(audit.visitor(request)):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = request.audit_id
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """By now the view's transactions have ended, so that what is noted here stays."""
        if isinstance(exception, audit.Unrecorded):
            return render(request, "accounts/unrecorded.html", {"refusal": exception}, status=503)
        if isinstance(exception, OutOfScope):
            subject = audit.Subject(exception.kind, exception.key, f"{request.method} {request.path}")
            audit.note(audit.Action.ACCESS, subject, outcome=audit.Outcome.DENIED)
        return None


class Session:
    """Ends a session that has lasted too long, and keeps what a person saw out of every cache."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if sessions.is_over(request):
                logout(request)
            else:
                sessions.see(request)
        private = request.user.is_authenticated
        response = whole_page(request, self.get_response(request))
        if private and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response


def whole_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """For htmx, a way to the sign-in page that replaces the whole page, not a piece of it."""
    sign_in = resolve_url(settings.LOGIN_URL)
    if request.headers.get("HX-Request") != "true" or response.status_code != 302:
        return response
    if urlsplit(response["Location"]).path != sign_in:
        return response
    shown = request.headers.get("HX-Current-URL", "")
    ours = url_has_allowed_host_and_scheme(shown, {request.get_host()}, require_https=request.is_secure())
    after = f"?{urlencode({'next': shown})}" if ours else ""
    return HttpResponse(headers={"HX-Redirect": f"{sign_in}{after}"})


class Preferences:
    """Shows times in the person's zone and words in the person's language."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        zone = zones.zone(getattr(request.user, "time_zone", "") or unquote(request.COOKIES.get(ZONE_COOKIE, "")))
        language = getattr(request.user, "language", "")
        with ExitStack() as chosen:
            chosen.enter_context(timezone.override(zone or ZoneInfo(settings.TIME_ZONE)))
            if language in dict(settings.LANGUAGES):
                chosen.enter_context(translation.override(language))
            return self.get_response(request)
