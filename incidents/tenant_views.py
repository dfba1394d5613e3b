"""The pages on which the provider's people see how each tenant stands, and administrators invite and disconnect."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.gates import administrators, staff
from incidents import tenant_list
from incidents.forms import InviteForm
from incidents.tenant_list import VIEWS, Row
from tenants import access, connecting, invitations
from tenants.models import Customer, Invitation, Tenant

LONGEST_TEXT = 200
PAGE_SIZE = 100


@dataclass(frozen=True)
class Filters:
    """What the address of the list asks for."""

    view: str = "all"
    q: str = ""
    page: int = 1

    def query(self, page: int | None = None) -> str:
        """The address of this state, or of another page of it."""
        number = page or self.page
        values = {"view": self.view if self.view != "all" else "", "q": self.q, "page": number if number > 1 else ""}
        text = urlencode({key: value for key, value in values.items() if value})
        return f"?{text}" if text else ""


def filters_of(request: HttpRequest) -> Filters:
    view = request.GET.get("view", "all")
    page = request.GET.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1
    return Filters(view if view in VIEWS else "all", request.GET.get("q", "").strip()[:LONGEST_TEXT], max(number, 1))


@require_safe
@staff
def tenants(request: HttpRequest) -> HttpResponse:
    return listed(request, tenant_list.listing(request.user))


@require_safe
@staff
def tenant(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get(Tenant.objects, request.user, pk=pk)
    rows = tenant_list.listing(request.user)
    return listed(request, rows, next((row for row in rows if row.tenant == found), None))


@require_safe
@staff
def invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """The row of this invitation, when it is one of its own; else on to the row that it is part of."""
    found = access.get(Invitation.objects, request.user, pk=pk)
    rows = tenant_list.listing(request.user)
    row = row_of(found, rows)
    if row is None:
        raise Http404
    if row.tenant or row.invitation != found:
        return redirect(row.get_absolute_url() + filters_of(request).query())
    return listed(request, rows, row)


def row_of(found: Invitation, rows: list[Row]) -> Row | None:
    """The row of the invitation, of the directory that came from it, or else the worst one of its customer."""
    own = [row for row in rows if row.customer == found.customer]
    near = [row for row in own if row.invitation == found or (row.tenant and row.tenant.pk == found.tenant_id)]
    return next(iter(near or own), None)


def listed(request: HttpRequest, rows: list[Row], opened: Row | None = None) -> HttpResponse:
    filters = filters_of(request)
    counts = tenant_list.counts(rows)
    in_view = [row for row in rows if tenant_list.in_view(row, filters.view)]
    found = [row for row in in_view if row.matches(filters.q)]
    end = filters.page * PAGE_SIZE
    page = {
        "rows": found[end - PAGE_SIZE : end],
        "found": len(found),
        "previous": filters.query(filters.page - 1) or "?" if filters.page > 1 else "",
        "next": filters.query(filters.page + 1) if len(found) > end else "",
        "hidden": len(in_view),
        "counts": counts,
        "attention": counts["attention"],
        "views": [(key, label, counts[key]) for key, label in VIEWS.items()],
        "filters": filters,
        "query": filters.query(),
        "opened": opened,
        "log": tenant_list.log(request.user, opened) if opened else (),
        "active": "tenants",
    }
    partial = getattr(request, "htmx", None) and request.htmx.target == "results"
    return render(request, "incidents/_tenants.html" if partial else "incidents/tenants.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def invite(request: HttpRequest) -> HttpResponse:
    """Ask for a customer's approval; `?name=` is a customer who is known already."""
    form = InviteForm(request.POST or None, initial={"name": request.GET.get("name", "")[:LONGEST_TEXT]})
    if request.method == "POST" and form.is_valid():
        try:
            made = invitations.invite(form.cleaned_data["name"], form.cleaned_data["email"], by=request.user)
        except connecting.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return shown(request, made, _("%(customer)s: the link is made. Copy it and send it yourself."))
    customers = Customer.objects.visible_to(request.user).values_list("name", flat=True)
    return render(request, "incidents/tenants_invite.html", {"form": form, "customers": customers, "active": "tenants"})


@require_POST
@administrators
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get(Invitation.objects.select_related("customer"), request.user, pk=pk)
    made = invitations.renew(found, request.user)
    return shown(request, made, _("%(customer)s: a new link is made. Copy it and send it yourself."))


@require_POST
@administrators
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get(Invitation.objects.select_related("customer"), request.user, pk=pk)
    ended = invitations.cancel(found, request.user)
    sentence = _("%(customer)s: the link is cancelled.") if ended else _("%(customer)s: the link had ended already.")
    return shown(request, found, sentence)


def shown(request: HttpRequest, found: Invitation, sentence: str) -> HttpResponse:
    messages.success(request, sentence % {"customer": found.customer.name})
    return redirect("tenant-invitation", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def disconnect(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get(Tenant.objects.select_related("customer"), request.user, pk=pk)
    if request.method != "POST":
        return render(request, "incidents/tenants_disconnect.html", {"tenant": found, "active": "tenants"})
    connecting.disconnect(found.entra_id)
    messages.success(request, _("%(customer)s: disconnected.") % {"customer": found.customer.name})
    return redirect("tenant", found.pk)
