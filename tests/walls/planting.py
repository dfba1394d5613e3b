"""Hostile text in every field that a page prints, by the ways that real text takes, and how a page must show it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.template.defaultfilters import truncatechars
from django.test import Client
from django.utils import timezone

from accounts import audit
from accounts.models import BreakGlassUse, User
from accounts.visible import shown
from defender.sign_in import printable
from incidents import sync
from incidents.models import Alert, Edit, Gap, Hold, Incident, SyncState
from incidents.rows import text as stored
from incidents.templatetags.ui import source, words
from simulator import cast, records
from simulator.stories import STORIES
from simulator.world import Tenant as Directory
from tenants import connecting, invitations
from tenants.models import CredentialStatus, CustomerGroup, Invitation, InvitationEvent, Tenant

Item = dict[str, Any]
LONGEST_TITLE, LONGEST_TAG, LONGEST_ENUM = 300, 24, 64
# By kind: the properties that a list shows as name and second line.
EVIDENCE: dict[str, Callable[[str, str], Item]] = {
    "file": lambda name, line: {"fileDetails": {"fileName": name, "filePath": line}},
    "user": lambda name, line: {"userAccount": {"userPrincipalName": name, "displayName": line}},
    "mailbox": lambda name, line: {"primaryAddress": name, "displayName": line},
    "process": lambda name, line: {"imageFile": {"fileName": name}, "processCommandLine": line},
    "registryValue": lambda name, line: {"registryValueName": name, "registryValue": line},
    "oauthApplication": lambda name, line: {"displayName": name, "publisher": line},
    "analyzedMessage": lambda name, line: {"subject": name, "recipientEmailAddress": line},
    "device": lambda name, line: {"deviceDnsName": name, "osPlatform": line},
    "url": lambda name, line: {"url": name},
}


class Deal:
    """Hands out payloads; each field begins at another place, so that a few rows try many of them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.places: dict[str, int] = {}
        self.tried: set[tuple[str, str]] = set()

    def __call__(self, into: str) -> str:
        place = self.places.setdefault(into, len(self.places) * 41)
        self.places[into] += 1
        text = self.texts[place % len(self.texts)]
        self.tried.add((into, text))
        return text


@dataclass
class Planted:
    """One item: how the list and its own page must show its texts."""

    microsoft_id: str
    item: Item
    listed: list[str] = field(default_factory=list)
    detailed: list[str] = field(default_factory=list)

    def title(self, text: str) -> str:
        short = truncatechars(shown(stored(text)), LONGEST_TITLE)
        self.listed.append(short)
        self.detailed.append(short)
        return text

    def plain(self, text: str) -> str:
        self.detailed.append(shown(stored(text)))
        return text

    def raw(self, text: str) -> str:
        """A page takes it from the JSON, which keeps what a column cannot."""
        self.detailed.append(shown(text))
        return text

    def word(self, text: str) -> str:
        self.detailed.append(words(stored(text)[:LONGEST_ENUM]))
        return text

    def both(self, text: str) -> str:
        self.listed.append(words(stored(text)[:LONGEST_ENUM]))
        return self.word(text)

    def tag(self, text: str) -> str:
        self.listed.append(truncatechars(shown(stored(text)), LONGEST_TAG))
        return self.plain(text)

    def owner(self, text: str) -> str:
        short = shown(stored(text)).split("@")[0]
        self.listed.append(short)
        self.detailed.append(short)
        return text


def plant_incident(directory: Directory, number: int, deal: Deal, parts: int = 1) -> Planted:
    """An incident with so many alerts, comments and tags."""
    person = cast.drawn(directory.random, directory.id, directory.domain, number, hostile=False)
    at = directory.clock() - timedelta(minutes=number)
    item = records.new_incident(directory.id, at, STORIES[0], person)
    made = Planted(deal("incident.id"), item)
    item |= {
        "id": made.tag(made.microsoft_id), "tenantId": directory.id, "displayName": made.title(deal("incident.title")),
        "description": made.plain("\n".join(deal("incident.description") for _ in range(parts))),
        "severity": made.both(deal("incident.severity")), "classification": made.word(deal("incident.classification")),
        "determination": made.word(deal("incident.determination")), "assignedTo": made.owner(deal("incident.owner")),
        "incidentWebUrl": deal("incident.address"), **state(number, deal, made),
        "customTags": [made.tag(deal("incident.tag")) for _ in range(parts)],
        "systemTags": [made.plain(deal("incident.system_tag")) for _ in range(parts)],
        "comments": [{"comment": made.raw(deal("comment.text")), "createdByDisplayName": made.raw(deal("comment.author")),
                      "createdDateTime": records.wire(at)} for _ in range(parts)],
    }  # fmt: skip
    directory.incidents[item["id"]] = item
    for part in range(parts):
        alert = plant_alert(directory, f"{number}-{part}", item["id"], deal, made)
        directory.grouped[item["id"]].append(alert["id"])
    return made


