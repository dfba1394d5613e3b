"""One evidence item of each of the 48 kinds, about the cast of a story."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from simulator.cast import Cast
from simulator.evidence import clouds, endpoint, mail
from simulator.evidence.shapes import Item, file

BUILDERS: Mapping[str, Callable[[Cast], Item]] = {"file": file, **endpoint.BUILDERS, **mail.BUILDERS, **clouds.BUILDERS}
ROLES = {
    "device": ["compromised"],
    "server": ["attacked"],
    "user": ["compromised"],
    "ip": ["attacker"],
    "networkConnection": ["commandAndControl"],
    "dns": ["commandAndControl"],
    "oauthApplication": ["suspicious"],
    "blob": ["destination"],
    "mailbox": ["attacked"],
    "container": ["compromised"],
    "aiAgent": ["attacked"],
}
DETAILED = {"device": ["PrimaryDevice"], "user": ["PrimaryUser"]}
MALICIOUS = {"file", "malware", "url", "fileHash", "analyzedMessage", "mailCluster", "registryValue"}


def item(kind: str, cast: Cast, created: str, verdict: str = "") -> Item:
    """The evidence as the wire has it: the common properties, then its own."""
    judged = verdict or ("malicious" if kind in MALICIOUS else "suspicious")
    common = {
        "createdDateTime": created,
        "verdict": judged,
        "remediationStatus": "active" if kind in MALICIOUS else "none",
        "remediationStatusDetails": None,
        "roles": ROLES.get(kind, []),
        "detailedRoles": DETAILED.get(kind, []),
        "tags": ["Finance"] if kind == "device" and cast.number % 7 == 0 else [],
    }
    return {**common, **BUILDERS[kind](replace(cast, seen_at=created))}
