"""What came of an act, said once: on the next page, or at once where htmx has asked."""

import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.visible import shown
from incidents.triage.asking import Outcome

KEY = "toasts"
MOST_FAILURES = 20
MOST_KEPT = 5


def of(outcome: Outcome, words: str) -> dict[str, Any]:
    """The toast of an outcome: whom it was done to, with the customer, and who refused, with the reason."""
    done, refused = outcome.done, outcome.refused
    if len(done) == 1 and not refused:
        text = f"{named(done[0])}: {words}"
    elif not done and len(refused) == 1:
        text = f"{named(refused[0][0])}: {_('nothing was changed')}"
    else:
        counts = {"done": len(done), "all": len(done) + len(refused), "words": words}
        text = _("%(done)s of %(all)s done: %(words)s") % counts
    failures = [f"{named(item)}: {reason}" for item, reason in refused[:MOST_FAILURES]]
    if len(refused) > MOST_FAILURES:
        failures.append(_("… and %(more)s more") % {"more": len(refused) - MOST_FAILURES})
    undo = str(outcome.batch) if outcome.undoable else ""
    return {"text": text, "failures": failures, "undo": undo, "bad": bool(refused)}


def problem(text: str) -> dict[str, Any]:
    return {"text": text, "failures": [], "undo": "", "bad": True}


def named(item: Any) -> str:
    return f"{shown(item.microsoft_id)[:40]}, {shown(item.customer.name)}"


def answer(request: HttpRequest, toast: dict[str, Any], items: Sequence[Any] = ()) -> HttpResponse:
    """For htmx: the toast, and an event by which the page's parts read anew what has changed."""
    response = render(request, "triage/_toasts.html", {"toasts": [toast], "swapped": True})
    if items:
        event = {"portal:changed": {"ids": [str(item.pk) for item in items[:100]]}}
        response.headers["HX-Trigger"] = json.dumps(event)
    return response


def keep(request: HttpRequest, toast: dict[str, Any]) -> None:
    request.session[KEY] = [*request.session.get(KEY, []), toast][-MOST_KEPT:]


def taken(request: HttpRequest) -> list[dict[str, Any]]:
    """What was kept for the next page, which this is."""
    session = getattr(request, "session", None)
    found: list[dict[str, Any]] = session.pop(KEY, []) if session is not None and KEY in session else []
    return found
