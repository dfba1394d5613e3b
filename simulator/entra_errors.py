"""How the token endpoint says no: AADSTS codes, their sentences, and the JSON around them."""

import time
import uuid

from werkzeug.wrappers import Response

from simulator.answers import answer

LOGIN = "https://login.microsoftonline.com"
SENTENCES = {
    50196: "The server terminated an operation because it encountered a client request loop.",
    65001: "The user or administrator has not consented to use the application with ID '{client}'.",
    70003: "The app requested an unsupported grant type.",
    70011: "The provided value for the input parameter 'scope' is not valid.",
    90002: "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.",
    90055: "The tenant '{tenant}' is throttled because of too many requests.",
    500011: "The resource principal was not found in the tenant named {tenant}.",
    700016: "Application with identifier '{client}' was not found in the directory '{tenant}'.",
    700022: "The provided value for the input parameter 'scope' contains more than one resource.",
    700027: "The certificate with identifier used to sign the client assertion is not registered on application.",
    900144: "The request body must contain the following parameter: 'client_id'.",
    7000112: "Application '{client}' is disabled.",
    7000215: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value.",
    7000218: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    7000222: "The provided client secret keys for app '{client}' are expired.",
    7000229: "The client application {client} is missing service principal in the tenant {tenant}.",
    9001023: "The grant type is not supported over the /common or /consumers endpoints.",
}
INVALID_CLIENT = {700027, 7000215, 7000218, 7000222, 7000229}
ERRORS = {65001: "invalid_grant", 70003: "unsupported_grant_type", 70011: "invalid_scope", 700022: "invalid_scope",
          500011: "invalid_resource", 700016: "unauthorized_client", 7000112: "unauthorized_client",
          90055: "temporarily_unavailable", **dict.fromkeys(INVALID_CLIENT, "invalid_client")}  # fmt: skip


def refused(code: int, client: str, tenant: str, *, error: str = "", headers: dict[str, str] | None = None) -> Response:
    """The refusal: 401 for the client's own credential, 429 when throttled, else 400."""
    name = error or ERRORS.get(code, "invalid_request")
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    sentence = SENTENCES.get(code, "The request was refused.").format(client=client, tenant=tenant)
    marks = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
    body = {
        "error": name,
        "error_description": f"AADSTS{code}: {sentence} {marks}",
        "error_codes": [code], "timestamp": stamp, "trace_id": trace, "correlation_id": correlation,
        "error_uri": f"{LOGIN}/error?code={code}",
    }  # fmt: skip
    status = 429 if code == 90055 else 401 if name == "invalid_client" else 400
    return answer(body, status, {"x-ms-request-id": trace, "Cache-Control": "no-store, no-cache", **(headers or {})})
