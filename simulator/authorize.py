"""The authorize and logout addresses: a person signs in and the application gets a code."""

import re

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from simulator import pages, picking, sessions
from simulator.entra_errors import returned
from simulator.grants import CODE_LIFE, Grant
from simulator.people import Person
from simulator.registrations import Registration
from simulator.world import World

SCOPES = {"openid": "Sign you in", "profile": "View your basic profile", "email": "View your e-mail address",
          "offline_access": "Maintain access to data you have given it access to"}  # fmt: skip
PROMPTS = {"", "login", "select_account", "consent", "none"}
MODES = {"", "query", "form_post"}
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def respond(world: World, request: Request, segment: str) -> Response:
    """The page, or the way back to the application; call it with the world's lock held."""
    registration, uri = picking.trusted(world, request, segment)
    code, detail = unfit(request)
    if code:
        return back(request, uri, returned(code, registration.client_id, segment, detail=detail))
    if request.method == "POST":
        return decided(world, request, segment, registration, uri)
    return asked(world, request, segment, registration, uri)


def unfit(request: Request) -> tuple[int, str]:
    """The AADSTS code of what is wrong with the request, and the words that it is about; 0 when all is well."""
    asked = request.args
    for name in ("response_type", "scope"):
        if not asked.get(name):
            return 900144, name
    if asked["response_type"] != "code":
        return 70005, asked["response_type"]
    unknown = set(asked["scope"].split()) - set(SCOPES)
    if unknown:
        return 70011, f"The scope {min(unknown)} is not valid."
    if asked.get("response_mode", "") not in MODES:
        return 70007, asked["response_mode"]
    if asked.get("prompt", "") not in PROMPTS:
        return 90023, asked["prompt"]
    return unfit_challenge(asked.get("code_challenge"), asked.get("code_challenge_method"))


def unfit_challenge(challenge: str | None, method: str | None) -> tuple[int, str]:
    if challenge is None and method is None:
        return 0, ""
    if method != "S256":
        return 90023, str(method)
    return (0, "") if challenge and CHALLENGE.fullmatch(challenge) else (90023, str(challenge))


def asked(world: World, request: Request, segment: str, registration: Registration, uri: str) -> Response:
    """Without a session or when it is asked for, the choice of a person; else what the session allows."""
    person, prompt = sessions.person_of(world, request), request.args.get("prompt", "")
    fits = person is not None and picking.hinted(world, request) in (None, person)
    if prompt == "none":
        code = 50058 if person is None else 0 if fits and picking.belongs(world, person, segment) else 16000
        if code:
            return back(request, uri, returned(code, registration.client_id, segment))
    elif not fits or prompt in ("login", "select_account"):
        return picking.choice(world, request, segment, uri)
    assert person is not None
    picking.refuse_stranger(world, request, person, segment)
    if prompt == "consent":
        return question(request, registration, uri, person)
    return granted(world, request, registration, uri, person)


def decided(world: World, request: Request, segment: str, registration: Registration, uri: str) -> Response:
    """What the form of a page brings."""
    if "cancel" in request.form:
        return back(request, uri, returned(65004, registration.client_id, segment))
    if "accept" in request.form:
        person = sessions.person_of(world, request)
        if person is None:
            return picking.choice(world, request, segment, uri)
        picking.refuse_stranger(world, request, person, segment)
        return granted(world, request, registration, uri, person)
    person = picking.picked(world, request, segment)
    if request.args.get("prompt") == "consent":
        return picking.signed_in(world, request, person)
    return sessions.remember(world, granted(world, request, registration, uri, person), person)


def question(request: Request, registration: Registration, uri: str, person: Person) -> Response:
    wanted = [SCOPES[scope] for scope in dict.fromkeys(request.args["scope"].split())]
    body = (pages.paragraph(f"{person.name} ({person.username})")
            + pages.paragraph(f"{registration.name}, published by Northwatch, would like to:") + pages.listed(wanted)
            + pages.form(pages.button("accept", "1", "Accept") + pages.button("cancel", "1", "Cancel"),
                         picking.here(request)) + picking.other_account(request))  # fmt: skip
    return pages.page("Permissions requested", body, leads_to=uri)


def granted(world: World, request: Request, registration: Registration, uri: str, person: Person) -> Response:
    """A code that is good for one use within ten minutes."""
    asked = request.args
    grant = Grant(
        registration.client_id, person.oid, person.tid, tuple(asked["scope"].split()), world.now + CODE_LIFE,
        nonce=asked.get("nonce", ""), redirect_uri=uri, challenge=asked.get("code_challenge", ""),
    )  # fmt: skip
    given = {"code": world.grants.code(grant), "session_state": person.oid}
    return back(request, uri, given)


def back(request: Request, uri: str, parameters: dict[str, str]) -> Response:
    """To the application, with the state it gave: by the address, or by a form that needs one more click."""
    if "state" in request.args:
        parameters = {**parameters, "state": request.args["state"]}
    if request.args.get("response_mode") != "form_post":
        return redirect(picking.extended(uri, parameters), 302 if request.method == "GET" else 303)
    body = pages.form("<button>Continue</button>", uri, parameters)
    return pages.page("Back to the application", body, leads_to=uri)


def logout(world: World, request: Request) -> Response:
    """The session ends; a person is sent on only to an address that an application has registered."""
    uri = request.args.get("post_logout_redirect_uri", "")
    if uri and (world.signin.accepts(uri) or world.monitor.accepts(uri)):
        state = {"state": request.args["state"]} if "state" in request.args else {}
        response = redirect(picking.extended(uri, state) if state else uri)
    else:
        response = pages.page("You signed out of your account", pages.paragraph("Close all browser windows."))
    return sessions.forget(world, request, response)
