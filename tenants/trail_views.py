"""The page of the audit trail, and the same as a file."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from accounts import audit
from accounts.audit import Action, Outcome
from tenants import trail
from tenants.models import Customer


@require_safe
@never_cache
def audit_log(request: HttpRequest) -> HttpResponse:
    filters = trail.filters_of(request.GET)
    return page(request, filters)


def page(request: HttpRequest, filters: trail.Filters, problem: str = "") -> HttpResponse:
    found = list(trail.lines(request.user, filters)[: trail.PAGE_SIZE + 1])
    entries = found[: trail.PAGE_SIZE]
    context = {
        "lines": trail.shown(request.user, entries),
        "next": filters.query(after=entries[-1].pk) if len(found) > trail.PAGE_SIZE else "",
        "first": filters.query(),
        "filters": filters,
        "problem": problem,
        "actions": Action.choices,
        "outcomes": Outcome.choices,
        "customers": Customer.objects.visible_to(request.user),
        "active": "audit",
    }
    return render(request, "tenants/audit.html", context, status=400 if problem else 200)


@require_GET
@never_cache
def audit_file(request: HttpRequest) -> HttpResponse:
    """The lines that the page would show, all of its pages; that they were taken is a line of the trail too."""
    filters = trail.filters_of(request.GET)
    asked = {name: str(value) for name, value in vars(filters).items() if value}
    try:
        with transaction.atomic():
            file = "".join(trail.exported(request.user, filters))
            audit.record(Action.AUDIT_EXPORT, audit.Subject("audit trail"), after=asked)
    except trail.TooMany as problem:
        return page(request, filters, str(problem))
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(file, content_type="text/csv; charset=utf-8", headers=headers)
