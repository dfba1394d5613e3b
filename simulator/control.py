"""What the demo and a person at a terminal may order, under the simulator's own host only.

GET /_simulator/world · POST, DELETE /_simulator/faults · POST /_simulator/clock {"advance": seconds} or {"now": time} ·
POST /_simulator/certificate (a PEM text; ?for=signin) · POST /_simulator/redirects {"signin"?: […], "monitor"?: […]} ·
POST /_simulator/rotate_key · POST /_simulator/consent_delay {"seconds"} · POST /_simulator/people/{oid} {"roles": […]}
POST /_simulator/tenants/{id}/grant {"roles"?, "delay"?} | revoke | order {"order"} | throttle {"every"} | happen |
story {"kind"?, "severity"?, "hostile"?} | alert | touch {"incident", ...changes} | merge {"loser", "survivor"} |
late {"seconds", ...as story}: an incident that is seen so much later than its own time |
poison {"id"}: every page of a list that would hold the item answers 500, by its id it can be had | heal {"id"}.
"""

from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator import orders
from simulator.answers import answer
from simulator.people import Person
from simulator.tenant import Tenant
from simulator.world import World

PREFIX = "/_simulator/"


class Unknown(Exception):
    """There is no such address."""


def respond(world: World, request: Request) -> Response:
    """The answer to an order; call it with the world's lock held."""
    try:
        return answer(obeyed(world, request))
    except Unknown:
        return answer({"error": "There is no such address."}, 404)
    except KeyError as error:
        return answer({"error": f"There is no {error.args[0]!r}."}, 404)
    except (TypeError, ValueError, AttributeError) as error:
        return answer({"error": f"The order cannot be read: {error}"}, 400)


def obeyed(world: World, request: Request) -> Any:
    parts = request.path.removeprefix(PREFIX).split("/")
    order = (request.method, *parts[:1])
    if order == ("POST", "certificate"):
        world.register_certificate(request.get_data(), signin=request.args.get("for") == "signin")
        return described(world)
    body = request.get_json(force=True) if request.get_data() else {}
    if order == ("POST", "tenants") and len(parts) == 3:
        return ordered(world, world.tenant(parts[1]), parts[2], body)
    if order == ("POST", "people") and len(parts) == 2:
        world.people[parts[1]].roles = tuple(map(str, body["roles"]))
    elif order == ("POST", "redirects"):
        orders.redirect(world, body)
    elif order == ("POST", "rotate_key"):
        world.keys.rotate()
    elif order == ("POST", "consent_delay"):
        world.consent_delay = float(body["seconds"])
    elif order == ("POST", "faults"):
        world.faults.add(**body)
    elif order == ("DELETE", "faults"):
        world.faults.clear()
    elif order == ("POST", "clock"):
        world.advance(seconds_to(world, body["now"]) if "now" in body else float(body["advance"]))
    elif order != ("GET", "world"):
        raise Unknown
    return described(world)


def seconds_to(world: World, text: str) -> float:
    return (datetime.fromisoformat(text).astimezone(UTC) - world.now).total_seconds()


def ordered(world: World, tenant: Tenant, verb: str, body: dict[str, Any]) -> Any:
    """What was made or changed, or else how the tenant stands now."""
    if verb not in orders.VERBS:
        raise Unknown
    return orders.obey(world, tenant, verb, body) or shown(tenant)


def described(world: World) -> dict[str, Any]:
    return {
        "client_id": world.client_id,
        "client_secret": world.client_secret,
        "signin_client_id": world.signin_client_id,
        "signin_client_secret": world.signin_client_secret,
        "redirects": {"signin": world.signin.redirects, "monitor": world.monitor.redirects},
        "home": {"id": world.home.id, "name": world.home.name, "domain": world.home.domain},
        "people": [known(person) for person in world.people.values()],
        "now": world.now.isoformat(),
        "tenants": [shown(tenant) for tenant in world.tenants.values()],
        "faults": len(world.faults.waiting),
    }


def known(person: Person) -> dict[str, Any]:
    return {"tid": person.tid, "oid": person.oid, "name": person.name, "username": person.username,
            "title": person.title, "may_consent": person.may_consent}  # fmt: skip


def shown(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": tenant.id, "name": tenant.name, "domain": tenant.domain, "consented": tenant.consented,
        "roles": sorted(tenant.roles), "order": tenant.order, "throttled": tenant.throttled,
        "incidents": len(tenant.incidents), "alerts": len(tenant.alerts),
    }  # fmt: skip
