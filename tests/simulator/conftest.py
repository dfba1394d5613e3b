"""A simulated cloud in the process, and someone who asks it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from simulator.app import application
from simulator.tenant import Tenant
from simulator.world import World

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ROOT = "/v1.0/security/"
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
