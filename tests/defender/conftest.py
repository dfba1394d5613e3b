"""Microsoft behind HTTP: a pretended Entra and Graph that answer through httpx's own mock transport."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from defender.cloud import client
from defender.graph import Graph
from defender.tokens import Credential, Tokens

TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "22222222-2222-4222-8222-222222222222"
LOGIN = f"https://login.microsoftonline.com/{TENANT}"

Answer = Callable[[httpx.Request], httpx.Response]


def jwt(**claims: Any) -> str:
    parts = ({"alg": "none"}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*texts, "signature"])


class Microsoft:
    """Answers are attributes, so that a test says only what is special about its cloud."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.claims: dict[str, Any] = {
            "tid": TENANT,
            "aud": "https://graph.microsoft.com",
            "appid": CLIENT,
            "roles": ["SecurityIncident.Read.All"],
        }
        self.issued = 0
        self.discovery: Answer = lambda request: httpx.Response(200, json=description())
        self.token: Answer = self.issue
        self.answer: Answer = lambda request: httpx.Response(200, json={"value": []})
        self.http = client(transport=httpx.MockTransport(self))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host == "graph.microsoft.com":
            return self.answer(request)
        return self.token(request) if request.method == "POST" else self.discovery(request)

    def issue(self, request: httpx.Request) -> httpx.Response:
        self.issued += 1
        token = jwt(**self.claims, uti=str(self.issued))
        return httpx.Response(200, json={"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    def tokens(self, **credential: str) -> Tokens:
        return Tokens(Credential(CLIENT, **(credential or {"secret": "s3cret"})), http=self.http)

    def graph(self) -> Graph:
        return Graph(self.http, self.tokens(), TENANT)

    def asked(self) -> list[httpx.Request]:
        return [request for request in self.requests if request.url.host == "graph.microsoft.com"]


def description() -> dict[str, str]:
    return {
        "issuer": f"{LOGIN}/v2.0",
        "authorization_endpoint": f"{LOGIN}/oauth2/v2.0/authorize",
        "token_endpoint": f"{LOGIN}/oauth2/v2.0/token",
    }


@pytest.fixture
def microsoft() -> Microsoft:
    return Microsoft()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of captured answers named by SAMPLES; without it CI fails and a laptop skips."""
    folder = os.environ.get("SAMPLES", "")
    if folder and any(Path(folder).glob("graph/*.json")):
        return Path(folder)
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail("SAMPLES names no folder of captured answers.")
    pytest.skip("SAMPLES names no folder of captured answers.")
