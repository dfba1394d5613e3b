"""The pages that a person sees: plain HTML without a script, and with everything escaped."""

import base64
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from simulator.entra_errors import marks, sentence, stamped

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 Georgia, serif; }
body { margin: 0; background: #efe9dc; color: #2b2418; }
.banner { padding: .5rem 1rem; background: #5b3a1e; color: #fff; font-weight: bold; }
main { max-width: 34rem; margin: 2rem auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
button { display: block; box-sizing: border-box; width: 100%; margin: .25rem 0; padding: .6rem .8rem; font: inherit;
border: 1px solid #8a7a5f; border-radius: 4px; background: #fffdf7; color: inherit; text-align: left; cursor: pointer; }
button:hover, button:focus-visible { outline: 3px solid #b3541e; }
button small { display: block; opacity: .85; } .wrong { overflow-wrap: anywhere; } a { color: inherit; }
@media (prefers-color-scheme: dark) { body { background: #1d1913; color: #f0e8d8; } button { background: #2b251c; } }
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


class Shown(Exception):
    """The request is answered by a page that says why not, and no application hears of it."""

    def __init__(self, code: int, client: str = "", tenant: str = "", detail: str = "") -> None:
        super().__init__(code)
        self.code, self.client, self.tenant, self.detail = code, client, tenant, detail


def page(title: str, body: str, status: int = 200, *, leads_to: str = "") -> Response:
    """`leads_to` is the address of the application, to which a form of this page may lead in the end."""
    parts = urlsplit(leads_to)
    origin = f" {parts.scheme}://{parts.netloc}" if leads_to else ""
    policy = (f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'{origin}; base-uri 'none'; "
              "frame-ancestors 'none'")  # fmt: skip
    html = (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width"><title>{escape(title)} · Simulated Microsoft</title><style>{STYLE}</style>'
            f'</head><body><div class="banner">Simulated Microsoft: nothing here is real</div>'
            f"<main><h1>{escape(title)}</h1>{body}</main></body></html>")  # fmt: skip
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
               "X-Content-Type-Options": "nosniff"}  # fmt: skip
    return Response(html, status, headers, content_type="text/html; charset=utf-8")


def paragraph(text: str, kind: str = "") -> str:
    mark = f' class="{escape(kind)}"' if kind else ""
    return f"<p{mark}>{escape(text)}</p>"


def heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def button(name: str, value: str, label: str, more: str = "") -> str:
    small = f"<small>{escape(more)}</small>" if more else ""
    return f'<button name="{escape(name)}" value="{escape(value)}">{escape(label)}{small}</button>'


def tick(name: str, label: str) -> str:
    return f'<p><label><input type="checkbox" name="{escape(name)}" value="1"> {escape(label)}</label></p>'


def link(address: str, label: str) -> str:
    return f'<p><a href="{escape(address)}">{escape(label)}</a></p>'


def listed(entries: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(entry)}</li>' for entry in entries)}</ul>"


def form(inside: str, action: str, fields: Mapping[str, str] | None = None) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in (fields or {}).items()
    )
    return f'<form method="post" action="{escape(action)}">{hidden}{inside}</form>'


def problem(shown: Shown, more: str = "", status: int = 400) -> Response:
    """Microsoft's own page about what is wrong; `more` is HTML that leads out of it."""
    told = sentence(shown.code, shown.client, shown.tenant, shown.detail)
    body = paragraph(told, "wrong") + paragraph(marks(str(uuid.uuid4()), str(uuid.uuid4()), stamped()), "wrong")
    return page("Sorry, but we’re having trouble signing you in", body + more, status)
