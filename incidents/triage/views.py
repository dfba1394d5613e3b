"""Where acts arrive, whether one item was ticked or a whole list, and where a person answers for what is stuck."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.gates import triagers
from incidents import tasks
from incidents.models import Alert, Edit, Incident
from incidents.triage import acts, asking, chosen, forms, marks, toasts, undoing
from incidents.triage.asking import Outcome, Refused
from tenants import access

# The fields of the form that a page of confirmation asks for once more.
REPEATED = ("csrfmiddlewaretoken", "confirmed", "expected")
LISTED = 25


@require_POST
@triagers
def bulk(request: HttpRequest) -> HttpResponse:
    """Do one act to what is chosen; what is many is confirmed first."""
    try:
        act = forms.act(request.user, request.POST)
        found = chosen.chosen(request.user, request.POST)
    except Refused as refused:
        return back(request, toasts.problem(str(refused)))
    if found.needs_confirming and request.POST.get("confirmed") != str(len(found.keys)):
        return confirm(request, act, found)
    outcome = act.perform(asking.locked(request.user, found.model, found.keys))
    if not outcome.done and not outcome.refused:
        return back(request, toasts.problem(_("Nothing is selected.")))
    return ended(request, outcome, act.done)


def confirm(request: HttpRequest, act: acts.Act, found: chosen.Chosen) -> HttpResponse:
    """How many it would be, and the first of them; the number is asked for again if it has changed by then."""
    rows = found.model.objects.visible_to(request.user).filter(pk__in=found.keys).select_related("customer")
    page = {
        "count": len(found.keys),
        "words": act.done,
        "rows": rows.order_by("customer__name", "pk")[:LISTED],
        "more": max(len(found.keys) - LISTED, 0),
        "given": [(name, one) for name, all_of in request.POST.lists() if name not in REPEATED for one in all_of],
        "after": after(request),
        "active": "queue",
    }
    response = render(request, "triage/confirm.html", page)
    if getattr(request, "htmx", None):
        # The whole page is another one now.
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "body", "innerHTML"
    return response


def ended(request: HttpRequest, outcome: Outcome, words: str) -> HttpResponse:
    if outcome.edits:
        tasks.wake_for_edits_on_commit()
    return back(request, toasts.of(outcome, words), outcome.done)


def back(request: HttpRequest, toast: dict[str, Any], items: Any = ()) -> HttpResponse:
    """To where the person was, with what came of it."""
    if getattr(request, "htmx", None) and not request.htmx.boosted and "confirmed" not in request.POST:
        return toasts.answer(request, toast, items)
    toasts.keep(request, toast)
    return redirect(after(request))


def after(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, None)
    return address if ours and len(address) < 4000 else "/"


@require_POST
@triagers
def claim_next(request: HttpRequest) -> HttpResponse:
    found = chosen.next_one(request.user)
    if found is None:
        return back(request, toasts.problem(_("Nothing is waiting that nobody has.")))
    act = acts.Assign(request.user, request.user)
    outcome = act.perform([found])
    tasks.wake_for_edits_on_commit()
    toasts.keep(request, toasts.of(outcome, act.done))
    if getattr(request, "htmx", None):
        return HttpResponse(headers={"HX-Redirect": found.get_absolute_url()})
    return redirect(found)


@require_POST
@triagers
def undo(request: HttpRequest, batch: UUID) -> HttpResponse:
    outcome = undoing.undo(request.user, batch)
    if not outcome.done and not outcome.refused:
        return back(request, toasts.problem(_("There is nothing left to undo.")))
    shown = toasts.of(outcome, _("undone")) | {"undo": ""}
    if outcome.edits:
        tasks.wake_for_edits_on_commit()
    return back(request, shown, outcome.done)


@require_http_methods(["GET", "HEAD", "POST"])
@triagers
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Both sides of an edit that is stuck, and the choice between them."""
    found = access.get(Edit.objects.select_related("customer", "tenant", "incident", "alert"), request.user, pk=pk)
    if request.method == "POST":
        return settle(request, found)
    page = {"edit": found, "item": found.item, "sides": list(marks.sides(found)), "active": "queue"}
    return render(request, "triage/edit.html", page)


def settle(request: HttpRequest, found: Edit) -> HttpResponse:
    choice = request.POST.get("choice", "")
    try:
        outcome = undoing.choose(request.user, found.pk, choice)
    except Refused as refused:
        toast = toasts.problem(str(refused))
    else:
        words = _("left as it is at Microsoft") if choice == "theirs" else _("asked for again")
        toast = toasts.of(outcome, words) | {"undo": ""}
        tasks.wake_for_edits_on_commit()
    if getattr(request, "htmx", None):
        return toasts.answer(request, toast, [found.item])
    toasts.keep(request, toast)
    return redirect(found.item.get_absolute_url())


@require_safe
@triagers
def item_marks(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The marks of an incident or alert; once nothing is pending any more, its page reads itself anew."""
    model = Alert if request.GET.get("kind") == "alerts" else Incident
    item = access.get(model.objects.select_related("customer").defer("raw"), request.user, pk=pk)
    response = render(request, "triage/_pending.html", marks.shown_to(request.user, item))
    if not any(one.is_pending for one in item.marks):
        response.headers["HX-Trigger"] = "portal:changed"
    return response
