"""How the token endpoint says no: AADSTS codes, their sentences, and the JSON around them."""

import time
import uuid

from werkzeug.wrappers import Response

from simulator.answers import answer

LOGIN = "https://login.microsoftonline.com"
SENTENCES = {
    16000: "Interaction required: the account that is signed in cannot be used without asking.",
    50011: "The redirect URI '{detail}' specified in the request does not match the redirect URIs configured for the "
           "application '{client}'.",
    50020: "User account '{detail}' does not exist in tenant '{tenant}' and cannot access the application '{client}' "
           "in that tenant. Sign out and sign in again with a different account.",
    50034: "The user account does not exist in the directory '{tenant}'. To sign in, the account must be added to it.",
    50058: "A silent sign-in request was sent but no user is signed in.",
    50196: "The server terminated an operation because it encountered a client request loop.",
    54005: "OAuth2 Authorization code was already redeemed, please retry with a new valid code.",
    65001: "The user or administrator has not consented to use the application with ID '{client}'.",
    65004: "User declined to consent to access the app.",
    70000: "Provided grant is invalid or malformed.",
    70003: "The app requested an unsupported grant type.",
    70005: "The response type '{detail}' is not enabled for the application.",
    70007: "The value '{detail}' of 'response_mode' is not supported.",
    70008: "The provided authorization code or refresh token has expired.",
    70011: "The provided value for the input parameter 'scope' is not valid. {detail}",
    90002: "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.",
    90023: "Unsupported value '{detail}' of a parameter.",
    90055: "The tenant '{tenant}' is throttled because of too many requests.",
    90094: "An administrator of '{tenant}' has set a policy that prevents you from granting '{client}' the permissions "
           "it is requesting. Contact an administrator, who can grant permissions to this application on your behalf.",
    90130: "The application '{client}' is not supported over the /common or /consumers endpoints. Use the "
           "/organizations or tenant-specific endpoint instead.",
    500011: "The resource principal was not found in the tenant named {tenant}.",
    500112: "The reply address '{detail}' does not match the one provided when requesting Authorization code.",
    501481: "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    650052: "The app is trying to access a service that your organization '{tenant}' lacks a service principal for.",
    700005: "Provided Authorization Code is intended to use against other tenant, thus rejected.",
    700016: "Application with identifier '{client}' was not found in the directory '{tenant}'.",
    700022: "The provided value for the input parameter 'scope' contains more than one resource.",
    700024: "Client assertion is not within its valid time range.",
    700027: "The certificate with identifier used to sign the client assertion is not registered on application.",
    900144: "The request must contain the following parameter: '{detail}'.",
    900971: "No reply address provided.",
    7000112: "Application '{client}' is disabled.",
    7000215: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value.",
    7000218: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    7000222: "The provided client secret keys for app '{client}' are expired.",
    7000229: "The client application {client} is missing service principal in the tenant {tenant}.",
    9001023: "The grant type is not supported over the /common or /consumers endpoints.",
}  # fmt: skip
INVALID_CLIENT = {700024, 700027, 7000215, 7000218, 7000222, 7000229}
INVALID_GRANT = {54005, 65001, 70000, 70008, 500112, 501481, 700005}
ERRORS = {16000: "interaction_required", 50058: "login_required", 65004: "access_denied", 90094: "access_denied",
          70003: "unsupported_grant_type", 70005: "unsupported_response_type", 70011: "invalid_scope",
          700022: "invalid_scope", 500011: "invalid_resource", 650052: "invalid_resource",
          700016: "unauthorized_client", 7000112: "unauthorized_client", 90055: "temporarily_unavailable",
          **dict.fromkeys(INVALID_CLIENT, "invalid_client"),
          **dict.fromkeys(INVALID_GRANT, "invalid_grant")}  # fmt: skip


def sentence(code: int, client: str, tenant: str, detail: str = "") -> str:
    """The description as Microsoft writes it, but for the marks of the single request."""
    text = SENTENCES.get(code, "The request was refused.").format(client=client, tenant=tenant, detail=detail)
    return f"AADSTS{code}: {text.strip()}"


def marks(trace: str, correlation: str, stamp: str) -> str:
    return f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"


def stamped() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())


def returned(code: int, client: str, tenant: str, *, error: str = "", detail: str = "") -> dict[str, str]:
    """The parameters by which a browser brings the refusal back to the application."""
    described = f"{sentence(code, client, tenant, detail)} {marks(str(uuid.uuid4()), str(uuid.uuid4()), stamped())}"
    cancelled = {"error_subcode": "cancel"} if code == 65004 else {}
    return {"error": error or ERRORS.get(code, "invalid_request"), **cancelled, "error_description": described,
            "error_uri": f"{LOGIN}/error?code={code}"}  # fmt: skip


def refused(
    code: int, client: str, tenant: str, *, error: str = "", detail: str = "", headers: dict[str, str] | None = None
) -> Response:
    """The refusal: 401 for the client's own credential, 429 when throttled, else 400."""
    name = error or ERRORS.get(code, "invalid_request")
    trace, correlation, stamp = str(uuid.uuid4()), str(uuid.uuid4()), stamped()
    body = {
        "error": name,
        "error_description": f"{sentence(code, client, tenant, detail)} {marks(trace, correlation, stamp)}",
        "error_codes": [code], "timestamp": stamp, "trace_id": trace, "correlation_id": correlation,
        "error_uri": f"{LOGIN}/error?code={code}",
    }  # fmt: skip
    status = 429 if code == 90055 else 401 if name == "invalid_client" else 400
    return answer(body, status, {"x-ms-request-id": trace, "Cache-Control": "no-store, no-cache", **(headers or {})})
