import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from defender.shapes import Comment, moment, reading
from incidents import filters as address
from incidents import health, queries
from incidents.models import Alert, Incident
from tenants import access

LONGEST_PRETTY = 200_000
LATEST = datetime.max.replace(tzinfo=UTC)


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
    found = access.get(Incident.objects.select_related("customer", "tenant"), request.user, pk=pk)
    listed = queries.alerts_of(found)
    context = {
        "incident": found,
        "alerts": listed,
        "evidence": queries.evidence_by_kind(listed),
        "survivor": queries.survivor(found),
        "timeline": timeline(found, listed),
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
        "timeline": timeline(found, [found]),
        "evidence": queries.evidence_by_kind([found]),
        "raw": pretty(found.raw),
        "alone": True,
        "active": "queue",
    }
    return render(request, "incidents/incident.html", context)


@require_safe
def sync(request: HttpRequest) -> HttpResponse:
    if not request.user.is_administrator:
        raise Http404
    items = [(item, pretty(item.raw)) for item in queries.set_aside(request.user)]
    rows = health.rows(request.user)
    context = {"rows": rows, "outage": health.outage(), "set_aside": items, "active": "sync"}
    return render(request, "incidents/sync.html", context)


@dataclass(frozen=True)
class Entry:
    """A moment of the timeline: an alert, a comment or, with neither, a word about the item itself."""

    at: datetime | None
    alert: Alert | None = None
    comment: Comment | None = None
    text: str = ""


def timeline(found: Incident | Alert, alerts: list[Alert]) -> list[Entry]:
    """What happened, oldest first; what has no readable time stands last."""
    entries = [Entry(alert.first_activity_at or alert.microsoft_created_at, alert=alert) for alert in alerts]
    entries.append(Entry(found.microsoft_created_at, text=_("Created at Microsoft")))
    entries.append(Entry(found.microsoft_updated_at, text=_("Last change at Microsoft")))
    if isinstance(found, Incident):
        entries += [Entry(at, comment=comment) for comment, at in comments(found)]
    return sorted(entries, key=lambda entry: entry.at or LATEST)


def comments(found: Incident) -> list[tuple[Comment, Any]]:
    record = reading.incident(bytes(found.raw))
    listed = record.value.comments if isinstance(record, reading.Record) else None
    return [(comment, moment(comment.written)) for comment in listed or () if comment]


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
