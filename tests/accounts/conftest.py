"""The pretended Entra of tests/defender, behind HTTP, and a way through it as a browser goes."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.defender.entra import CLIENT, TID, Entra


@pytest.fixture
def entra(settings: Any) -> Iterator[Entra]:
    """Settings lead to it; the provider's own directory is the one that its tokens name."""
    made = Entra()

    @Request.application
    def application(request: Request) -> Response:
        sent = httpx.Request(request.method, f"https://{request.host}{request.full_path}", content=request.get_data())
        answer = made(sent)
        return Response(answer.content, answer.status_code, content_type="application/json")

    server = make_server("127.0.0.1", 0, application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.MICROSOFT_CLOUD_URL = f"http://127.0.0.1:{server.server_port}"
    settings.SIGN_IN_CLIENT_ID, settings.SIGN_IN_CLIENT_SECRET = CLIENT, "s3cret"
    settings.ENTRA_HOME_TENANT_ID = TID
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def leave(client: Client, entra: Entra) -> Callable[..., dict[str, str]]:
    """Begin a sign-in; the answer with which Microsoft would send the browser back."""

    def left(**asked: str) -> dict[str, str]:
        answer = client.get("/sign-in/microsoft", asked)
        assert answer.status_code == 302, answer.content
        sent = parse_qs(urlsplit(answer.url).query)
        entra.nonce = sent["nonce"][0]
        return {"state": sent["state"][0], "code": "c0de"}

    return left


@pytest.fixture
def come_in(client: Client, leave: Callable[..., dict[str, str]]) -> Callable[..., Any]:
    """The whole way to Microsoft and back."""
    return lambda **asked: client.get("/sign-in/callback", leave(**asked))


@pytest.fixture
def people(settings: Any) -> Iterator[Callable[[Any], None]]:
    """Write down the people of the simulated cloud, as the demo does; text is written as it is."""
    file = settings.STATE_DIR / "people.json"
    yield lambda listed: file.write_text(listed if isinstance(listed, str) else json.dumps(listed))
    file.unlink(missing_ok=True)


@pytest.fixture
def new_context(browser: Browser, live_server: Any) -> Iterator[Callable[..., BrowserContext]]:
    """A person's browser; it is closed even when a test fails, since the server waits for whoever is still there."""
    opened: list[BrowserContext] = []

    def open_one(**options: Any) -> BrowserContext:
        opened.append(browser.new_context(**options))
        return opened[-1]

    yield open_one
    for context in opened:
        context.close()
