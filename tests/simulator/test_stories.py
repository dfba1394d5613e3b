"""A story's title, alerts and evidence tell of the same people, machines and addresses."""

import ipaddress
import json
import re
from typing import Any

import pytest

from simulator import evidence
from simulator.stories import STORIES, Story
from simulator.tenant import Tenant
from tests.simulator.conftest import Cloud

SOURCES = {
    "microsoftDefenderForEndpoint", "microsoftDefenderForIdentity", "microsoftDefenderForCloudApps",
    "microsoftDefenderForOffice365", "microsoft365Defender", "azureAdIdentityProtection", "microsoftAppGovernance",
    "dataLossPrevention", "microsoftDefenderForCloud", "microsoftSentinel", "microsoftInsiderRiskManagement",
    "microsoftThreatIntelligence", "microsoftSecurityForAI",
}  # fmt: skip


def words(template: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", template)


def text_of(value: Any) -> str:
    """All text within, with nothing escaped."""
    if isinstance(value, dict):
        return " ".join(text_of(entry) for entry in value.values())
    return " ".join(text_of(entry) for entry in value) if isinstance(value, list) else str(value)


@pytest.mark.parametrize("hostile", [False, True])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.kind)
def test_every_name_in_a_title_occurs_in_the_evidence(
    cloud: Cloud, stellan: Tenant, story: Story, hostile: bool
) -> None:
    number = stellan.add_story(story=story, hostile=hostile)["id"]
    cloud.world.advance(3600)
    cast, alerts = stellan.casts[number], stellan.alerts_of(number)
    assert len(alerts) == len(story.steps)
    found = text_of([alert["evidence"] for alert in alerts])
    assert [word for word in words(story.title) if str(getattr(cast, word)) not in found] == []
    for step, alert in zip(story.steps, alerts, strict=True):
        own = text_of(alert["evidence"])
        assert [word for word in words(step.title) if str(getattr(cast, word)) not in own] == []


def test_the_stories_cover_every_source_and_severity() -> None:
    assert {story.source for story in STORIES} == SOURCES
    assert {story.severity for story in STORIES} == {"unknown", "informational", "low", "medium", "high"}
    assert {kind for story in STORIES for step in story.steps for kind in step.evidence} == set(evidence.BUILDERS)


@pytest.mark.parametrize("name", ["Stellan Manufacturing", "Nordfjord Sparebank", "Halden Energi"])
def test_every_evidence_type_occurs_in_each_large_customer(history: Cloud, name: str) -> None:
    alerts = history.world.tenant(name).alerts.values()
    assert len({item["@odata.type"] for alert in alerts for item in alert["evidence"]}) == 48


def test_no_two_incidents_are_alike(history: Cloud) -> None:
    told = [
        (item["displayName"], json.dumps([alert["evidence"] for alert in tenant.alerts_of(number)]))
        for tenant in history.world.tenants.values()
        for number, item in tenant.incidents.items()
        if item["status"] != "redirected"
    ]
    assert len(set(told)) == len(told)


def test_a_share_of_the_incidents_is_hostile_but_valid_text(history: Cloud) -> None:
    titles = " ".join(
        item["displayName"] for tenant in history.world.tenants.values() for item in tenant.incidents.values()
    )
    for sign in ("<script>", "\u202e", "\u200b", "\r\n", "=cmd|", "🦉", '"><img'):
        assert sign in titles
    assert "\x00" not in titles
    assert (
        max(len(item["displayName"]) for tenant in history.world.tenants.values() for item in tenant.incidents.values())
        > 1500
    )


def test_no_address_belongs_to_anybody(history: Cloud) -> None:
    seen = text_of([list(tenant.alerts.values()) for tenant in list(history.world.tenants.values())[:4]])
    addresses = set(re.findall(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", seen)) - {"0.0.0.0", "255.255.255.255"}
    assert len(addresses) > 100
    assert [found for found in addresses if not ipaddress.ip_address(found).is_private] == []
    hosts = set(re.findall(r"https?://([^/\s:\"']+)", seen)) - {"security.microsoft.com"}
    assert [host for host in hosts if not host.endswith(".example")] == []
