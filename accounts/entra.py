"""Entra, for the views: a flow begins in one request and ends in another, and waits in the session between them."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from defender import sign_in
from defender.cloud import client
from defender.sign_in_errors import OPERATOR, Misconfigured
from defender.tokens import LOGIN, Credential


def begin(request: HttpRequest, redirect_to: str, key: str, **options: str) -> str:
    """The address at Microsoft to send the browser to; its answer comes to the view `redirect_to`.

    The flow is kept in the session under `key`, where a second one replaces the first. Options are Entra's: prompt,
    login_hint, domain_hint. Raises sign_in.Refused.
    """
    flow = registration().begin(settings.PUBLIC_URL + reverse(redirect_to), **options)
    request.session[key] = flow
    return str(flow["auth_uri"])


def finish(request: HttpRequest, key: str) -> sign_in.Person:
    """The person that Microsoft's answer in this request proves; raises sign_in.Refused.

    An answer to the flow ends it, whatever it says; one that belongs to no flow of this browser leaves all as it was.
    """
    answer = request.GET.dict()
    flow = request.session.get(key) or {}
    if sign_in.belongs(flow, answer):
        del request.session[key]
    return registration().finish(flow, answer)


def sign_out_address() -> str:
    """Where people also end their session at Microsoft, if they want to."""
    return f"{settings.MICROSOFT_CLOUD_URL or LOGIN}/organizations/oauth2/v2.0/logout"


def is_set_up() -> bool:
    """Whether this process has what it needs to sign people in at Microsoft."""
    has_credential = bool(settings.SIGN_IN_CLIENT_SECRET or settings.SIGN_IN_CERTIFICATE)
    return bool(settings.SIGN_IN_CLIENT_ID and settings.ENTRA_HOME_TENANT_ID and has_credential)


def registration() -> sign_in.SignIn:
    if not is_set_up():
        raise Misconfigured("Sign-in with Microsoft is not set up here.", OPERATOR)
    return opened(settings.MICROSOFT_CLOUD_URL, credential())


def credential() -> Credential:
    client_id, path = str(settings.SIGN_IN_CLIENT_ID), settings.SIGN_IN_CERTIFICATE
    if not path:
        return Credential(client_id, secret=settings.SIGN_IN_CLIENT_SECRET)
    try:
        return Credential(client_id, certificate=Path(path).read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured("The certificate that Utkik signs people in with cannot be read.", OPERATOR) from error


@lru_cache(maxsize=1)
def opened(cloud_url: str, key: Credential) -> sign_in.SignIn:
    """One for the whole process; another cloud or credential opens another."""
    return sign_in.SignIn(key, client(cloud_url), cloud_url)
