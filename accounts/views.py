import logging
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit, backends, break_glass, demo, entra, limits, sessions, zones
from accounts.forms import PasswordForm, PreferencesForm
from accounts.gates import administrators
from accounts.models import User
from defender.sign_in import Refused

FLOW, NEXT = "sign-in", "sign-in-next"
LONGEST_HINT = 254

log = logging.getLogger(__name__)


@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    """The one link to Microsoft; behind a fold the password of the local operator."""
    target = safe_next(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = PasswordForm(request, request.POST or None)
    if request.method == "POST":
        if wait := limits.take_sign_in(request, request.POST.get("username", "")):
            return limits.too_many(request, wait)
        if form.is_valid() and form.user:
            come_in(request, form.user)
            return redirect(target)
        note_wrong_password(request)
    administrators = User.objects.filter(role=User.Role.ADMINISTRATOR, is_active=True)
    page = {
        "form": form,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "set_up": entra.is_set_up(),
        "has_administrator": administrators.exists(),
        "people": demo.people(),
    }
    return render(request, "accounts/sign_in.html", page)


def note_wrong_password(request: HttpRequest) -> None:
    """Only a user name that exists is kept: people also type their password there."""
    user = User.objects.filter(username__iexact=request.POST.get("username", "")[:LONGEST_HINT]).first()
    subject = audit.person(user) if user else audit.Subject("person")
    audit.note(audit.Action.SIGN_IN, subject, after={"reason": "password"}, outcome=audit.Outcome.REFUSED)


def come_in(request: HttpRequest, operator: User) -> None:
    """The local operator has proven who it is; nobody comes in this way unseen."""
    break_glass.record_use(request, operator)
    sessions.begin(request, operator)
    limits.forget_sign_in(operator.username, request)


@require_POST
@administrators
def acknowledge_break_glass(request: HttpRequest) -> HttpResponse:
    break_glass.acknowledge(request.user)
    return redirect(safe_next(request))


@require_GET
@never_cache
@login_not_required
def to_microsoft(request: HttpRequest) -> HttpResponse:
    """On to Microsoft: `login_hint` names an account, `prompt=select_account` offers them all."""
    options = {}
    if hint := request.GET.get("login_hint", "")[:LONGEST_HINT]:
        options["login_hint"] = hint
    if request.GET.get("prompt") == "select_account":
        options["prompt"] = "select_account"
    try:
        address = entra.begin(request, "sign-in-callback", FLOW, **options)
    except Refused as refused:
        return refusal(request, refused)
    request.session[NEXT] = safe_next(request)
    return redirect(address)


@require_GET
@never_cache
@login_not_required
def from_microsoft(request: HttpRequest) -> HttpResponse:
    try:
        person = entra.finish(request, FLOW)
        user = backends.admitted(request, person)
    except Refused as refused:
        return refusal(request, refused)
    except backends.Denied as denied:
        log.warning("Not admitted: %s of %s: %s", person.oid, person.tid, denied)
        subject = audit.Subject("person", User.entra_username(person.tid, person.oid), person.username)
        audit.note(audit.Action.SIGN_IN, subject, after={"reason": str(denied)}, outcome=audit.Outcome.REFUSED)
        page = {"refusal": denied, "username": person.username}
        return render(request, "accounts/refused.html", page, status=403)
    target = request.session.pop(NEXT, "queue")
    sessions.begin(request, user)
    return redirect(target)


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The page of what went wrong between Microsoft and us; nobody was signed in, and whoever was still is."""
    log.warning("Sign-in refused: %s %s %s", refused.kind, refused.code, getattr(refused, "reason", ""))
    # An answer that belongs to no sign-in of this browser is nobody's attempt, and anybody can make any number of them.
    if refused.kind != "stale":
        reason = {"reason": refused.kind, "code": refused.code}
        audit.note(audit.Action.SIGN_IN, audit.Subject("person"), after=reason, outcome=audit.Outcome.REFUSED)
    status = {"stale": 400, "token_refused": 400, "misconfigured": 503, "unavailable": 503}.get(refused.kind, 403)
    return render(request, "accounts/refused.html", {"refusal": refused}, status=status)


@require_POST
@login_not_required
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        audit.note(audit.Action.SIGN_OUT, audit.person(request.user), customer_id=backends.customer_id(request.user))
    logout(request)
    response = redirect("signed-out")
    # What the browser keeps of our pages goes too.
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@require_GET
@login_not_required
def signed_out(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/signed_out.html", {"microsoft": entra.sign_out_address()})


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        # Only these columns: a role that was changed a moment ago must not be written back.
        User.objects.filter(pk=request.user.pk).update(**form.cleaned_data)
        return redirect(f"{reverse('preferences')}?{urlencode({'saved': 1})}")
    page = {"form": form, "zones": zones.names(), "saved": "saved" in request.GET and request.method == "GET"}
    return render(request, "accounts/preferences.html", page)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("theme")
    if chosen in User.Theme.values:
        User.objects.filter(pk=request.user.pk).update(theme=chosen)
    return redirect(safe_next(request))


def safe_next(request: HttpRequest) -> str:
    """The page that was asked for, when it is one of ours."""
    target = request.POST.get("next") or request.GET.get("next", "")
    if target and url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return "queue"
