"""What happens by itself while the clock goes on: each event makes or changes things at its own time.

What comes of an incident is drawn from the incident's own number, so that neither the size of the clock's steps
nor what a client changes meanwhile alters the rest of the world.
"""

from datetime import datetime, timedelta

from simulator import cast as casting
from simulator.records import Item, comment, wire
from simulator.stories import ALONE
from simulator.tenant import Tenant, chances

PAIRS = (
    ("truePositive", "maliciousUserActivity"),
    ("truePositive", "malware"),
    ("truePositive", "phishing"),
    ("truePositive", "compromisedAccount"),
    ("truePositive", "multiStagedAttack"),
    ("falsePositive", "notMalicious"),
    ("falsePositive", "notEnoughDataToValidate"),
    ("informationalExpectedActivity", "securityTesting"),
    ("informationalExpectedActivity", "confirmedActivity"),
    ("informationalExpectedActivity", "lineOfBusinessApplication"),
)
NOTES = (
    "Checked with the owner of the device and closed.",
    "Password reset, sessions revoked, no further sign-ins.",
    "The file is part of a tool that we use. Rule adjusted.",
    "Same sender as last week, domain blocked now.",
    "A planned test. Expected.",
    '<img src=x onerror=alert(1)> =HYPERLINK("https://x.phish.example") \u202e',
)


def plan_next(tenant: Tenant, at: datetime) -> None:
    """An incident every so often; two nights in three wait for the next morning."""
    if tenant.rate:
        due = at + timedelta(days=tenant.random.expovariate(tenant.rate))
        if due.hour < 6 and tenant.random.random() < 0.66:
            due += timedelta(hours=tenant.random.uniform(6, 11))
        tenant.plan(due, lambda when: happen(tenant, when))


def happen(tenant: Tenant, at: datetime) -> None:
    plan_next(tenant, at)
    happen_once(tenant, at)


def happen_once(tenant: Tenant, at: datetime) -> Item:
    """An incident that is taken up and ends as any other, without a next one."""
    incident = tenant.add_story(at)
    plan_ending(tenant, at, incident["id"])
    return incident


def plan_alone(tenant: Tenant, at: datetime) -> None:
    """Some policies raise alerts that belong to no incident; one every nine days or so."""
    tenant.plan(at + timedelta(days=9), lambda when: happen_alone(tenant, when))


def happen_alone(tenant: Tenant, at: datetime) -> None:
    plan_alone(tenant, at)
    number = next(tenant.numbers)
    person = casting.drawn(chances(tenant, number), tenant.id, tenant.domain, number, hostile=False)
    tenant.add_alert(at, "", ALONE[number % len(ALONE)], 0, person)


def plan_ending(tenant: Tenant, at: datetime, incident_id: str) -> None:
    """Four in a hundred are merged into the one before, most are taken up and resolved, the rest stay open."""
    chance = chances(tenant, f"{incident_id}/ending")
    fate = chance.random()
    owner = casting.person(tenant.id, chance.randrange(4))[1] + f"@{tenant.domain}"
    hours, later = chance.uniform(0.5, 8), chance.uniform(9, 200)
    pair, note = chance.choice(PAIRS), chance.choice(NOTES)
    if fate < 0.04:
        before = str(int(incident_id) - 1)
        tenant.plan(at + timedelta(minutes=25), lambda when: merge(tenant, when, incident_id, before))
    elif fate < 0.93:
        tenant.plan(at + timedelta(hours=hours), lambda when: take(tenant, when, incident_id, owner))
        tenant.plan(at + timedelta(hours=later), lambda when: resolve(tenant, when, incident_id, pair, note))
    elif fate < 0.96:
        tenant.plan(at + timedelta(hours=hours), lambda when: await_action(tenant, when, incident_id))


def take(tenant: Tenant, at: datetime, incident_id: str, owner: str) -> None:
    if tenant.status(incident_id) == "active":
        tenant.touch(incident_id, at, status="inProgress", assignedTo=owner, lastModifiedBy=owner)
        for alert in tenant.alerts_of(incident_id):
            alert |= {"status": "inProgress", "assignedTo": owner, "lastUpdateDateTime": wire(at, 6)}


def await_action(tenant: Tenant, at: datetime, incident_id: str) -> None:
    """Microsoft's experts have a question."""
    if tenant.status(incident_id) in ("active", "inProgress"):
        question = comment("Please confirm that the device may be isolated.", "Microsoft Defender Experts", at)
        said = [*tenant.incidents[incident_id]["comments"], question]
        tenant.touch(incident_id, at, status="awaitingAction", assignedTo="Customer", comments=said)


def resolve(tenant: Tenant, at: datetime, incident_id: str, pair: tuple[str, str], note: str) -> None:
    if tenant.status(incident_id) in ("active", "inProgress"):
        incident = tenant.incidents[incident_id]
        by = incident["assignedTo"] or "Automation"
        said = [*incident["comments"], comment(note, by, at)]
        tenant.touch(
            incident_id,
            at,
            status="resolved",
            classification=pair[0],
            determination=pair[1],
            comments=said,
            resolvingComment=note,
            lastModifiedBy=by,
        )
        tenant.resolve_alerts(at, incident_id, pair)


def merge(tenant: Tenant, at: datetime, loser: str, before: str) -> None:
    """Only open incidents without an owner are merged, as correlation does it."""
    target = tenant.survivor(before)
    if tenant.status(target) == tenant.status(loser) == "active" and target != loser:
        tenant.merge(at, loser, target)