def state(number: int, deal: Deal, made: Planted) -> Item:
    """One in four is merged, into what nobody knows: only of such a one the page says where it went."""
    if number % 4:
        return {"status": made.both(deal("incident.status")), "redirectIncidentId": deal("incident.redirect")}
    # No other incident has this id, or its page would lead there.
    return {"status": "redirected", "redirectIncidentId": made.plain(f"{deal('incident.redirect')} gone")}


def plant_alert(directory: Directory, identity: str, incident_id: str, deal: Deal, made: Planted) -> Item:
    person = cast.drawn(directory.random, directory.id, directory.domain, 1, hostile=False)
    at = directory.clock()
    item = records.new_alert(directory.id, at, incident_id, STORIES[0], 0, person)
    item |= {
        "id": identity, "tenantId": directory.id, "title": made.plain(deal("alert.title")), "category": deal("alert.category"),
        "description": made.plain(deal("alert.description")), "status": made.word(deal("alert.status")),
        "severity": made.word(deal("alert.severity")), "serviceSource": deal("alert.source"), "alertWebUrl": deal("alert.address"),
        "mitreTechniques": [made.plain(deal("alert.technique"))], "detectionSource": deal("alert.detection"),
        "assignedTo": deal("alert.owner"), "evidence": [evidence(kind, deal, made) for kind in (*EVIDENCE, "")],
    }  # fmt: skip
    made.detailed.append(source(stored(item["serviceSource"])[:LONGEST_ENUM]))
    directory.alerts[identity] = item
    return item


def evidence(kind: str, deal: Deal, made: Planted) -> Item:
    """Of a known kind, or of one whose very name is hostile."""
    name, line = deal(f"{kind}.name"), deal(f"{kind}.line")
    own = {"verdict": made.word(deal("evidence.verdict")), "remediationStatus": made.word(deal("evidence.remediation"))}
    if not kind:
        made.detailed.append(words(stored(name)[:100]))
        return {"@odata.type": f"#microsoft.graph.security.{name}Evidence", **own}
    made.plain(name)
    return {"@odata.type": f"#microsoft.graph.security.{kind}Evidence", **EVIDENCE[kind](name, line), **own}


def plant_alone(directory: Directory, deal: Deal) -> Planted:
    """An alert that belongs to no incident, with an ID of its own choice."""
    made = Planted(deal("alone.id"), {})
    made.tag(made.microsoft_id)
    made.item = plant_alert(directory, made.microsoft_id, "", deal, made)
    made.title(made.item["title"])
    made.listed += [words(stored(made.item["category"])), made.detailed[-1]]
    return made


def plant_foreign(directory: Directory, number: int, deal: Deal) -> str:
    """An alert that names another tenant; the sentence by which it is set aside."""
    claimed = deal("foreign.tenant").strip() or "x"
    made = Planted("", {})
    plant_alert(directory, f"foreign{number}", "", deal, made)["tenantId"] = claimed
    return shown(stored(f"The item belongs to another tenant: {claimed[:64]}"))


def rows_of(planted: Sequence[Planted], model: type[Incident] | type[Alert]) -> dict[str, Planted]:
    """The planted items by the address of their page."""
    wanted = {stored(one.microsoft_id): one for one in planted}
    stored_rows = model.objects.filter(microsoft_id__in=wanted)
    return {row.get_absolute_url(): wanted[row.microsoft_id] for row in stored_rows}


def plant_edit(incident: Incident, deal: Deal) -> Edit:
    """A change that somebody with a hostile name has asked for, with what Microsoft has instead."""
    changes, theirs = ({"customTags": [stored(deal(f"edit.{side}")) for _ in range(2)]} for side in ("mine", "theirs"))
    texts = {name: stored(deal(f"edit.{name}")) for name in ("by", "problem", "changed_by")}
    texts["by"] = texts["by"][:200]
    owner = {"customer_id": incident.customer_id, "tenant_id": incident.tenant_id, "incident": incident}
    return Edit.objects.create(
        **owner, **texts, batch=uuid4(), changes=changes, seen=theirs, theirs=theirs, state="conflict"
    )


