"""A pretended Entra that people sign in at: discovery, keys and the code for a token, with everything to be forged."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from defender.cloud import client
from defender.sign_in import SignIn
from defender.tokens import Credential

LOGIN = "https://login.microsoftonline.com"
TID = "11111111-1111-4111-8111-111111111111"
OID = "33333333-3333-4333-8333-333333333333"
OTHER = "99999999-9999-4999-8999-999999999999"
CLIENT = "22222222-2222-4222-8222-222222222222"
CALLBACK = "https://utkik.example/sign-in/callback"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(key: rsa.RSAPrivateKey, kid: str, **more: Any) -> dict[str, Any]:
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, "use": "sig", **more}


class Entra:
    """`claims` and `headers` replace parts of the next ID token (None leaves one out); `sign` replaces it whole."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.claims: dict[str, Any] = {}
        self.kid: str | None = "now"
        self.keys = [jwk(KEY, "now", issuer=f"{LOGIN}/{{tenantid}}/v2.0")]
        self.description: dict[str, Any] = {
            "issuer": f"{LOGIN}/{{tenantid}}/v2.0",
            "authorization_endpoint": f"{LOGIN}/organizations/oauth2/v2.0/authorize",
            "token_endpoint": f"{LOGIN}/organizations/oauth2/v2.0/token",
        }
        self.sign: Any = lambda claims: jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": self.kid})
        self.refusal: tuple[int, Any] | None = None
        self.answer: dict[str, Any] = {}
        self.nonce = ""
        self.http = client(transport=httpx.MockTransport(self))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path.endswith("/keys"):
            return httpx.Response(200, json={"keys": self.keys})
        if request.method == "GET":
            return httpx.Response(200, json=self.description)
        if self.refusal:
            return httpx.Response(self.refusal[0], json=self.refusal[1])
        token = self.sign(self.id_claims())
        body = {"token_type": "Bearer", "expires_in": 3599, "access_token": "opaque", "scope": "openid profile"}
        return httpx.Response(200, json=body | {"id_token": token} | self.answer)

    def id_claims(self) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": f"{LOGIN}/{TID}/v2.0", "aud": CLIENT, "exp": now + 3600, "nbf": now - 300, "iat": now - 300,
            "nonce": self.nonce, "tid": TID, "oid": OID, "sub": "pairwise", "ver": "2.0",
            "name": "Astrid Analyst", "preferred_username": "astrid@northwatch.example",
        } | self.claims  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def sign_in(self, **options: str) -> SignIn:
        return SignIn(Credential(CLIENT, secret="s3cret"), self.http, **options)

    def walk(self, sign_in: SignIn) -> tuple[dict[str, Any], dict[str, str]]:
        """Begin a flow, and be the browser that comes back from Entra with a code."""
        flow = sign_in.begin(CALLBACK)
        asked = query(flow["auth_uri"])
        self.nonce = asked["nonce"]
        return flow, {"state": asked["state"], "code": "c0de"}

    def asked_for_keys(self) -> int:
        return sum(request.url.path.endswith("/keys") for request in self.requests)

    def posted(self) -> list[dict[str, str]]:
        forms = [parse_qs(request.content.decode()) for request in self.requests if request.method == "POST"]
        return [{name: values[0] for name, values in form.items()} for form in forms]


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
