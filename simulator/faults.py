"""What goes wrong on order: each fault waits for the requests that it is meant for.

On both services: throttle (value: Retry-After as text, none when null), status (value: code), html (value: status,
200), empty, redirect, slow (value: seconds), cut.
On Graph: skip_token (the continuation is refused; value: the message), next_link (value: the link), repeat (the next
page's link leads to the same page), endless (so does each, and looks new every time), foreign (an item of another
tenant stands first), item (value: raw JSON that stands first), nul, surrogate, partial (206 with Warning), expand (500
for $expand only), oversize (every item in one page), unauthorized (401), forbidden (403, a role is missing).
On Entra: code (value: AADSTS number), gone, no_principal, disabled, wrong_secret, expired_secret, no_roles (a token
without roles), skew (value: seconds by which the token's times are off), consent_code (value: AADSTS number that an
accepted consent comes back with), and these on ID tokens: id_issuer, id_audience, id_nonce, id_tid (value: what stands
there instead), id_expired, id_future (not yet valid), id_signature (by a key that is not published), id_none (no
signature), id_missing (value: the claim that is left out).
"""

from dataclasses import dataclass, field
from typing import Any

CODES = {"gone": 700016, "no_principal": 7000229, "disabled": 7000112, "wrong_secret": 7000215,
         "expired_secret": 7000222}  # fmt: skip
BOTH = {"throttle", "status", "html", "empty", "redirect", "slow", "cut"}
GRAPH = {"skip_token", "next_link", "repeat", "endless", "foreign", "item", "nul", "surrogate", "partial", "expand",
         "oversize", "unauthorized", "forbidden"}  # fmt: skip
ID_TOKEN = {"id_issuer", "id_audience", "id_nonce", "id_tid", "id_expired", "id_future", "id_signature", "id_none",
            "id_missing"}  # fmt: skip
ENTRA = {"code", "no_roles", "skew", "consent_code", *CODES, *ID_TOKEN}
# What stands in the path, or is put behind it, where the kind makes a difference.
WANTED = {"skip_token": "skiptoken=", "expand": "expand", "consent_code": "#consent", "no_roles": "#client_credentials",
          "skew": "#client_credentials", **dict.fromkeys(ID_TOKEN, "#id_token")}  # fmt: skip


@dataclass
class Fault:
    """`kind` on the next `times` requests to `host` ("graph" or "entra") of the tenant whose path holds `path`.

    With `method` only requests of that one, as PATCH, are meant.
    """

    kind: str
    tenant: str = ""
    host: str = "graph"
    path: str = ""
    times: int = 1
    value: Any = None
    method: str = ""

    def __post_init__(self) -> None:
        if self.host not in ("graph", "entra"):
            raise ValueError(f"A fault's host is graph or entra, not {self.host!r}.")
        if self.kind not in BOTH | (GRAPH if self.host == "graph" else ENTRA):
            raise ValueError(f"There is no fault {self.kind!r} for {self.host}.")

    def meant_for(self, host: str, tenant: str, path: str, method: str) -> bool:
        if self.method not in ("", method):
            return False
        wanted = WANTED.get(self.kind, "")
        if path.endswith("#consent") and self.kind != "consent_code":
            return False
        return self.host == host and self.tenant in ("", tenant) and self.path in path and wanted in path


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def add(self, kind: str, **options: Any) -> Fault:
        """Order a fault; kinds that only Entra knows need no `host`. ValueError when there is no such fault."""
        if kind in ENTRA:
            options.setdefault("host", "entra")
        fault = Fault(kind, **options)
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        self.waiting.clear()

    def take(self, host: str, tenant: str, path: str, method: str = "") -> Fault | None:
        """The first fault that waits for this request; `path` with its query."""
        for fault in self.waiting:
            if fault.meant_for(host, tenant, path, method):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None
