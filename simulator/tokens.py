"""The tokens of the simulated Entra: how they are signed, and how Graph checks them."""

import time
import uuid
from typing import Any

import jwt

from simulator.tenant import Tenant
from simulator.world import World

GRAPH = "https://graph.microsoft.com"
GRAPH_ID = "00000003-0000-0000-c000-000000000000"


def signed(
    world: World, tenant: Tenant, audience: str, *, certified: bool, roles: set[str], skew: int = 0
) -> tuple[str, int]:
    """An app-only token in the v1.0 format and its life in seconds, 60 to 90 minutes."""
    now, life = int(time.time()) + skew, world.random.randint(3600, 5400) - 1
    principal = str(uuid.uuid5(uuid.UUID(tenant.id), world.client_id))
    issuer = f"https://sts.windows.net/{tenant.id}/"
    claims: dict[str, Any] = {
        "aud": audience, "iss": issuer, "iat": now, "nbf": now, "exp": now + life, "aio": "",
        "appid": world.client_id, "appidacr": "2" if certified else "1", "idp": issuer, "oid": principal,
        "sub": principal, "tid": tenant.id, "uti": f"{world.random.getrandbits(128):032x}"[:22], "ver": "1.0",
    }  # fmt: skip
    if roles:
        claims["roles"] = sorted(roles)
    return world.keys.sign(claims), life


def checked(world: World, bearer: str) -> tuple[str, Tenant | None, set[str]]:
    """Graph's check of a token: what is wrong with it, or the tenant it is for and the roles that it has."""
    try:
        key = world.keys.named(bearer)
        claims = jwt.decode(bearer, key, algorithms=["RS256"], audience=[GRAPH, GRAPH_ID], leeway=300)
    except jwt.ExpiredSignatureError:
        return "Lifetime validation failed, the token is expired.", None, set()
    except jwt.InvalidAudienceError:
        return "Access token validation failure. Invalid audience.", None, set()
    except jwt.PyJWTError:
        return "InvalidAuthenticationToken: the token is malformed or its signature does not hold.", None, set()
    return "The tenant of the token is unknown.", world.directory(claims["tid"]), set(claims.get("roles", ()))
