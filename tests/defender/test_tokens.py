"""Tokens are asked for once, checked before they are used, and never mixed between tenants."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from defender import errors
from defender.tokens import Credential

TENANT = "11111111-1111-4111-8111-111111111111"
GRAPH_APP = "00000003-0000-0000-c000-000000000000"


def refusal(code: int, status: int = 400, error: str = "invalid_client"):
    body = {"error": error, "error_description": f"AADSTS{code}: Something.", "error_codes": [code]}
    return lambda request: httpx.Response(status, json=body)


def test_a_token_carries_tenant_roles_and_expiry(microsoft):
    token = microsoft.tokens().token(TENANT)
    assert (token.tenant_id, token.roles) == (TENANT, {"SecurityIncident.Read.All"})
    assert timedelta(minutes=50) < token.expires_at - datetime.now(UTC) < timedelta(minutes=61)


def test_a_second_token_comes_from_memory_and_a_fresh_one_from_entra(microsoft):
    tokens = microsoft.tokens()
    assert tokens.token(TENANT).value == tokens.token(TENANT.upper()).value
    assert microsoft.issued == 1
    tokens.token(TENANT, fresh=True)
    assert microsoft.issued == 2


def test_a_token_without_roles_is_asked_for_again(microsoft):
    tokens = microsoft.tokens()
    roles = microsoft.claims.pop("roles")
    assert tokens.token(TENANT).roles == frozenset()
    microsoft.claims["roles"] = roles
    assert tokens.token(TENANT).roles == set(roles)


def test_a_refusal_is_not_replayed_after_consent_was_given(microsoft):
    tokens, issue = microsoft.tokens(), microsoft.token
    microsoft.token = refusal(700016)
    with pytest.raises(errors.ConsentMissing):
        tokens.token(TENANT)
    microsoft.token = issue
    assert tokens.token(TENANT).roles


@pytest.mark.parametrize("audience", ["https://graph.microsoft.com", "https://graph.microsoft.com/", GRAPH_APP])
def test_the_audiences_of_graph_are_accepted(microsoft, audience):
    microsoft.claims["aud"] = audience
    assert microsoft.tokens().token(TENANT).value


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("tid", "33333333-3333-4333-8333-333333333333"),
        ("tid", None),
        ("aud", "https://api.security.microsoft.com"),
        ("aud", None),
        ("appid", "33333333-3333-4333-8333-333333333333"),
        ("appid", None),
    ],
)
def test_a_token_for_somebody_else_is_refused_and_forgotten(microsoft, claim, value):
    tokens, right = microsoft.tokens(), microsoft.claims[claim]
    microsoft.claims[claim] = value
    with pytest.raises(errors.Untrustworthy):
        tokens.token(TENANT)
    microsoft.claims[claim] = right
    assert tokens.token(TENANT).value


def test_an_application_id_may_be_written_in_capitals(microsoft):
    microsoft.claims["appid"] = microsoft.claims["appid"].upper()
    assert microsoft.tokens().token(TENANT).value


@pytest.mark.parametrize(
    "text", ["", "common", "contoso.com", "{" + TENANT + "}", TENANT.replace("-", ""), TENANT + "\n"]
)
def test_only_a_guid_names_a_directory(microsoft, text):
    with pytest.raises(ValueError, match="is not a directory"):
        microsoft.tokens().token(text)
    assert microsoft.requests == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (7000215, errors.CredentialRejected),
        (700027, errors.CredentialRejected),
        (7000222, errors.CredentialExpired),
        (700024, errors.ClockSkew),
        (700016, errors.ConsentMissing),
        (7000229, errors.ConsentMissing),
        (65001, errors.ConsentMissing),
        (7000112, errors.AppDisabled),
        (90002, errors.TenantNotFound),
        (90038, errors.WrongCloud),
        (53003, errors.BlockedByPolicy),
        (500011, errors.LicenceMissing),
        (70011, errors.RequestRejected),
        (90055, errors.Throttled),
        (90033, errors.MicrosoftFault),
    ],
)
def test_each_known_code_has_its_class(microsoft, code, kind):
    microsoft.token = refusal(code)
    with pytest.raises(kind, match=f"AADSTS{code}") as caught:
        microsoft.tokens().token(TENANT)
    assert caught.value.code == f"AADSTS{code}"


def test_an_unknown_code_blames_neither_our_credential_nor_the_customer(microsoft):
    microsoft.token = refusal(123456789 // 10, 401)
    with pytest.raises(errors.MicrosoftFault) as caught:
        microsoft.tokens().token(TENANT)
    assert caught.value.owner == "microsoft"


def test_a_throttled_entra_says_how_long_to_wait(microsoft):
    microsoft.token = lambda request: httpx.Response(429, headers={"Retry-After": "17"}, text="slow down")
    with pytest.raises(errors.Throttled) as caught:
        microsoft.tokens().token(TENANT)
    assert caught.value.retry_after == 17


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503, text="<html>"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(302, headers={"Location": "https://example.org"}, json={}),
    ],
)
def test_what_is_no_answer_of_entras_is_microsofts_fault(microsoft, answer):
    microsoft.discovery = lambda request: answer
    with pytest.raises(errors.MicrosoftFault):
        microsoft.tokens().token(TENANT)
    fresh = type(microsoft)()
    fresh.token = lambda request: answer
    with pytest.raises(errors.MicrosoftFault):
        fresh.tokens().token(TENANT)


def test_an_unknown_directory_is_told_by_its_description(microsoft):
    microsoft.discovery = refusal(90002, error="invalid_tenant")
    with pytest.raises(errors.TenantNotFound):
        microsoft.tokens().token(TENANT)


def test_a_broken_connection_is_unreachable(microsoft):
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    microsoft.token = broken
    with pytest.raises(errors.Unreachable):
        microsoft.tokens().token(TENANT)


def test_secrets_do_not_show(microsoft):
    token = microsoft.tokens().token(TENANT)
    credential = Credential("id", secret="s3cret", certificate="pem")
    assert "s3cret" not in repr(credential) and "pem" not in repr(credential)
    assert token.value not in repr(token)


def test_every_captured_token_error_has_a_class(microsoft, samples):
    for sample in json.loads((samples / "entra" / "token_endpoint_responses.json").read_text()):
        if "error" not in sample["body"]:
            continue
        microsoft.token = lambda request, sample=sample: httpx.Response(sample["http"], json=sample["body"])
        with pytest.raises(errors.DefenderError) as caught:
            microsoft.tokens().token(TENANT)
        assert caught.value.kind != "error", sample["name"]
