"""The token address for a person: an authorisation code or a refresh token against tokens."""

import base64
import hashlib
import json
import secrets

from werkzeug.wrappers import Request, Response

from simulator import id_tokens
from simulator.answers import answer
from simulator.faults import Fault
from simulator.grants import Grant
from simulator.registrations import Registration
from simulator.world import World

LIFE = 3599  # seconds of an access token


def given(world: World, request: Request) -> Grant | None:
    """The grant that the request names."""
    form = request.form
    if form.get("grant_type") == "refresh_token":
        return world.grants.refreshes.get(form.get("refresh_token", ""))
    return world.grants.codes.get(form.get("code", ""))


def problem(world: World, request: Request, registration: Registration, tid: str | None) -> int:
    """The AADSTS code by which the grant is refused, 0 when it is good; `tid` is the directory of the address."""
    grant = given(world, request)
    if grant is None or grant.client_id != registration.client_id:
        return 70000
    if tid not in (None, grant.tid):
        return 700005
    if world.now >= grant.ends_at:
        return 70008
    if request.form["grant_type"] == "refresh_token":
        return 0 if set(request.form.get("scope", "").split()) <= set(grant.scopes) else 65001
    if grant.redeemed:
        return 54005
    if request.form.get("redirect_uri") != grant.redirect_uri:
        return 500112
    return 0 if proven(grant, request.form.get("code_verifier")) else 501481


def proven(grant: Grant, verifier: str | None) -> bool:
    """Whether the verifier is that of the challenge; without a challenge none may come."""
    if not grant.challenge or verifier is None:
        return not grant.challenge and verifier is None
    return secrets.compare_digest(encoded(hashlib.sha256(verifier.encode()).digest()), grant.challenge)


def redeemed(world: World, request: Request, fault: Fault | None) -> Response:
    """The tokens; the access token is no JWT, since it is nobody's business but that of who reads it."""
    grant = given(world, request)
    assert grant is not None
    grant.redeemed = True
    wanted = request.form.get("scope", "").split() if request.form["grant_type"] == "refresh_token" else []
    scopes = tuple(wanted or grant.scopes)
    body = {"token_type": "Bearer", "scope": " ".join(scopes), "expires_in": LIFE, "ext_expires_in": LIFE,
            "access_token": secrets.token_urlsafe(96)}  # fmt: skip
    if "offline_access" in grant.scopes:
        body["refresh_token"] = world.grants.refresh(grant, world.now)
    if "openid" in scopes:
        body["id_token"] = id_tokens.made(world, grant, fault)
    if request.form.get("client_info") == "1":
        body["client_info"] = encoded(json.dumps({"uid": grant.oid, "utid": grant.tid}).encode())
    return answer(body, headers={"Cache-Control": "no-store, no-cache"})


def encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
