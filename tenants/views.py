"""The public pages by which a customer's administrator approves us; opening them changes nothing."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenants import invitations


@require_safe
@login_not_required
def connect(request: HttpRequest, token: str) -> HttpResponse:
    invitation = invitations.found(token)
    if invitation is None or not invitation.is_open:
        return render(request, "tenants/dead.html", status=404)
    return render(request, "tenants/review.html", {"invitation": invitation})
