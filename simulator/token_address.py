"""The token address: for an application itself, and for a person who has signed in."""

from werkzeug.wrappers import Request, Response

from simulator import clients, codes, faults, mischief, tokens
from simulator.answers import answer
from simulator.entra_errors import refused
from simulator.faults import Fault
from simulator.picking import EVERYBODY
from simulator.registrations import Registration
from simulator.tenant import Tenant
from simulator.world import World

AUDIENCES = {f"{tokens.GRAPH}/.default": tokens.GRAPH, f"{tokens.GRAPH_ID}/.default": tokens.GRAPH_ID}
OF_A_PERSON = {"authorization_code", "refresh_token"}


def respond(world: World, request: Request, segment: str) -> Response:
    """The tokens or the refusal; call it with the world's lock held."""
    personal = request.form.get("grant_type") in OF_A_PERSON
    tenant = world.directory(segment)
    if tenant is None and not (personal and segment in EVERYBODY):
        code = 9001023 if segment in (*EVERYBODY, "consumers") else 90002
        return refused(code, world.client_id, segment)
    fault = ordered(world, request, tenant, personal=personal)
    place = tenant.id if tenant else segment
    if fault and (response := instead(world, fault, place, request)):
        return response
    code = problem(world, request, tenant, place)
    if code:
        return refused(code, clients.given(request)[0] or world.client_id, place, detail=detail(request, code))
    made = (
        codes.redeemed(world, request, fault) if tenant is None or personal else issued(world, tenant, request, fault)
    )
    return mischief.cut(made) if fault and fault.kind == "cut" else made


def ordered(world: World, request: Request, tenant: Tenant | None, *, personal: bool) -> Fault | None:
    """The fault that waits for this request, in the directory of the person when there is one."""
    grant = codes.given(world, request) if personal else None
    tid = grant.tid if grant else tenant.id if tenant else ""
    marks = "#client_credentials" if not personal else "#id_token" if grant and "openid" in grant.scopes else "#"
    return world.faults.take("entra", tid, request.full_path + marks)


def instead(world: World, fault: Fault, place: str, request: Request) -> Response | None:
    """The whole answer when the fault replaces it."""
    code = faults.CODES.get(fault.kind) or (int(fault.value) if fault.kind == "code" else 0)
    if code:
        return refused(code, world.client_id, place)
    if fault.kind == "throttle":
        headers = {"Retry-After": str(fault.value)} if fault.value is not None else {}
        return refused(90055, world.client_id, place, headers=headers)
    if fault.kind == "status":
        return answer({"error": "Service Unavailable"}, int(fault.value))
    return mischief.instead(fault, request)


def problem(world: World, request: Request, tenant: Tenant | None, place: str) -> int:
    """The AADSTS code by which the request is refused, 0 when it is granted."""
    client, _ = clients.given(request)
    kind = request.form.get("grant_type")
    registration = world.registration(client)
    if not client:
        return 900144
    if kind != "client_credentials" and kind not in OF_A_PERSON:
        return 70003
    if registration is None:
        return 700016
    if kind in OF_A_PERSON:
        unproven = clients.problem(registration, request, place)
        return unproven or codes.problem(world, request, registration, tenant.id if tenant else None)
    unfit = scope_problem(request.form.get("scope", "")) or clients.problem(registration, request, place)
    return unfit or unknown(world, registration, tenant)


def detail(request: Request, code: int) -> str:
    """The words that the refusal is about."""
    return "client_id" if code == 900144 else request.form.get("redirect_uri", "")


def unknown(world: World, registration: Registration, tenant: Tenant | None) -> int:
    """Only the registration that reads is known in a directory, once an administrator has consented."""
    known = registration is world.monitor and tenant is not None and tenant.consented
    return 0 if known else 7000229


def scope_problem(scope: str) -> int:
    wanted = scope.split()
    if not wanted or not all(part.endswith("/.default") for part in wanted):
        return 70011
    if len(wanted) > 1:
        return 700022
    return 0 if wanted[0] in AUDIENCES else 500011


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
