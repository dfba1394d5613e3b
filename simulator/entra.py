"""Entra: what each address is for, and discovery."""

from typing import Any

from werkzeug.wrappers import Request, Response

from simulator import authorize, consent, pages, picking, token_address
from simulator.answers import answer
from simulator.entra_errors import LOGIN, refused
from simulator.pages import Shown
from simulator.picking import EVERYBODY
from simulator.world import World

ASKED_FOR = {50020, 50034}  # where another account may help


def respond(world: World, request: Request) -> Response:
    """The answer of Entra to one request; call it with the world's lock held."""
    segment, _, tail = request.path.strip("/").partition("/")
    try:
        return routed(world, request, segment.casefold(), (request.method, tail))
    except Shown as shown:
        return pages.problem(shown, picking.other_account(request) if shown.code in ASKED_FOR else "")


def routed(world: World, request: Request, segment: str, asked: tuple[str, str]) -> Response:
    match asked:
        case "GET", "discovery/v2.0/keys":
            return answer(world.keys.shown())
        case "GET", "discovery/instance" if segment == "common":
            return answer(instances())
        case "GET", "v2.0/.well-known/openid-configuration":
            return discovery(world, segment)
        case "POST", "oauth2/v2.0/token":
            return token_address.respond(world, request, segment)
        case "GET" | "POST", "oauth2/v2.0/authorize":
            return authorize.respond(world, request, segment)
        case "GET", "oauth2/v2.0/logout":
            return authorize.logout(world, request)
        case "GET" | "POST", "v2.0/adminconsent" | "adminconsent":
            return consent.respond(world, request, segment, older=asked[1] == "adminconsent")
    return answer({"error": "not_found", "error_description": "There is no such page."}, 404)


def discovery(world: World, segment: str) -> Response:
    """Of `organizations` and `common` the issuer has a gap in place of the directory."""
    if segment in EVERYBODY:
        return answer(configuration(segment, "{tenantid}"))
    directory = world.directory(segment)
    if directory is None:
        return refused(90002, world.client_id, segment, error="invalid_tenant")
    return answer(configuration(directory.id, directory.id))


def instances() -> dict[str, Any]:
    aliases = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    cloud = {"preferred_network": aliases[0], "preferred_cache": aliases[1], "aliases": aliases}
    place = f"{LOGIN}/common/v2.0/.well-known/openid-configuration"
    return {"tenant_discovery_endpoint": place, "api-version": "1.1", "metadata": [cloud]}


def configuration(place: str, issuer: str) -> dict[str, Any]:
    base = f"{LOGIN}/{place}"
    return {
        "issuer": f"{LOGIN}/{issuer}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    }
