"""A number is believed only when it can be one."""

import httpx
import pytest

from defender import counting, errors
from defender.incidents import INCIDENTS

LOW, HIGH = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def counted(microsoft, answer):
    microsoft.answer = lambda request: answer
    return counting.created(microsoft.graph(), INCIDENTS, LOW, HIGH)


def test_one_small_request_asks_for_the_number_of_a_day(microsoft):
    assert counted(microsoft, httpx.Response(200, json={"@odata.count": 412, "value": [{"id": "1"}]})) == 412
    assert [dict(request.url.params) for request in microsoft.asked()] == [
        {"$filter": f"createdDateTime ge {LOW} and createdDateTime lt {HIGH}", "$top": "1", "$count": "true"}
    ]


def test_no_incident_is_a_number_too(microsoft):
    assert counted(microsoft, httpx.Response(200, json={"@odata.count": 0, "value": []})) == 0


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"value": [{"id": "1"}]}),
        httpx.Response(200, json={"@odata.count": 0, "value": [{"id": "1"}]}),
        httpx.Response(200, json={"@odata.count": -1, "value": []}),
        httpx.Response(200, json={"@odata.count": "412", "value": []}),
        httpx.Response(200, json={"@odata.count": True, "value": []}),
        httpx.Response(200, json={"@odata.count": 1}),
        httpx.Response(400, json={"error": {"code": "BadRequest", "message": "$count is not supported."}}),
    ],
)
def test_what_cannot_be_a_number_is_none(microsoft, answer):
    assert counted(microsoft, answer) is None


def test_a_failure_is_no_missing_number(microsoft):
    with pytest.raises(errors.Throttled):
        counted(microsoft, httpx.Response(429, json={}))
