"""One client to everything of Microsoft's, and one address to which it can all be sent."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from defender.cloud import Clients, client


def seen(**options):
    requests = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(
            (
                request.url.scheme,
                request.url.host,
                request.url.port,
                request.url.path,
                request.headers["Host"],
                request.headers.get("Cookie"),
            )
        )
        return httpx.Response(302, headers={"Location": "https://example.org/", "Set-Cookie": "a=b; Path=/"})

    http = client(**options, transport=httpx.MockTransport(answer))
    return http, requests


def test_every_host_is_found_at_the_one_address_and_keeps_its_name():
    http, requests = seen(cloud_url="http://127.0.0.1:8001")
    http.get("https://graph.microsoft.com/v1.0/x")
    http.post("https://login.microsoftonline.com/t/token")
    assert requests == [
        ("http", "127.0.0.1", 8001, "/v1.0/x", "graph.microsoft.com", None),
        ("http", "127.0.0.1", 8001, "/t/token", "login.microsoftonline.com", None),
    ]


def test_without_an_address_nothing_is_rewritten():
    http, requests = seen()
    http.get("https://graph.microsoft.com/v1.0/x")
    assert requests[0][:3] == ("https", "graph.microsoft.com", None)


def test_redirects_are_not_followed_and_cookies_of_one_tenant_do_not_reach_another():
    http, requests = seen()
    assert http.get("https://login.microsoftonline.com/a").status_code == 302
    http.get("https://login.microsoftonline.com/b")
    assert [cookie for *_, cookie in requests] == [None, None]


@pytest.mark.parametrize("address", ["localhost:8001", "ftp://x", "http://"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ValueError, match="is not an http address"):
        client(address)


def test_every_request_has_timeouts():
    timeout = client().timeout
    assert None not in (timeout.connect, timeout.read, timeout.write, timeout.pool)


def test_the_proxy_of_the_environment_is_used(monkeypatch):
    proxied = []

    def remember(self, proxy=None, **options):
        proxied.append(proxy)

    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setattr(httpx.HTTPTransport, "__init__", remember)
    client()
    assert [str(proxy.url) for proxy in proxied if proxy] == ["http://proxy.example:3128"]


def test_each_thread_has_a_client_of_its_own_and_keeps_it() -> None:
    clients = Clients("")
    with ThreadPoolExecutor(1) as pool:
        others = [pool.submit(lambda: clients.http).result() for _ in range(2)]
    assert others[0] is others[1] is not clients.http is clients.http
