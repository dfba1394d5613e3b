"""One request to Graph: what is sent, what is refused, and what each refusal of Graph's means."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from defender import errors, graph, graph_errors


def answering(microsoft, status: int, body: object = None, **headers: str) -> None:
    content = json.dumps(body).encode() if not isinstance(body, bytes) else body
    microsoft.answer = lambda request: httpx.Response(status, content=content, headers=headers)


def refusal(microsoft, status: int, body: object = None, **headers: str) -> errors.DefenderError:
    answering(microsoft, status, body, **headers)
    with pytest.raises(errors.DefenderError) as caught:
        microsoft.graph().get("/security/incidents")
    return caught.value


def error(code: str, message: str = "") -> dict[str, object]:
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "r-1"}}}


def test_a_request_carries_token_preference_and_an_id_of_its_own(microsoft):
    client = microsoft.graph()
    client.get("/security/incidents", filter="status eq 'active'", top=5, orderby="x asc")
    client.get("/security/incidents")
    first, second = microsoft.asked()
    assert dict(first.url.params) == {"$filter": "status eq 'active'", "$top": "5", "$orderby": "x asc"}
    assert first.headers["Prefer"] == "include-unknown-enum-members"
    assert first.headers["Authorization"].startswith("Bearer ") and "gzip" in first.headers["Accept-Encoding"]
    assert first.headers["client-request-id"] != second.headers["client-request-id"]
    assert "Authorization" not in microsoft.http.headers


def test_a_401_is_tried_once_more_with_a_fresh_token(microsoft):
    microsoft.answer = lambda request: httpx.Response(401 if microsoft.issued == 1 else 200, json={"value": []})
    assert microsoft.graph().get("/security/incidents") == b'{"value":[]}'
    answering(microsoft, 401, error("InvalidAuthenticationToken"))
    microsoft.requests.clear()
    with pytest.raises(errors.MicrosoftFault):
        microsoft.graph().get("/security/incidents")
    assert len(microsoft.asked()) == 2


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("-3", 0),
        ("1.5", 1.5),
        ("86400", 3600),
        ("inf", 3600),
        ("nan", None),
        ("soon", None),
        (None, None),
    ],
)
def test_retry_after_is_read_and_bounded(microsoft, value, seconds):
    headers = {"Retry-After": value} if value is not None else {}
    found = refusal(microsoft, 429, {}, **headers)
    assert isinstance(found, errors.Throttled) and found.retry_after == seconds


@pytest.mark.parametrize("distance", [-60, 0, 90, 999_999])
def test_retry_after_may_be_a_date(distance):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    text = format_datetime(now + timedelta(seconds=distance), usegmt=True)
    assert graph_errors.retry_after(text, lambda: now) == min(max(distance, 0), 3600)


def test_nothing_is_retried_by_itself(microsoft):
    for status in (429, 500, 503, 504):
        microsoft.requests.clear()
        refusal(microsoft, status, b"<html>")
        assert len(microsoft.asked()) == 1


MISSING = "Missing application roles. API required roles: {}, application roles: Policy.Read.All."


def test_a_403_names_the_role_that_the_token_lacks(microsoft):
    found = refusal(
        microsoft, 403, error("Forbidden", MISSING.format("SecurityAlert.Read.All,SecurityAlert.ReadWrite.All"))
    )
    assert isinstance(found, errors.RoleMissing) and found.roles == ("SecurityAlert.Read.All",)
    assert (found.request_id, found.owner) == ("r-1", "customer") and "SecurityAlert.Read.All" in str(found)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Forbidden", MISSING.format("SecurityIncident.Read.All")),
        ("UnknownError", ""),
        ("Forbidden", "Tenant is not onboarded"),
        ("Forbidden", ""),
    ],
)
def test_a_403_with_the_role_in_the_token_is_a_missing_licence(microsoft, code, message):
    assert isinstance(refusal(microsoft, 403, error(code, message)), errors.LicenceMissing)


def test_a_403_for_a_token_without_roles_is_a_missing_role(microsoft):
    microsoft.claims.pop("roles")
    assert isinstance(refusal(microsoft, 403, error("Forbidden")), errors.RoleMissing)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, error("NotFound"), errors.NotFound),
        (400, error("BadRequest", "nonsense"), errors.RequestRejected),
        (400, error("BadRequest", "SkipToken not allowed"), errors.SkipTokenRefused),
        (410, error("Gone"), errors.SkipTokenRefused),
        (500, b"<html>", errors.ServerFault),
        (503, b"", errors.ServerFault),
        (302, b"", errors.Untrustworthy),
        (200, b"<html>login</html>", errors.Unreadable),
        (200, b"", errors.Unreadable),
        (200, b"[]", errors.Unreadable),
    ],
)
def test_each_status_has_its_class(microsoft, status, body, kind):
    found = refusal(microsoft, status, body)
    assert type(found) is kind
    assert str(found).endswith(".") and "<" not in str(found)


def test_a_refused_page_size_says_the_limit(microsoft):
    text = "The limit of '50' for Top query has been exceeded. The value from the incoming request is '100'."
    found = refusal(microsoft, 400, error("BadRequest", text))
    assert isinstance(found, errors.PageSizeRefused) and found.limit == 50


def test_a_partial_answer_is_no_answer(microsoft):
    found = refusal(microsoft, 206, {"value": []}, Warning="199 - Vendor/Provider/504/10000")
    assert type(found) is errors.MicrosoftFault


def test_a_body_is_bounded_after_unpacking(microsoft, monkeypatch):
    monkeypatch.setattr(graph, "LARGEST_BODY", 1000)
    packed = gzip.compress(b'{"value": "' + b" " * 5000 + b'"}')
    found = refusal(microsoft, 200, packed, **{"Content-Encoding": "gzip"})
    assert type(found) is errors.TooLarge


def test_a_body_that_trickles_past_the_deadline_is_given_up(microsoft, monkeypatch):
    monkeypatch.setattr(graph, "DEADLINE_SECONDS", -1.0)
    found = refusal(microsoft, 200, {"value": []})
    assert type(found) is errors.Unreachable and "longer" in str(found)


def test_network_errors_and_cut_bodies_are_unreachable(microsoft):
    def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("peer closed connection", request=request)

    microsoft.answer = cut
    with pytest.raises(errors.Unreachable):
        microsoft.graph().get("/security/incidents")
    assert isinstance(refusal(microsoft, 200, b"no gzip", **{"Content-Encoding": "gzip"}), errors.MicrosoftFault)


def test_every_captured_error_body_has_a_class(microsoft, samples):
    for sample in json.loads((samples / "graph" / "error_bodies.json").read_text()):
        body = sample["body"] if "body" in sample else sample["body_text"].encode()
        found = refusal(microsoft, sample["http"] if sample["http"] >= 400 else 200, body, **sample.get("headers", {}))
        assert found.kind != "error", sample["name"]
