"""Sessions: how one begins, and how long it lasts."""

import time

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest

from accounts import audit, backends
from accounts.models import User

IDLE_SECONDS = 8 * 3600
LONGEST_SECONDS = 12 * 3600
# Being seen is written down no more often than this, so that reading a page does not mean writing a session.
SEEN_EVERY_SECONDS = 60
SIGNED_IN, SEEN = "signed_in_at", "seen_at"


def begin(request: HttpRequest, user: User) -> None:
    """The person is signed in; the key of the session changes, so that nobody has known it before.

    Raises audit.Unrecorded, and then nobody is.
    """
    with transaction.atomic():
        audit.record(
            audit.Action.SIGN_IN, audit.person(user), customer_id=backends.customer_id(user),
            after={"role": user.role}, by=audit.visitor(request, user),
        )  # fmt: skip
        login(request, user)
        # login() itself leaves the key when the same person signs in again.
        request.session.cycle_key()
    request.session[SIGNED_IN] = request.session[SEEN] = int(time.time())


def is_over(request: HttpRequest) -> bool:
    """Whether the session has lasted too long, in all or unused; a session that began elsewhere begins here."""
    now, session = int(time.time()), request.session
    session.setdefault(SIGNED_IN, now)
    session.setdefault(SEEN, now)
    return now - session[SIGNED_IN] > LONGEST_SECONDS or now - session[SEEN] > IDLE_SECONDS


def see(request: HttpRequest) -> None:
    """Note that the person is there; what a page asks for again and again by itself is not the person."""
    now = int(time.time())
    by_itself = request.method == "GET" and request.headers.get("HX-Request") == "true"
    if not by_itself and now - request.session[SEEN] > SEEN_EVERY_SECONDS:
        request.session[SEEN] = now
