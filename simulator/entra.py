"""Entra: discovery, keys and the token endpoint for client credentials."""

import secrets
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator import assertions, faults, mischief, tokens
from simulator.answers import answer
from simulator.entra_errors import LOGIN, refused
from simulator.faults import Fault
from simulator.tenant import Tenant
from simulator.world import World

AUDIENCES = {f"{tokens.GRAPH}/.default": tokens.GRAPH, f"{tokens.GRAPH_ID}/.default": tokens.GRAPH_ID}
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def respond(world: World, request: Request) -> Response:
    """The answer of Entra to one request; call it with the world's lock held."""
    segment, _, tail = request.path.strip("/").partition("/")
    if tail == "discovery/v2.0/keys":
        return answer({"keys": [tokens.public_key()]})
    if (segment, tail) == ("common", "discovery/instance"):
        return answer(instances())
    tenant = known(world, segment)
    if tail == "v2.0/.well-known/openid-configuration":
        unknown = refused(90002, world.client_id, segment, error="invalid_tenant")
        return answer(configuration(tenant.id)) if tenant else unknown
    if tail == "oauth2/v2.0/token" and request.method == "POST":
        return token(world, request, segment, tenant)
    return answer({"error": "not_found", "error_description": "There is no such page."}, 404)


def known(world: World, segment: str) -> Tenant | None:
    """The tenant of that GUID or domain."""
    for tenant in world.tenants.values():
        if segment.casefold() in (tenant.id, tenant.domain):
            return tenant
    return None


def instances() -> dict[str, Any]:
    aliases = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    cloud = {"preferred_network": aliases[0], "preferred_cache": aliases[1], "aliases": aliases}
    place = f"{LOGIN}/common/v2.0/.well-known/openid-configuration"
    return {"tenant_discovery_endpoint": place, "api-version": "1.1", "metadata": [cloud]}


def configuration(tenant_id: str) -> dict[str, Any]:
    base = f"{LOGIN}/{tenant_id}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    }


def token(world: World, request: Request, segment: str, tenant: Tenant | None) -> Response:
    if tenant is None:
        code = 9001023 if segment in ("common", "organizations", "consumers") else 90002
        return refused(code, world.client_id, segment)
    fault = world.faults.take("entra", tenant.id, request.full_path)
    if fault and (response := instead(world, fault, tenant, request)):
        return response
    code = problem(world, request, tenant)
    if code:
        return refused(code, given(request)[0] or world.client_id, tenant.id)
    granted = issued(world, tenant, request, fault)
    return mischief.cut(granted) if fault and fault.kind == "cut" else granted


def instead(world: World, fault: Fault, tenant: Tenant, request: Request) -> Response | None:
    """The whole answer when the fault replaces it."""
    code = faults.CODES.get(fault.kind) or (int(fault.value) if fault.kind == "code" else 0)
    if code:
        return refused(code, world.client_id, tenant.id)
    if fault.kind == "throttle":
        headers = {"Retry-After": str(fault.value)} if fault.value is not None else {}
        return refused(90055, world.client_id, tenant.id, headers=headers)
    if fault.kind == "status":
        return answer({"error": "Service Unavailable"}, int(fault.value))
    return mischief.instead(fault, request)


def problem(world: World, request: Request, tenant: Tenant) -> int:
    """The AADSTS code by which the request is refused, 0 when it is granted."""
    client, secret = given(request)
    if not client:
        return 900144
    if request.form.get("grant_type") != "client_credentials":
        return 70003
    if client != world.client_id:
        return 700016
    unfit = scope_problem(request.form.get("scope", ""))
    return unfit or credential_problem(world, request, tenant, secret) or (0 if tenant.consented else 7000229)


def given(request: Request) -> tuple[str, str | None]:
    """Client id and secret, from the body or from HTTP Basic."""
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        return basic.username or "", basic.password
    return request.form.get("client_id", ""), request.form.get("client_secret")


def scope_problem(scope: str) -> int:
    wanted = scope.split()
    if not wanted or not all(part.endswith("/.default") for part in wanted):
        return 70011
    if len(wanted) > 1:
        return 700022
    return 0 if wanted[0] in AUDIENCES else 500011


def credential_problem(world: World, request: Request, tenant: Tenant, secret: str | None) -> int:
    if secret is not None:
        return 0 if secrets.compare_digest(secret.encode(), world.client_secret.encode()) else 7000215
    if "client_assertion" in request.form:
        audience = f"{LOGIN}/{tenant.id}/oauth2/v2.0/token"
        fits = request.form.get("client_assertion_type") == JWT_BEARER
        return 0 if fits and assertions.holds(world, request.form["client_assertion"], audience) else 700027
    return 7000218


def issued(world: World, tenant: Tenant, request: Request, fault: Fault | None) -> Response:
    """A token, never with a refresh token; an ordered fault may take its roles or put its times wrong."""
    kind = fault.kind if fault else ""
    skew = int(fault.value) if fault and kind == "skew" else 0
    roles = set() if kind == "no_roles" else tenant.roles
    audience = AUDIENCES[request.form["scope"].strip()]
    certified = "client_assertion" in request.form
    bearer, life = tokens.signed(world, tenant, audience, certified=certified, roles=roles, skew=skew)
    body = {"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": bearer}
    return answer(body, headers={"Cache-Control": "no-store, no-cache"})
