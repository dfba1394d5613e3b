"""The one HTTP client through which everything goes to Microsoft, and the one place where it can be re-addressed."""

from typing import Any
from urllib.parse import urlsplit

import httpx

TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class Readdressed(httpx.BaseTransport):
    """Sends every request to one address, with the Host header of the host it was meant for."""

    def __init__(self, inner: httpx.BaseTransport, cloud_url: str) -> None:
        self.inner = inner
        self.address = httpx.URL(cloud_url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme=self.address.scheme, host=self.address.host, port=self.address.port)
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


def client(cloud_url: str = "", *, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client without redirects; with `cloud_url` all of Microsoft's hosts are found at that address."""
    inner = transport or httpx.HTTPTransport(limits=httpx.Limits(max_connections=50, keepalive_expiry=30))
    if cloud_url:
        if urlsplit(cloud_url).scheme not in ("http", "https"):
            raise ValueError(f"{cloud_url!r} is not an http address.")
        inner = Readdressed(inner, cloud_url)
    return httpx.Client(transport=inner, timeout=TIMEOUT, follow_redirects=False, headers={"User-Agent": "Utkik"})


class MsalHttp:
    """The same client as MSAL calls it."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        return self.http.post(url, params=params, data=data, headers=headers)

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        return self.http.get(url, params=params, headers=headers)

    def close(self) -> None:
        """The client belongs to the process, not to MSAL."""
