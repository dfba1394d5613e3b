"""What is stored is found by its words, whichever of an incident and its alerts comes first."""

import json

import pytest
from django.contrib.postgres.search import SearchQuery

from defender.shapes import reading
from incidents import store
from incidents.models import Alert, Incident

pytestmark = pytest.mark.django_db


def incident(**fields):
    return reading.incident(json.dumps({"id": "7", "displayName": "Ransom note", **fields}).encode())


def alert(**fields):
    host = {"@odata.type": "#microsoft.graph.security.deviceEvidence", "hostName": "pc1", "osBuild": "x"}
    return reading.alert(
        json.dumps({"id": "a", "incidentId": "7", "title": "Encoder", "evidence": [host], **fields}).encode()
    )


def found(word):
    return Incident.objects.filter(search=SearchQuery(word, config="simple")).count()


def test_a_new_incident_is_found_by_its_own_words(tenant):
    store.store(tenant, "incidents", [incident(customTags=["vip"])])
    assert (found("ransom"), found("vip"), found("pc1")) == (1, 1, 0)


@pytest.mark.parametrize("first", ["incidents", "alerts"])
def test_an_incident_shows_its_alerts_whichever_comes_first(tenant, first):
    items = {"incidents": incident(), "alerts": alert()}
    for stream in sorted(items, key=lambda stream: stream != first):
        store.store(tenant, stream, [items[stream]])
    assert (found("ransom"), found("encoder"), found("pc1")) == (1, 1, 1)
    shown = Incident.objects.get()
    assert (shown.alert_count, shown.device_count) == (1, 1)
    assert Alert.objects.get().partly_read


def test_a_title_longer_than_a_search_may_be_is_stored_all_the_same(tenant):
    long = " ".join(f"word{number}" for number in range(200_000))
    assert store.store(tenant, "incidents", [incident(displayName=long)]).created == 1
    assert found("word9") == 1
    assert Incident.objects.get().title == long
