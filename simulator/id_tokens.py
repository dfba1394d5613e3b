"""ID tokens in the v2.0 format, and the spoilt ones that a client has to refuse."""

import base64
import hashlib
import secrets
import time
import uuid
from typing import Any

import jwt

from simulator.entra_errors import LOGIN
from simulator.faults import Fault
from simulator.grants import Grant
from simulator.people import Person
from simulator.world import World

LIFE = 3600  # seconds


def made(world: World, grant: Grant, fault: Fault | None) -> str:
    """The token of the person who gave the grant, signed; a fault spoils one thing in it."""
    claims = claims_of(world.people[grant.oid], grant)
    if fault is None:
        return world.keys.sign(claims)
    spoil(claims, fault)
    if fault.kind == "id_none":
        return jwt.encode(claims, "", algorithm="none")
    if fault.kind == "id_signature":
        headers = {"kid": world.keys.current.id}
        return jwt.encode(claims, world.keys.stranger.private, algorithm="RS256", headers=headers)
    return world.keys.sign(claims)


def claims_of(person: Person, grant: Grant) -> dict[str, Any]:
    """Name and object id need the scope profile; who has no mailbox has no e-mail, whatever is asked for."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "aud": grant.client_id, "iss": f"{LOGIN}/{person.tid}/v2.0", "iat": now, "nbf": now, "exp": now + LIFE,
        "rh": f"1.{secrets.token_urlsafe(12)}.", "sub": pairwise(grant.client_id, person.oid), "tid": person.tid,
        "uti": secrets.token_urlsafe(16), "ver": "2.0",
    }  # fmt: skip
    if grant.nonce:
        claims["nonce"] = grant.nonce
    if "profile" in grant.scopes:
        claims |= {"name": person.name, "oid": person.oid, "preferred_username": person.username}
    if "email" in grant.scopes and person.email:
        claims["email"] = person.email
    if person.roles:
        claims["roles"] = list(person.roles)
    return claims


def pairwise(client_id: str, oid: str) -> str:
    """A subject that is another for every application."""
    digest = hashlib.sha256(f"{client_id}{oid}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def spoil(claims: dict[str, Any], fault: Fault) -> None:
    now, other = int(time.time()), str(uuid.uuid4())
    match fault.kind:
        case "id_issuer":
            claims["iss"] = str(fault.value or f"{LOGIN}/{other}/v2.0")
        case "id_audience":
            claims["aud"] = str(fault.value or other)
        case "id_nonce":
            claims["nonce"] = str(fault.value or secrets.token_urlsafe(16))
        case "id_expired":
            claims |= {"iat": now - 2 * LIFE, "nbf": now - 2 * LIFE, "exp": now - LIFE}
        case "id_future":
            claims |= {"nbf": now + LIFE, "exp": now + 2 * LIFE}
        case "id_tid":
            claims["tid"] = str(fault.value or other)
        case "id_missing":
            claims.pop(str(fault.value), None)
