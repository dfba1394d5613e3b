import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.gates import administrators
from incidents import details, gaps, health, merges, queries
from incidents import filters as address
from incidents.models import Alert, Incident
from incidents.timeline import timeline
from incidents.triage import marks
from tenants import access
from tenants.models import CredentialStatus

LONGEST_PRETTY = 200_000


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    filters = address.from_address(request.GET)
    context = listing(request, filters) | {"page": queries.queue(request.user, filters), "active": "queue"}
    return render(request, partial(request, "incidents/queue.html"), context)


@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    filters = address.from_address(request.GET)
    context = listing(request, filters) | {"page": queries.alerts_alone(request.user, filters), "alone": True}
    return render(request, partial(request, "incidents/queue.html"), context | {"active": "queue"})


def listing(request: HttpRequest, filters: address.Filters) -> dict[str, Any]:
    return {
        "filters": filters,
        "overview": queries.overview(request.user),
        "customers": queries.customers(request.user),
        "views": address.VIEWS,
        "severities": Incident.Severity.choices,
        "statuses": Incident.Status.choices,
        "next": filters.query(after=""),
    }


def partial(request: HttpRequest, template: str) -> str:
    """A page that is asked for by htmx gets its list only: the same view, another template."""
    return "incidents/_list.html" if getattr(request, "htmx", None) and request.htmx.target == "results" else template


@require_safe
def incident(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One incident; the address of a merged one leads to its survivor, with ?merged=1 it shows the link itself."""
    found = access.get(Incident.objects.select_related("customer", "tenant", "survivor"), request.user, pk=pk)
    if found.survivor and "merged" not in request.GET:
        return redirect(f"{found.survivor.get_absolute_url()}?from={found.pk}")
    listed, merged = queries.alerts_of(found), list(merges.merged_from(found))
    marks.attach([found, *listed])
    context = {
        "incident": found,
        "alerts": listed,
        "evidence": queries.evidence_by_kind(listed),
        "survivor": queries.survivor(found),
        "merged": merged,
        "arriving_until": details.arriving_until(found),
        "came_from": next((one for one in merged if str(one.pk) == request.GET.get("from")), None),
        "timeline": timeline(found, listed, queries.changes(found, listed)),
        "raw": pretty(found.raw),
        "active": "queue",
    }
    return render(request, "incidents/incident.html", context)


@require_safe
def alert(request: HttpRequest, pk: UUID) -> HttpResponse:
    rows = Alert.objects.select_related("customer", "tenant", "incident").prefetch_related(queries.EVIDENCE)
    found = access.get(rows, request.user, pk=pk)
    context = {
        "incident": found,
        "alerts": [found],
        "timeline": timeline(found, [found], queries.changes(found, [found])),
        "evidence": queries.evidence_by_kind([found]),
        "raw": pretty(found.raw),
        "alone": True,
        "active": "queue",
    }
    return render(request, "incidents/incident.html", context)


@require_safe
@administrators
def sync(request: HttpRequest) -> HttpResponse:
    items = [(item, pretty(item.raw)) for item in queries.set_aside(request.user)]
    rows = health.rows(request.user)
    context = {"rows": rows, "outage": health.outage(), "set_aside": items, "active": "sync"}
    context["gaps"] = gaps.shown(request.user)[:200]
    context["credentials"] = CredentialStatus.objects.order_by("setting")
    return render(request, "incidents/sync.html", context)


def pretty(raw: bytes | memoryview) -> str:
    """The JSON as a person reads it; what cannot be parsed or is very long stays as it was received."""
    text = bytes(raw).decode(errors="replace")
    if len(text) > LONGEST_PRETTY:
        return text
    try:
        shown = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text
    return shown.encode("utf-8", "replace").decode()
