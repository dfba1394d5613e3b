"""A simulated cloud, in the process and behind a socket, and those who ask it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.test import Client, TestResponse

from simulator import server
from simulator.app import application
from simulator.people import Person
from simulator.tenant import Tenant
from simulator.world import World

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ROOT = "/v1.0/security/"
CALLBACK = "http://localhost:8000/callback"
Ask = Callable[..., TestResponse]


class Cloud:
    """One client of one world: tokens for any tenant, and calls with them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client = Client(application(world))
        self.bearers: dict[str, str] = {}

    def token(self, tenant: Tenant | str, **changes: str | None) -> TestResponse:
        form = {"client_id": self.world.client_id, "client_secret": self.world.client_secret,
                "grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default", **changes}  # fmt: skip
        given = {key: value for key, value in form.items() if value is not None}
        segment = tenant if isinstance(tenant, str) else tenant.id
        return self.entra(f"/{segment}/oauth2/v2.0/token", method="POST", data=given)

    def entra(self, path: str, **options: Any) -> TestResponse:
        headers = {"Host": "login.microsoftonline.com", **options.pop("headers", {})}
        return self.client.open(path, headers=headers, **options)

    def ask(self, tenant: Tenant, path: str, method: str = "GET", **options: Any) -> TestResponse:
        """A call of Graph; `path` under /v1.0/security/, or a whole nextLink."""
        if tenant.id not in self.bearers:
            self.bearers[tenant.id] = self.token(tenant).get_json()["access_token"]
        headers = {"Host": "graph.microsoft.com", "Authorization": f"Bearer {self.bearers[tenant.id]}",
                   "Prefer": "include-unknown-enum-members", **options.pop("headers", {})}  # fmt: skip
        path = path.removeprefix("https://graph.microsoft.com")
        return self.client.open(
            path if path.startswith("/") else ROOT + path, method=method, headers=headers, **options
        )

    def pages(self, tenant: Tenant, path: str) -> Iterator[dict[str, Any]]:
        while path:
            self.world.requests.clear()
            body = self.ask(tenant, path).get_json()
            yield body
            path = body.get("@odata.nextLink", "")

    def items(self, tenant: Tenant, path: str) -> list[dict[str, Any]]:
        return [item for page in self.pages(tenant, path) for item in page["value"]]


class Page(HTMLParser):
    """What a person can do on a page: its links, and its one form with the buttons."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.status, self.address, self.text = answer.status_code, str(answer.url), answer.text
        self.links: list[str] = []
        self.action, self.fields, self.buttons = "", {}, []  # type: str, dict[str, str], list[tuple[str, str]]
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "<script" not in answer.text
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert not [name for name in given if name.startswith("on") or name == "style"]
        if tag == "a":
            self.links.append(urljoin(self.address, given["href"]))
        elif tag == "form":
            self.action = urljoin(self.address, given["action"])
        elif tag == "input" and given["type"] == "hidden":
            self.fields[given["name"]] = given["value"]
        elif tag == "button" and "name" in given:
            self.buttons.append((given["name"], given["value"]))


class Visitor:
    """A browser without scripts at the simulated Microsoft."""

    def __init__(self, running: server.Running) -> None:
        self.world = running.world
        self.http = httpx.Client(base_url=running.url)

    def people(self, tid: str) -> list[Person]:
        return [person for person in self.world.people.values() if person.tid == tid]

    def open(self, address: str, parameters: dict[str, str] | None = None) -> httpx.Response:
        return self.http.get(address, params=parameters)

    def page(self, address: str, parameters: dict[str, str] | None = None, status: int = 200) -> Page:
        page = Page(self.open(address, parameters))
        assert page.status == status, page.text[-900:]
        return page

    def press(self, page: Page, name: str, value: str = "1", **ticks: str) -> httpx.Response:
        assert (name, value) in page.buttons
        return self.http.post(page.action, data={**page.fields, **ticks, name: value})

    def pick(self, page: Page, person: Person) -> httpx.Response:
        return self.press(page, "person", person.oid)


def brought(answer: httpx.Response) -> dict[str, str]:
    """The parameters with which the browser comes back to the application."""
    assert answer.status_code in (302, 303), answer.text[-900:]
    parts = urlsplit(answer.headers["Location"])
    assert parts._replace(query="").geturl() == CALLBACK
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.fixture(scope="session")
def history() -> Cloud:
    """The default world at a standstill; tests only read it."""
    return Cloud(World(now=NOON))


@pytest.fixture
def cloud() -> Cloud:
    """Two customers without history, at a standstill, to be changed."""
    return Cloud(World(seed=5, tenants=2, days=0, now=NOON))


@pytest.fixture
def stellan(cloud: Cloud) -> Tenant:
    tenant = cloud.world.tenant("Stellan Manufacturing")
    tenant.events.clear()
    return tenant


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Utkik")])
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(begin).not_valid_after(begin.replace(year=2099))
    return builder.sign(key, hashes.SHA256())


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    """Somebody at a world of two customers behind a socket, at a standstill."""
    with server.start(World(seed=5, tenants=2, days=0, now=NOON)) as running:
        visitor = Visitor(running)
        with visitor.http:
            yield visitor
