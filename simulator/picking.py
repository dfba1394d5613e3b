"""The page on which a person says who they are, and what every address that shows it has in common."""

from urllib.parse import urlencode

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from simulator import pages, sessions
from simulator.pages import Shown
from simulator.people import Person
from simulator.registrations import Registration
from simulator.tenant import Tenant
from simulator.world import World

EVERYBODY = {"organizations", "common"}


def trusted(world: World, request: Request, segment: str) -> tuple[Registration, str]:
    """The application that sends the person, and the registered address to which the answer goes.

    Shown when the directory, the application or the address is not known: nobody is redirected then.
    """
    client, uri = request.args.get("client_id", ""), request.args.get("redirect_uri", "")
    if segment == "consumers":
        raise Shown(90130, client, segment)
    if segment not in EVERYBODY and world.directory(segment) is None:
        raise Shown(90002, client, segment)
    if not client:
        raise Shown(900144, detail="client_id")
    registration = world.registration(client)
    if registration is None:
        raise Shown(700016, client, segment)
    if not uri:
        raise Shown(900971, client, segment)
    if not registration.accepts(uri):
        raise Shown(50011, client, segment, uri)
    return registration, uri


def belongs(world: World, person: Person, segment: str) -> bool:
    directory = world.directory(segment)
    return directory is None or person.tid == directory.id


def hinted(world: World, request: Request) -> Person | None:
    wanted = request.args.get("login_hint", "").casefold()
    return next((person for person in world.people.values() if person.username.casefold() == wanted), None)


def picked(world: World, request: Request, segment: str) -> Person:
    """Who was chosen on the page; Shown when there is no such account in the directory."""
    person = world.people.get(request.form.get("person", ""))
    if person is None:
        raise Shown(50034, request.args.get("client_id", ""), segment)
    refuse_stranger(world, request, person, segment)
    return person


def refuse_stranger(world: World, request: Request, person: Person, segment: str) -> None:
    if not belongs(world, person, segment):
        raise Shown(50020, request.args.get("client_id", ""), segment, person.username)


def choice(world: World, request: Request, segment: str, uri: str) -> Response:
    """All whom the directory and the hints leave, directory by directory."""
    hint = hinted(world, request)
    if hint is not None:
        refuse_stranger(world, request, hint, segment)
    body = ""
    for directory in directories(world, request, segment):
        members = [person for person in world.people.values() if person.tid == directory.id and hint in (None, person)]
        if members:
            body += pages.heading(f"{directory.name} ({directory.domain})") + "".join(map(entry, members))
    cancel = pages.heading("Or") + pages.button("cancel", "1", "Cancel")
    other = pages.link(again(request, prompt="select_account", login_hint=None), "Use another account") if hint else ""
    return pages.page("Pick an account", pages.form(body + cancel, here(request)) + other, leads_to=uri)


def entry(person: Person) -> str:
    return pages.button("person", person.oid, person.name, f"{person.username} · {person.title}")


def directories(world: World, request: Request, segment: str) -> list[Tenant]:
    """The one that the address or a known domain hint names, else all."""
    known = world.directory(segment) or world.directory(request.args.get("domain_hint", ""))
    return [known] if known else [world.home, *world.tenants.values()]


def here(request: Request) -> str:
    return f"?{request.query_string.decode('latin-1')}"


def again(request: Request, **changes: str | None) -> str:
    """This address with other parameters; None takes one away."""
    query = {**request.args.to_dict(), **changes}
    return f"?{urlencode({name: value for name, value in query.items() if value is not None})}"


def signed_in(world: World, request: Request, person: Person) -> Response:
    """Once more to this address, now with a session."""
    address = request.path + again(request, prompt=unasked(request), login_hint=None)
    return sessions.remember(world, redirect(address, 303), person)


def unasked(request: Request) -> str | None:
    """The prompt without what has been done by now."""
    return "consent" if request.args.get("prompt") == "consent" else None


def other_account(request: Request) -> str:
    return pages.link(again(request, prompt="select_account", login_hint=None), "Use another account")


def extended(uri: str, parameters: dict[str, str]) -> str:
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}"
