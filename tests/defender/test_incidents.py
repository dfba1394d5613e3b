"""The calls for single items: paths, bodies and what comes back."""

import json

import httpx
import pytest

from defender import errors, incidents

BASE = "https://graph.microsoft.com/v1.0/security/"


def answering(microsoft, body: object) -> None:
    microsoft.answer = lambda request: httpx.Response(200, json=body)


@pytest.mark.parametrize(("call", "path"), [(incidents.incident, "incidents/"), (incidents.alert, "alerts_v2/")])
def test_an_item_is_read_by_its_id(microsoft, call, path):
    answering(microsoft, {"id": "29"})
    assert call(microsoft.graph(), "29").id == "29"
    assert str(microsoft.asked()[0].url) == BASE + path + "29"


@pytest.mark.parametrize("odd", ["a/b", "a?b#c", "../users", "a b", "é", "a%2fb", "da637_-9"])
def test_an_odd_id_stays_one_segment(microsoft, odd):
    answering(microsoft, {"id": odd})
    incidents.incident(microsoft.graph(), odd)
    url = microsoft.asked()[0].url
    assert url.raw_path.count(b"/") == 4 and not url.query and url.path == f"/v1.0/security/incidents/{odd}"


@pytest.mark.parametrize("bad", ["", ".", "..", "a\nb", "a\x00", "\ud800"])
def test_an_id_that_leads_elsewhere_is_never_asked(microsoft, bad):
    with pytest.raises(errors.RequestRejected):
        incidents.update_incident(microsoft.graph(), bad, {"status": "resolved"})
    assert microsoft.requests == []


@pytest.mark.parametrize("body", [{}, {"id": None}, {"value": []}])
def test_an_answer_that_is_no_item_is_microsofts_fault(microsoft, body):
    answering(microsoft, body)
    with pytest.raises(errors.MicrosoftFault, match="no id"):
        incidents.incident(microsoft.graph(), "29")


def test_an_update_sends_only_what_changes(microsoft):
    answering(microsoft, {"id": "29", "status": "resolved"})
    assert incidents.update_incident(microsoft.graph(), "29", {"status": "resolved"}).value.status == "resolved"
    assert incidents.update_alert(microsoft.graph(), "a", {"assignedTo": None}).id == "29"
    first, second = microsoft.asked()
    assert (first.method, json.loads(first.content)) == ("PATCH", {"status": "resolved"})
    assert second.url.path.endswith("/alerts_v2/a") and json.loads(second.content) == {"assignedTo": None}


@pytest.mark.parametrize("call", [incidents.comment_incident, incidents.comment_alert])
def test_a_comment_comes_back_with_all_others_even_when_one_is_odd(microsoft, call):
    answering(microsoft, {"value": [{"comment": "old", "createdBy": "x"}, 5, {"comment": 7}, {"comment": "new"}]})
    found = call(microsoft.graph(), "29", "new \ud800")
    assert [comment.comment for comment in found] == ["old", None, "new"]
    sent = microsoft.asked()[0]
    assert sent.url.path.endswith("/29/comments") and json.loads(sent.content)["comment"] == "new \ud800"


def test_the_alerts_of_an_incident_are_read_over_all_pages(microsoft):
    link = BASE + "incidents/29/alerts?$skiptoken=x"
    bodies = iter([{"value": [{"id": "a"}, {}], "@odata.nextLink": link}, {"value": [{"id": "b"}]}])
    microsoft.answer = lambda request: httpx.Response(200, json=next(bodies))
    good, broken = incidents.alerts_of(microsoft.graph(), "29")
    assert [record.id for record in good] == ["a", "b"] and len(broken) == 1
    microsoft.answer = lambda request: httpx.Response(200, json={"value": [], "@odata.nextLink": link})
    with pytest.raises(errors.MicrosoftFault, match="again and again"):
        incidents.alerts_of(microsoft.graph(), "29")
