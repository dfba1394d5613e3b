"""Which application asks for a token, and whether it proves that it is the one."""

from werkzeug.wrappers import Request

from simulator import assertions
from simulator.entra_errors import LOGIN
from simulator.registrations import Registration

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def given(request: Request) -> tuple[str, str | None]:
    """Client id and secret, from the body or from HTTP Basic."""
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        return basic.username or "", basic.password
    return request.form.get("client_id", ""), request.form.get("client_secret")


def problem(registration: Registration, request: Request, place: str) -> int:
    """The AADSTS code by which the credential is refused, 0 when it is good.

    `place` is the GUID or the word in the path.
    """
    secret = given(request)[1]
    if secret is not None:
        return 0 if registration.knows(secret) else 7000215
    if "client_assertion" not in request.form:
        return 7000218
    if request.form.get("client_assertion_type") != JWT_BEARER:
        return 700027
    audience = f"{LOGIN}/{place}/oauth2/v2.0/token"
    return assertions.problem(registration, request.form["client_assertion"], audience)
