"""Who is signed in in a browser, by a cookie whose name no application of ours uses."""

from werkzeug.wrappers import Request, Response

from simulator.people import Person
from simulator.world import World

COOKIE = "ESTSAUTH-simulated"


def person_of(world: World, request: Request) -> Person | None:
    oid = world.grants.sessions.get(request.cookies.get(COOKIE, ""), "")
    return world.people.get(oid)


def remember(world: World, response: Response, person: Person) -> Response:
    response.set_cookie(COOKIE, world.grants.session(person.oid), httponly=True, samesite="Lax")
    return response


def forget(world: World, request: Request, response: Response) -> Response:
    world.grants.sessions.pop(request.cookies.get(COOKIE, ""), None)
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax")
    return response
