"""Admin consent, version 2 and the older one: an administrator lets an application read a directory."""

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from simulator import orders, pages, picking, sessions
from simulator.entra_errors import returned
from simulator.pages import Shown
from simulator.people import Person
from simulator.registrations import Registration
from simulator.tokens import GRAPH, GRAPH_ID
from simulator.world import World

ALL = {f"{GRAPH}/.default", f"{GRAPH_ID}/.default"}
TEXTS = {
    "SecurityIncident.Read.All": "Read all security incidents",
    "SecurityIncident.ReadWrite.All": "Read and write to all security incidents",
    "SecurityAlert.Read.All": "Read all security alerts",
    "SecurityAlert.ReadWrite.All": "Read and write to all security alerts",
}


def respond(world: World, request: Request, segment: str, *, older: bool) -> Response:
    """The page, or the way back to the application; call it with the world's lock held."""
    registration, uri = picking.trusted(world, request, segment)
    if not older:
        refuse_unfit(request, segment)
    person = sessions.person_of(world, request)
    if request.method == "POST":
        return decided(world, request, segment, person, older=older)
    if person is None or request.args.get("prompt") == "select_account":
        return picking.choice(world, request, segment, uri)
    picking.refuse_stranger(world, request, person, segment)
    if not person.may_consent:
        return refusal(world, request, person, older=older)
    return question(world, request, registration, uri, person)


def refuse_unfit(request: Request, segment: str) -> None:
    """Version 2 needs a scope, and a directory or `organizations`; Shown when something lacks."""
    client, scope = request.args["client_id"], request.args.get("scope", "")
    if segment == "common":
        raise Shown(90130, client, segment)
    if not scope:
        raise Shown(900144, client, segment, "scope")
    if scope not in ALL:
        raise Shown(70011, client, segment, f"The scope {scope} is not valid.")


def decided(world: World, request: Request, segment: str, person: Person | None, *, older: bool) -> Response:
    """What the form of a page brings."""
    if "cancel" in request.form:
        return redirect(declined(request, 65004, segment, older=older), 303)
    if "accept" not in request.form:
        return picking.signed_in(world, request, picking.picked(world, request, segment))
    if person is None:
        return redirect(request.path + picking.here(request), 303)
    picking.refuse_stranger(world, request, person, segment)
    if not person.may_consent:
        return refusal(world, request, person, older=older)
    return accepted(world, request, person, older=older)


def question(world: World, request: Request, registration: Registration, uri: str, person: Person) -> Response:
    directory = world.directory(person.tid)
    assert directory is not None
    wanted = [TEXTS[role] for role in sorted(registration.permissions)] or ["Sign in and read user profile"]
    choices = (pages.tick("without_write", "Grant without write") + pages.tick("only_incidents", "Grant only incidents")
               if registration.permissions else "")  # fmt: skip
    buttons = pages.button("accept", "1", "Accept") + pages.button("cancel", "1", "Cancel")
    body = (pages.paragraph(f"{person.name} ({person.username}), for {directory.name}")
            + pages.paragraph(f"{registration.name}, published by Northwatch, asks for your whole organization to:")
            + pages.listed(wanted) + pages.form(choices + buttons, picking.here(request))
            + picking.other_account(request))  # fmt: skip
    return pages.page("Permissions requested: review for your organization", body, leads_to=uri)


def refusal(world: World, request: Request, person: Person, *, older: bool) -> Response:
    """Who may not grant is told so, and can go back without it or come as somebody else."""
    directory = world.directory(person.tid)
    name = directory.name if directory else person.tid
    shown = Shown(90094, request.args["client_id"], name)
    way = declined(request, 90094, name, older=older)
    more = pages.link(way, "Back to the application without granting consent") + picking.other_account(request)
    return pages.problem(shown, pages.paragraph(f"{person.name} ({person.username})") + more, 200)


def accepted(world: World, request: Request, person: Person, *, older: bool) -> Response:
    """The directory is consented once that has spread, and the browser goes back at once."""
    registration, uri = picking.trusted(world, request, person.tid)
    fault = world.faults.take("entra", person.tid, f"{request.full_path}#consent")
    if fault:
        return redirect(declined(request, int(fault.value), person.tid, older=older), 303)
    roles = chosen(registration, request)
    directory = world.directory(person.tid)
    if directory is not None and registration is world.monitor:
        orders.obey(world, directory, "grant", {"roles": sorted(roles), "delay": world.consent_delay})
    scope = " ".join(f"{GRAPH}/{role}" for role in sorted(roles)) or "openid profile email offline_access"
    parameters = {"admin_consent": "True", "tenant": person.tid} | ({} if older else {"scope": scope})
    if "state" in request.args:
        parameters["state"] = request.args["state"]
    return redirect(picking.extended(uri, parameters), 303)


def chosen(registration: Registration, request: Request) -> set[str]:
    """What is left of the permissions by the ticks on the page."""
    roles = set(registration.permissions)
    if "without_write" in request.form:
        roles = {role for role in roles if ".ReadWrite." not in role}
    if "only_incidents" in request.form:
        roles = {role for role in roles if role.startswith("SecurityIncident.")}
    return roles


def declined(request: Request, code: int, tenant: str, *, older: bool) -> str:
    """The address back. Version 2 says admin_consent=True beside its error too; the older one forgets the state."""
    cancelled = code == 65004
    error = ("permission_denied" if older else "consent_required") if cancelled else ""
    parameters = returned(code, request.args["client_id"], tenant, error=error)
    if not older:
        parameters |= {"admin_consent": "True"}
        if "state" in request.args:
            parameters |= {"state": request.args["state"]}
    return picking.extended(request.args["redirect_uri"], parameters)
