"""How often something may be done: by a person, from an address, under a name.

Counted in the database, so that all web processes count together and no message broker is needed to sign in. Time is
cut into windows; a window begins with the first try in it.
"""

import ipaddress
import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from psycopg.errors import LockNotAvailable, QueryCanceled

from accounts.models import Allowance

View = Callable[..., HttpResponse]
LONGEST_QUERY = 8000

TAKE = """
INSERT INTO accounts_allowance AS kept (key, used, until)
VALUES (%(key)s, 1, statement_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (key) DO UPDATE SET
    used = CASE WHEN kept.until <= statement_timestamp() THEN 1 ELSE kept.used + 1 END,
    until = CASE WHEN kept.until <= statement_timestamp() THEN excluded.until ELSE kept.until END
RETURNING used, ceil(extract(epoch FROM until - statement_timestamp()))::int
"""
# Each new window takes some of the old ones away.
TIDY = """
DELETE FROM accounts_allowance WHERE key IN (
    SELECT key FROM accounts_allowance WHERE until < statement_timestamp() LIMIT 50 FOR UPDATE SKIP LOCKED)
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    """`most` times in so many seconds."""

    name: str
    most: int
    seconds: int

    def key(self, *who: object) -> str:
        """No name and no address is kept: people type passwords into the wrong field."""
        return f"{self.name}:{blake2b(repr(who).encode(), digest_size=16).hexdigest()}"


PAGES = Limit("pages", 300, 60)
EXPORTS = Limit("exports", 10, 60)
# Passwords tried under one name from one address, from one address, and under one name: the last one slows a guesser
# with many addresses down, and with him the real operator, whom `manage.py operator` lets in again at once.
GUESSES = Limit("guesses", 10, 900)
GUESSES_OF_ADDRESS = Limit("guesses-of-address", 50, 900)
GUESSES_OF_NAME = Limit("guesses-of-name", 50, 900)


def take(limit: Limit, *who: object) -> int:
    """Count one more; 0 when it is within the limit, else the seconds until the next window."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"key": limit.key(*who), "seconds": limit.seconds})
        used, left = cursor.fetchone()
        if used == 1:
            cursor.execute(TIDY)
    if used == limit.most + 1:
        log.warning("The limit of %s (%s in %s seconds) was reached.", limit.name, limit.most, limit.seconds)
    return max(1, left) if used > limit.most else 0


def take_sign_in(request: HttpRequest, username: str) -> int:
    """Count a password that is tried; the seconds to wait, 0 when it may be looked at."""
    name, place = username.strip().lower(), address(request)
    limits = ((GUESSES, (name, place)), (GUESSES_OF_ADDRESS, (place,)), (GUESSES_OF_NAME, (name,)))
    # In this order and no further: who is refused here must not use up what others have left.
    return next((wait for limit, who in limits if (wait := take(limit, *who))), 0)


def forget_sign_in(username: str, request: HttpRequest | None = None) -> None:
    """The person has come in, or has a new password: what was tried under the name counts no more."""
    name = username.strip().lower()
    keys = [GUESSES_OF_NAME.key(name)]
    if request is not None:
        keys.append(GUESSES.key(name, address(request)))
    Allowance.objects.filter(key__in=keys).delete()


def address(request: HttpRequest) -> str:
    """Where the request comes from: past as many proxies as there are, and no further than they can be believed."""
    passed = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    told = passed[-settings.PROXIES] if 0 < settings.PROXIES <= len(passed) else ""
    for candidate in (told, request.META.get("REMOTE_ADDR", "")):
        try:
            found = ipaddress.ip_address(candidate)
        except ValueError:
            continue
        # Whoever has one address of IPv6 has a whole network of them.
        return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
    return ""


def limited(limit: Limit) -> Callable[[View], View]:
    """The view has this limit in place of the one for pages."""

    def mark(view: View) -> View:
        view.limit = limit  # type: ignore[attr-defined]
        return view

    return mark


class Limits:
    """Refuses a person who asks too often, a query that is too long, and what the database takes too long for."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if len(request.META.get("QUERY_STRING", "")) > LONGEST_QUERY:
            return render(request, "414.html", status=414)
        if request.user.is_authenticated and (wait := take(limit_of(request), request.user.pk)):
            return too_many(request, wait)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError) and isinstance(error.__cause__, (QueryCanceled, LockNotAvailable)):
            log.warning("The database took too long for %s.", request.path)
            return render(request, "503.html", status=503)
        return None


def limit_of(request: HttpRequest) -> Limit:
    """Asked before the view runs, so that no transaction of its own holds the count."""
    try:
        view: Any = resolve(request.path_info).func
    except Resolver404:
        return PAGES
    found: Limit = getattr(view, "limit", PAGES)
    return found


def too_many(request: HttpRequest, wait: int) -> HttpResponse:
    answer = render(request, "429.html", {"wait": wait}, status=429)
    answer.headers["Retry-After"] = str(wait)
    return answer
