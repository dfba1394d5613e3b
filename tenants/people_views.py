"""The pages on which administrators let people in, and say what they may do and whom they look after."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import grants
from accounts.gates import administrators
from accounts.models import User
from tenants import access, assigning
from tenants import people as reads
from tenants.forms import CustomersForm, GrantForm, RoleForm
from tenants.models import Customer, CustomerGroup

LONGEST_TEXT = 200


@require_safe
@administrators
def people(request: HttpRequest) -> HttpResponse:
    view, text = request.GET.get("view", ""), request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_TEXT]
    page = request.GET.get("page", "")
    view = view if view in reads.VIEWS else "staff"
    number = max(int(page), 1) if page.isascii() and page.isdigit() and len(page) < 5 else 1
    rows, more = reads.listing(request.user, view, text, number)
    counts = reads.counts(request.user)
    address = {"view": view} | ({"q": text} if text else {})
    context = {
        "rows": rows,
        "views": [(key, label, counts[key]) for key, (label, _condition) in reads.VIEWS.items()],
        "view": view,
        "q": text,
        "previous": "?" + urlencode(address | {"page": number - 1}) if number > 1 else "",
        "next": "?" + urlencode(address | {"page": number + 1}) if more else "",
        "active": "people",
    }
    return render(request, "tenants/people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def grant(request: HttpRequest) -> HttpResponse:
    """Let somebody of the home directory in, before the person has ever come."""
    form = GrantForm(request.POST or None)
    home = settings.ENTRA_HOME_TENANT_ID
    if request.method == "POST" and home and form.is_valid():
        oid, role = form.cleaned_data["object_id"], User.Role(form.cleaned_data["role"])
        if same(request.user, User.objects.of(home, str(oid))):
            form.add_error(None, _("Nobody changes their own role: ask another administrator."))
        else:
            user, _made = grants.grant(UUID(home), oid, role, " ".join(form.cleaned_data["name"].split()))
            return said(request, user, _("%(person)s may sign in."))
    return render(request, "tenants/people_grant.html", {"form": form, "home": home, "active": "people"})


@require_safe
@administrators
def person(request: HttpRequest, pk: int) -> HttpResponse:
    found = asked(request, pk)
    return shown(request, found)


def shown(request: HttpRequest, found: User, problem: str = "") -> HttpResponse:
    context = {
        "person": found,
        "own": same(request.user, found),
        "looks_after": reads.rows([found])[0].looks_after,
        "roles": RoleForm().fields["role"].choices,
        "customers": Customer.objects.visible_to(request.user),
        "assigned": set(Customer.objects.filter(analysts=found).values_list("pk", flat=True)),
        "groups": CustomerGroup.objects.visible_to(request.user).filter(analysts=found),
        "problem": problem,
        "active": "people",
    }
    return render(request, "tenants/person.html", context, status=400 if problem else 200)


@require_POST
@administrators
def role(request: HttpRequest, pk: int) -> HttpResponse:
    """Another role for one of the provider's own people; it ends the open sessions."""
    found, form = asked(request, pk), RoleForm(request.POST)
    if same(request.user, found):
        return shown(request, found, _("Nobody changes their own role: ask another administrator."))
    if not form.is_valid() or not found.oid or found.role not in User.STAFF:
        return shown(request, found, _("This person cannot have that role."))
    try:
        grants.grant(found.tid, found.oid, User.Role(form.cleaned_data["role"]))
    except ValidationError as error:
        return shown(request, found, " ".join(error.messages))
    return said(request, found, _("%(person)s has the role now; open sessions have ended."))


@require_POST
@administrators
def customers(request: HttpRequest, pk: int) -> HttpResponse:
    found, form = asked(request, pk), CustomersForm(request.POST, user=request.user)
    if not form.is_valid() or found.role != User.Role.ANALYST:
        return shown(request, found, _("Only analysts are assigned to customers, and only to those in the list."))
    assigning.assign(found, form.cleaned_data["customers"])
    return said(request, found, _("%(person)s: the customers are saved."))


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    found = asked(request, pk)
    if same(request.user, found):
        return shown(request, found, _("Nobody deactivates themselves: ask another administrator."))
    if request.method != "POST":
        return render(request, "tenants/person_deactivate.html", {"person": found, "active": "people"})
    grants.deactivate(found, reads.customer_id(found))
    return said(request, found, _("%(person)s is deactivated; open sessions have ended."))


@require_POST
@administrators
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    found = asked(request, pk)
    grants.reactivate(found, reads.customer_id(found))
    return said(request, found, _("%(person)s may sign in again."))


def asked(request: HttpRequest, pk: int) -> User:
    found: User = access.get(User.objects, request.user, pk=pk)
    return found


def same(one: User, other: User | None) -> bool:
    return other is not None and one.pk == other.pk


def said(request: HttpRequest, found: User, sentence: str) -> HttpResponse:
    messages.success(request, sentence % {"person": found})
    return redirect("person", found.pk)