def plant_hold(incident: Incident, deal: Deal) -> Hold:
    owner = {"customer_id": incident.customer_id, "tenant_id": incident.tenant_id, "incident": incident}
    by, reason = stored(deal("hold.by"))[:200], stored(deal("hold.reason"))
    Incident.objects.filter(pk=incident.pk).update(held="waiting")
    return Hold.objects.create(**owner, kind="waiting", by=by, reason=reason)


def read(tenant: Tenant) -> None:
    outcome = sync.pull(tenant)
    assert not outcome.error, outcome.error


def plant_customers(client: Client, count: int, deal: Deal) -> list[Invitation]:
    """Customers with hostile names, each asked for approval at a hostile address: through the form."""
    for _ in range(count):
        local = "".join(one for one in deal("invitation.email") if "!" <= one <= "~" and one not in '"\\')[:60] or "x"
        client.post("/tenants/invite", {"name": deal("customer.name"), "email": f'"{local}"@halden.example'})
    return list(Invitation.objects.select_related("customer").order_by("pk"))


def plant_journeys(asked: Sequence[Invitation], deal: Deal) -> None:
    """The invitations in all their states, with what Microsoft and administrators have said."""
    for number, one in enumerate(asked):
        approver = printable(deal("invitation.approver")) or "x"
        fields: dict[str, Any] = {"approver": approver, "entra_id": uuid4(), "error": deal("invitation.error").replace("\0", "")[:500],
                                  "error_code": deal("invitation.code").replace("\0", "")[:40]}  # fmt: skip
        if number % 4 == 1:
            fields |= {"proof_began_at": timezone.now(), "proof_due_at": timezone.now(), "error_kind": "", "error": ""}
        elif number % 4 == 2:
            fields |= {"proof_began_at": timezone.now(), "error_kind": "role_missing"}
        elif number % 4 == 3:
            domain = deal("tenant.domain").replace("\0", "")[:253]
            tenant = connecting.record(one.customer.name, fields["entra_id"], can_write=True, domain=domain)
            fields |= {"used_at": timezone.now(), "tenant": tenant}
            plant_fault(tenant, deal)
        Invitation.objects.filter(pk=one.pk).update(**fields)
        for _ in range(8):
            detail = deal("event.detail").replace("\0", "")
            invitations.note(one, InvitationEvent.Kind.STOPPED, detail, deal("event.code").replace("\0", ""))


def plant_fault(tenant: Tenant, deal: Deal) -> None:
    sync.prepare(tenant)
    error = deal("stream.error").replace("\0", "")[:500]
    SyncState.objects.filter(tenant=tenant, stream="incidents").update(
        error=error, error_kind="storing", error_owner="us", failed_at=timezone.now()
    )


def plant_gaps(tenant: Tenant, deal: Deal, count: int) -> list[str]:
    """Ranges that Microsoft cannot list, for reasons in its own words."""
    own = {"customer_id": tenant.customer_id, "tenant": tenant, "kind": Gap.Kind.POISON}
    made = [
        Gap.objects.create(
            **own, stream=stored(deal("gap.stream"))[:20], low=str(number), reason=stored(deal("gap.reason"))
        )
        for number in range(count)
    ]
    return [shown(text) for gap in made for text in (gap.stream, gap.reason)]


def plant_groups(deal: Deal, count: int) -> list[CustomerGroup]:
    names = [printable(deal("group.name"))[:90] for _ in range(count)]
    return [CustomerGroup.objects.create(name=f"{number} {name}") for number, name in enumerate(names)]


def plant_records(deal: Deal, count: int) -> tuple[str, str, list[str]]:
    """A use of the break-glass account, a credential's problem, lines of the audit trail: as pages must show them."""
    used = BreakGlassUse.objects.create(username=printable(deal("alarm.name"))[:150], address=deal("alarm.place")[:64])
    problem = printable(deal("credential.problem"))[:300]
    CredentialStatus.objects.create(setting="ENTRA_CERTIFICATE", problem=problem)
    lines = []
    for _ in range(count):
        name, label, before = deal("audit.actor"), deal("audit.label"), deal("audit.before")
        by = audit.Actor(audit.Kind.STAFF, name)
        audit.record("export", audit.Subject("customer", "1", label), before={"was": before}, by=by)
        lines += [shown(audit.clean(name)[:200]), truncatechars(shown(audit.clean(label)[:300]), 120)]
    return shown(used.username), shown(problem), lines


def plant_people(deal: Deal, count: int) -> list[User]:
    """People of the provider whom their directory gave a hostile name."""
    return [
        User.objects.create_user(f"p{number}", name=printable(deal("user.name")) or "x", role=User.Role.ADMINISTRATOR)
        for number in range(count)
    ]
