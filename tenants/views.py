"""The public pages by which a customer's administrator approves us.

Opening one changes nothing, since mail scanners open every link: what counts begins with "Continue to Microsoft".
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe
from django_htmx.http import HTMX_STOP_POLLING, HttpResponseClientRefresh

from accounts import audit, entra
from defender.sign_in import Refused
from tenants import consent, invitations, scope, stops, tasks
from tenants.models import Invitation, InvitationEvent

View = Callable[..., HttpResponse]
State = Invitation.State

# Where the session keeps the flow of the sign-in, whose link began it, and what proves the browser.
FLOW, INVITED, BROWSER = "connect-flow", "connect-invitation", "connect-browser"
PAGES = {
    State.WAITING: "review",
    State.FAILED: "failed",
    State.PROVING: "proving",
    State.CONNECTED: "connected",
}


def public(view: View) -> View:
    """A page for strangers with a secret in its address: kept by nobody, told to nobody.

    The secret opens the rows of the one customer that it belongs to.
    """

    @login_not_required
    @wraps(view)
    def shown(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        with opened(request, kwargs.get("token", "")):
            response = view(request, *args, **kwargs)
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Cache-Control"] = "no-store"
        return response

    return shown


def opened(request: HttpRequest, token: str) -> AbstractContextManager[None]:
    """What the visitor may see: by the link, by the one this browser began with, by the answer it brings."""
    browser, state = request.session.get(BROWSER, ""), request.GET.get("state", "")
    return scope.visitor(
        nonce=invitations.nonce_of(token),
        begun=request.session.get(INVITED),
        state=consent.digest(state) if state and browser else "",
        browser=consent.digest(browser),
    )


@require_safe
@public
def connect(request: HttpRequest, token: str) -> HttpResponse:
    """Where the invitation stands; while it is being proved, the page asks again by itself."""
    invitation = invitations.found(token)
    page = PAGES.get(invitation.state) if invitation else None
    if invitation is None or page is None or is_over(invitation):
        return HttpResponseClientRefresh() if request.htmx else dead(request)
    shown = {
        "invitation": invitation,
        "token": token,
        "page": page,
        "own": request.session.get(INVITED) == invitation.pk,
        "stop": stops.of_proof(invitation.error_kind, invitation.error_code),
        "app_id": settings.ENTRA_CLIENT_ID,
    }
    if request.htmx:
        status = 200 if page == "proving" else HTMX_STOP_POLLING
        return render(request, "tenants/_step.html", shown, status=status)
    if request.method == "GET" and page == "review":
        invitations.note_visit(invitation, InvitationEvent.Kind.OPENED, request.headers.get("User-Agent", ""))
    return render(request, "tenants/connect.html", shown)


def is_over(invitation: Invitation) -> bool:
    """Whether the link no longer shows anything; a proof that is under way is shown to its end."""
    return invitation.expires_at <= timezone.now() and invitation.state != State.PROVING


@require_GET
@public
def go_on(request: HttpRequest, token: str) -> HttpResponse:
    """Send the administrator to sign in, so that we know whose directory it is before anything is approved."""
    invitation = invitations.found(token)
    if invitation is None or not invitation.is_open:
        return redirect("connect", token)
    try:
        address = entra.begin(request, "connect-identity", FLOW, prompt="select_account")
    except Refused as refused:
        return stopped(request, stops.of_sign_in(refused), invitation)
    request.session[INVITED] = invitation.pk
    request.session.setdefault(BROWSER, secrets.token_urlsafe(32))
    invitations.note_visit(invitation, InvitationEvent.Kind.CONTINUED, request.headers.get("User-Agent", ""))
    return redirect(address)


@require_GET
@public
def identity(request: HttpRequest) -> HttpResponse:
    """The administrator is back from the sign-in: go on to the consent page of the directory that has signed in."""
    invitation, waiting = begun(request), FLOW in request.session
    try:
        person = entra.finish(request, FLOW)
        if invitation is None or not invitation.is_open:
            return dead(request)
        return redirect(consent.ask(invitation, person, request.session.get(BROWSER, "")))
    except Refused as refused:
        stop = stops.of_sign_in(refused)
        # An answer that ended no flow may be anybody's, and is not logged as the administrator's.
        if invitation and waiting and FLOW not in request.session:
            invitations.note(invitation, stop.event, code=stop.code)
        return stopped(request, stop, invitation)
    except consent.Stopped as end:
        return stopped(request, end.stop, end.invitation)


@require_GET
@public
def callback(request: HttpRequest) -> HttpResponse:
    """The administrator is back from the consent page."""
    try:
        invitation = consent.answered(request.GET, request.session.get(BROWSER, ""))
    except consent.Stopped as end:
        if end.invitation is None:
            forged = {"after": {"event": end.stop.kind}, "outcome": audit.Outcome.REFUSED}
            audit.note(audit.Action.CONSENT, audit.Subject("answer"), **forged)
        return stopped(request, end.stop, end.invitation or begun(request))
    transaction.on_commit(tasks.wake)
    return redirect("connect", invitations.token(invitation))


def begun(request: HttpRequest) -> Invitation | None:
    """The invitation by whose link this browser went to Microsoft last."""
    return Invitation.objects.select_related("customer").filter(pk=request.session.get(INVITED)).first()


def stopped(request: HttpRequest, stop: stops.Stop, invitation: Invitation | None) -> HttpResponse:
    """What stopped the administrator, with the way back to the link if it still works."""
    shown: dict[str, object] = {"stop": stop}
    if invitation and invitation.is_open:
        shown |= {"token": invitations.token(invitation), "link": invitations.link(invitation)}
    return render(request, "tenants/stopped.html", shown, status=400)


def dead(request: HttpRequest) -> HttpResponse:
    """The same for a link that is unknown, forged, cancelled or old: whose it was is told to nobody."""
    return render(request, "tenants/dead.html", status=404)
