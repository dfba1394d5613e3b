"""A real browser under the real policy, and everything that hostile text makes it do."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from playwright.sync_api import Browser, Error, Page
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

SENTINEL = "https://sentinel.example/"
TEXT = "() => document.documentElement.textContent"
WIDE = "() => document.documentElement.scrollWidth > innerWidth"
VIOLATED = "addEventListener('securitypolicyviolation', e => __violated(e.effectiveDirective + ' ' + e.blockedURI))"


class Reports:
    """Where browsers send what the policy has stopped."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.server = make_server("127.0.0.1", 0, Request.application(self.take), threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}/reports"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, request: Request) -> Response:
        self.received.append(json.loads(request.get_data())["csp-report"])
        return Response(status=204)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def policy(self) -> dict[str, Any]:
        """The policy of the product, with this address to report to."""
        return {"DIRECTIVES": {**settings.CONTENT_SECURITY_POLICY["DIRECTIVES"], "report-uri": [self.url]}}

    @property
    def caused(self) -> list[str]:
        listed = [
            f"{one['effective-directive']} {one['blocked-uri']} on {one['document-uri']}" for one in self.received
        ]
        return [one for one in listed if SENTINEL not in one]


@dataclass
class Seen:
    """What was looked at, and what happened that must not."""

    pages: int = 0
    texts: int = 0
    executions: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> dict[str, list[str]]:
        return {name: value[:40] for name, value in vars(self).items() if isinstance(value, list) and value}


class Watch:
    """One browser; `seen` grows with every page that it visits."""

    def __init__(self, browser: Browser, address: str, seen: Seen, **options: Any) -> None:
        self.address, self.seen = address, seen
        self.own: tuple[str, ...] = ()  # where reports are sent
        self.context = browser.new_context(reduced_motion="reduce", viewport={"width": 1440, "height": 900}, **options)
        self.context.set_default_timeout(20_000)
        self.context.expose_binding("__hit", lambda source, *_: seen.executions.append(source["page"].url))
        self.context.expose_binding("__violated", lambda source, what: self.violated(what, source["page"].url))
        self.context.add_init_script(VIOLATED)
        self.context.on("request", lambda request: self.requested(request.url))
        self.context.on("page", self.opened)
        self.page = self.context.new_page()

    def narrow(self) -> None:
        self.page.set_viewport_size({"width": 390, "height": 800})

    def wide(self) -> None:
        self.page.set_viewport_size({"width": 1440, "height": 900})

    def opened(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.seen.errors.append(f"{error} on {page.url}"))
        page.on("dialog", lambda dialog: (self.seen.dialogs.append(dialog.message), dialog.dismiss()))

    def violated(self, what: str, where: str) -> None:
        if SENTINEL not in what:
            self.seen.violations.append(f"{what} on {where}")

    def requested(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.address).netloc and not url.startswith((SENTINEL, *self.own)):
            self.seen.foreign.append(url)

    def sign_in(self, session: str) -> None:
        self.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.address}])

    def visit(self, path: str, expected: Sequence[str] = ()) -> Page:
        """Open a page of ours; each of these texts must stand on it as it is."""
        self.page.goto(self.address + path)
        return self.look(path, expected)

    def suffer(self, path: str) -> None:
        """Open a page whose text is not escaped: it may lead the browser away."""
        try:
            self.page.goto(self.address + path)
            self.page.wait_for_timeout(1_000)
        except Error as error:
            self.seen.errors.append(error.message)

    def look(self, path: str, expected: Sequence[str] = ()) -> Page:
        text = folded(self.page.evaluate(TEXT))
        self.seen.pages += 1
        self.seen.texts += len(expected)
        self.seen.missing += [f"{one[:80]!a} on {path[:80]}" for one in expected if folded(one) not in text]
        if self.page.evaluate(WIDE):
            self.seen.wide.append(path[:80])
        return self.page

    def settle(self, reports: Reports) -> None:
        """Prove that what the policy stops is reported, and wait until the report has come."""
        page = self.context.new_page()
        page.goto(f"{self.address}/signed-out")
        page.evaluate(f"() => {{ new Image().src = '{SENTINEL}' }}")
        for _ in range(200):
            if any(SENTINEL in one["blocked-uri"] for one in reports.received):
                return
            page.wait_for_timeout(50)
        raise AssertionError("The browser reports nothing: a run without reports would prove nothing.")


def folded(text: str) -> str:
    return " ".join(text.split())
