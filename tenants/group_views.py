"""The pages of customer groups, by which administrators assign analysts to many customers at once."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.gates import administrators
from tenants import access, assigning
from tenants.forms import GroupForm
from tenants.models import CustomerGroup


@require_safe
@administrators
def groups(request: HttpRequest) -> HttpResponse:
    found = CustomerGroup.objects.visible_to(request.user).annotate(
        customer_count=Count("customers", distinct=True), analyst_count=Count("analysts", distinct=True)
    )
    return render(request, "tenants/groups.html", {"groups": found, "active": "people"})


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def make(request: HttpRequest) -> HttpResponse:
    return edit(request, CustomerGroup())


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def change(request: HttpRequest, pk: int) -> HttpResponse:
    return edit(request, access.get(CustomerGroup.objects, request.user, pk=pk))


def edit(request: HttpRequest, group: CustomerGroup) -> HttpResponse:
    form = GroupForm(request.POST or None, user=request.user, initial=composition(group))
    if request.method == "POST" and form.is_valid():
        try:
            kept = assigning.keep_group(group, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("name", error.messages)
        else:
            messages.success(request, _("%(group)s is saved.") % {"group": kept})
            return redirect("groups")
    context = {"form": form, "group": group, "chosen": chosen(form), "active": "people"}
    return render(request, "tenants/group.html", context)


def composition(group: CustomerGroup) -> dict[str, object]:
    if not group.pk:
        return {}
    parts = {name: list(getattr(group, name).values_list("pk", flat=True)) for name in ("customers", "analysts")}
    return {"name": group.name, **parts}


def chosen(form: GroupForm) -> dict[str, set[str]]:
    """What is ticked, as the template compares it."""
    return {name: {str(value) for value in form[name].value() or ()} for name in ("customers", "analysts")}


@require_POST
@administrators
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    group = access.get(CustomerGroup.objects, request.user, pk=pk)
    assigning.remove_group(group)
    messages.success(request, _("%(group)s is removed.") % {"group": group})
    return redirect("groups")
