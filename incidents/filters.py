"""What the address of the queue asks for; the address is the whole state of the page."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from incidents.models import Incident

VIEWS = {
    "open": _("All open"),
    "resolved": _("Resolved"),
    "all": _("All"),
}
SEVERITIES = list(Incident.Severity.values)
STATUSES = list(Incident.Status.values)
KEYS = {"view", "q", "tenant", "severity", "status", "after"}
LONGEST_TEXT = 200


@dataclass(frozen=True)
class Filters:
    """The filters that were understood, and what of the address was not."""

    view: str = "open"
    q: str = ""
    tenant: tuple[int, ...] = ()
    severity: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    after: str = ""
    ignored: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        return bool(self.q or self.tenant or self.severity or self.status)

    @property
    def left_out(self) -> str:
        return ", ".join(self.ignored)

    def query(self, **changes: object) -> str:
        """The address of this state with some of it changed; the page begins anew."""
        values = {"view": self.view, "q": self.q, "tenant": self.tenant, "severity": self.severity,
                  "status": self.status, **changes}  # fmt: skip
        if values["view"] == "open":
            values.pop("view")
        text = urlencode({key: value for key, value in values.items() if value}, doseq=True)
        return f"?{text}" if text else "?"


def from_address(query: QueryDict) -> Filters:
    """Read an address; what is unknown is left out and named, never an error."""
    ignored = [key for key in query if key not in KEYS]
    view = query.get("view", "open")
    if view not in VIEWS:
        ignored.append(f"view={view[:40]}")
        view = "open"
    return Filters(
        view=view,
        q=query.get("q", "").strip()[:LONGEST_TEXT],
        tenant=tuple(int(value) for value in known(query, "tenant", ignored)),
        severity=known(query, "severity", ignored, SEVERITIES),
        status=known(query, "status", ignored, STATUSES),
        after=query.get("after", "")[:100],
        ignored=tuple(name[:60] for name in ignored),
    )


def known(query: QueryDict, key: str, ignored: list[str], allowed: Iterable[str] = ()) -> tuple[str, ...]:
    """The values that are among those allowed, or without such a list the small whole numbers; the rest is named."""
    values = [value for value in query.getlist(key) if value]
    choices = list(allowed)
    good = [value for value in values if (value in choices if choices else is_number(value))]
    ignored += [f"{key}={value[:40]}" for value in values if value not in good]
    return tuple(good)


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
