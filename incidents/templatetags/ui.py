"""How Microsoft's values look: words for enums, times in the person's zone, links to its own portal only."""

import re
from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.visible import shown
from defender.shapes import moment
from incidents.models import Incident

register = template.Library()

SEVERITY = {"high": "high", "medium": "medium", "low": "low", "informational": "info"}
STATUS = {
    "active": ("new", gettext_lazy("New")),
    "new": ("new", gettext_lazy("New")),
    "inProgress": ("active", gettext_lazy("In progress")),
    "awaitingAction": ("waiting", gettext_lazy("Awaiting action")),
    "resolved": ("resolved", gettext_lazy("Resolved")),
    "redirected": ("resolved", gettext_lazy("Merged")),
}
KINDS = {
    "device": "monitor", "user": "user", "ip": "network", "file": "file", "process": "cpu", "url": "link",
    "mailbox": "mail", "analyzedMessage": "mail", "submissionMail": "mail", "mailCluster": "mails",
    "oauthApplication": "app-window", "cloudApplication": "cloud", "malware": "bug", "securityGroup": "users",
}  # fmt: skip
# No port, nobody's name before the host, and no character that a browser reads as another one.
DEFENDER = re.compile(
    r"https://([a-z0-9-]+\.)*security\.microsoft\.(com|us)([/?#][!-\[\]-~]*)?", re.ASCII | re.IGNORECASE
)
SHORT = {"microsoftDefenderFor": "", "microsoft365Defender": "Defender XDR", "microsoft": "", "azureAd": ""}


@register.filter
def words(value: str | None) -> str:
    """A camelCase member as words; one that is unknown here reads no worse."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", shown(value)).strip()
    return spaced[:1].upper() + spaced[1:].lower()


@register.filter
def source(value: str | None) -> str:
    """The product's short name."""
    text = value or ""
    for prefix, replacement in SHORT.items():
        if text.startswith(prefix):
            return replacement if replacement else words(text.removeprefix(prefix))
    return words(text)


@register.simple_tag
def severity(value: str) -> SafeString:
    known = SEVERITY.get(value, "info")
    label = dict(Incident.Severity.choices).get(value) or words(value) or _("Unknown")
    return format_html(
        '<span class="sev sev--{}"><svg class="sev-i" aria-hidden="true"><use href="#sev-{}"/></svg>'
        '<span class="sev-t">{}</span></span>', known, known, label,
    )  # fmt: skip


@register.simple_tag
def status(value: str) -> SafeString:
    glyph, label = STATUS.get(value, ("new", words(value) or _("Unknown")))
    return format_html(
        '<span class="st st--{}"><svg class="i" aria-hidden="true"><use href="#st-{}"/></svg>{}</span>',
        glyph,
        glyph,
        label,
    )


@register.simple_tag
def owner(value: str) -> SafeString:
    if not value:
        return format_html('<span class="who who--none"><span class="who-n">{}</span></span>', _("Unassigned"))
    name = shown(value)
    letters = "".join(part[:1] for part in re.split(r"[.\s_-]+", name.split("@")[0])[:2]).upper()
    return format_html(
        '<span class="who"><span class="av" aria-hidden="true">{}</span>'
        '<span class="who-n" title="{}">{}</span></span>',
        letters, name, name.split("@")[0],
    )  # fmt: skip


@register.simple_tag
def when(at: datetime | None, mode: str = "short") -> SafeString:
    """A time: `short` in lists, `ago` or `clock` in sentences, `full` in details; the tooltip always has it all."""
    if at is None:
        return format_html('<span class="muted">{}</span>', "–")
    at = timezone.localtime(at)
    text = worded(at, mode)
    everywhere = to_the_second(at.astimezone(UTC))
    here = "" if at.tzname() == "UTC" else f"{to_the_second(at)} · "
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", here + everywhere, text
    )


def worded(at: datetime, mode: str) -> str:
    if mode == "full":
        return f"{at.day} {at:%b %Y, %H:%M %Z}"
    if mode == "clock":
        today = timezone.localdate()
        year = "" if at.year == today.year else f" {at.year}"
        return f"{at:%H:%M}" if at.date() == today else f"{at.day} {at:%b}{year}, {at:%H:%M}"
    return relative(at, ago=mode == "ago")


def to_the_second(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M:%S %Z}"


def relative(at: datetime, *, ago: bool) -> str:
    age = timezone.now() - at
    if age > timedelta(days=3):
        return f"{at.day} {at:%b}"
    seconds = max(int(age.total_seconds()), 0)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            text = f"{seconds // size} {unit}"
            return _("%(time)s ago") % {"time": text} if ago else text
    return _("just now") if ago else _("now")


@register.filter(name="moment")
def moment_of(text: str) -> datetime | None:
    """A time as Microsoft writes it; None when it cannot be read."""
    return moment(text)


@register.filter
def kind_icon(kind: str) -> str:
    return KINDS.get(kind, "box")


@register.filter
def defender_link(address: str) -> str:
    """The address when it leads to Microsoft Defender, '' otherwise: it comes from outside like any other text."""
    return address if DEFENDER.fullmatch(address) else ""
