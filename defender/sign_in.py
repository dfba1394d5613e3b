"""A person proves to Entra who he or she is: authorisation code with PKCE, and our own check of the ID token."""

import hmac
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msal

from defender import errors, id_tokens, sign_in_errors
from defender.cloud import MsalHttp
from defender.sign_in_errors import Misconfigured, Refused, Stale, TokenRefused, Unavailable
from defender.tokens import LOGIN, Credential

__all__ = ["Person", "Refused", "SignIn", "belongs"]

# Never `common`, which would let personal accounts in.
AUTHORITY = f"{LOGIN}/organizations"
MOST_CHARACTERS = 150


@dataclass(frozen=True)
class Person:
    """Who signed in. Only `tid` and `oid` say who it is; name and username are words that a directory chose."""

    tid: str
    oid: str
    name: str
    username: str
    roles: frozenset[str] = frozenset()


class Forgetful(msal.TokenCache):
    """The tokens of people are not kept: all we want to know is in the ID token, once."""

    def add(self, event: Any, now: Any = None) -> None:
        pass


class SignIn:
    """One registration that people sign in with; with `cloud_url` browsers are sent to a simulated cloud."""

    def __init__(self, credential: Credential, http: httpx.Client, cloud_url: str = "") -> None:
        self.credential = credential
        self.http = http
        self.cloud_url = cloud_url
        self.keys = id_tokens.Keys(http)
        self.made: msal.ConfidentialClientApplication | None = None

    def begin(self, redirect_uri: str, **options: str) -> dict[str, Any]:
        """A flow to keep in the server's session; the browser goes to its `auth_uri`.

        Options are Entra's: prompt, login_hint, domain_hint. Raises Refused.
        """
        app = self.app()
        with warnings.catch_warnings():
            # A form posted by Microsoft would come without our cookie, which is SameSite=Lax: the code comes by GET.
            warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended")
            flow: dict[str, Any] = app.initiate_auth_code_flow([], redirect_uri=redirect_uri, **options)
        sent = urlsplit(flow["auth_uri"])
        # MSAL sends a hash of the nonce that it keeps; the token must repeat what was sent.
        flow["nonce_sent"] = parse_qs(sent.query)["nonce"][0]
        if self.cloud_url:
            flow["auth_uri"] = f"{self.cloud_url}{sent.path}?{sent.query}"
        return flow

    def finish(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> Person:
        """The person that Entra's answer to this flow proves; Refused when it proves nobody."""
        if answer.get("error"):
            raise sign_in_errors.error_of(answer)
        if not belongs(flow, answer):
            raise Stale("This answer belongs to no sign-in that your browser has begun.", "Start again.")
        try:
            token = self.id_token(flow, answer)
            claims = id_tokens.claims_of(token, self.keys, self.credential.client_id, flow["nonce_sent"])
        except (httpx.HTTPError, errors.Throttled, errors.MicrosoftFault) as error:
            raise unavailable() from error
        return person_of(claims)

    def id_token(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> str:
        given = {"state": answer["state"], "code": answer.get("code", "")}
        try:
            result = self.app().acquire_token_by_auth_code_flow(dict(flow), given)
        except (RuntimeError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            # MSAL reads the token before we can hold it against anything, and trips over what is none.
            raise TokenRefused(f"MSAL could not use it: {type(error).__name__}") from error
        if "error" in result:
            raise sign_in_errors.error_of(result)
        if not isinstance(result.get("id_token"), str):
            raise TokenRefused("There is none.")
        return str(result["id_token"])

    def app(self) -> msal.ConfidentialClientApplication:
        """MSAL's application, made at the first sign-in, since making it asks Entra to describe itself."""
        try:
            self.made = self.made or self.new_app()
        except (httpx.HTTPError, errors.Throttled, errors.MicrosoftFault) as error:
            raise unavailable() from error
        except errors.DefenderError as error:
            sentence = "Microsoft does not accept the application that Utkik signs people in with."
            raise Misconfigured(sentence, sign_in_errors.OPERATOR, code=error.code) from error
        return self.made

    def new_app(self) -> msal.ConfidentialClientApplication:
        key = self.credential.for_msal()
        try:
            app = msal.ConfidentialClientApplication(
                self.credential.client_id, client_credential=key, authority=AUTHORITY, instance_discovery=False,
                http_client=MsalHttp(self.http), token_cache=Forgetful(), exclude_scopes=["offline_access"],
            )  # fmt: skip
        except ValueError as error:
            raise errors.CredentialRejected("The private key or certificate cannot be read.") from error
        places = (app.authority.authorization_endpoint, app.authority.token_endpoint)
        if not all(place.startswith(f"{LOGIN}/") for place in places):
            raise errors.Untrustworthy("Entra's description leads to another host.")
        return app


def belongs(flow: Mapping[str, Any], answer: Mapping[str, str]) -> bool:
    """Whether the answer is to this flow: nobody else can know its state."""
    state, given = str(flow.get("state") or ""), answer.get("state", "")
    return bool(state) and hmac.compare_digest(state.encode(), given.encode(errors="replace"))


def person_of(claims: Mapping[str, Any]) -> Person:
    listed = claims.get("roles")
    roles = frozenset(role for role in listed if isinstance(role, str)) if isinstance(listed, list) else frozenset()
    username = printable(claims.get("preferred_username"))
    return Person(
        claims["tid"].lower(), claims["oid"].lower(), printable(claims.get("name")) or username, username, roles
    )


def printable(text: Any) -> str:
    """Words that a directory chose, without what would turn, hide or break them on a page or in a database."""
    return "".join(character for character in str(text or "") if character.isprintable())[:MOST_CHARACTERS].strip()


def unavailable() -> Unavailable:
    return Unavailable("Microsoft could not be reached, so nobody was signed in.", sign_in_errors.LATER)
