"""What is ordered from outside: each order is done at its own time, and written down when there is a journal."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from simulator import changes, events
from simulator.journal import Journal, Order, Unreadable
from simulator.tenant import Tenant
from simulator.world import World

# What the control address may order; patch and comment come by Graph.
VERBS = {"grant", "revoke", "order", "throttle", "happen", "story", "alert", "touch", "merge", "late", "poison", "heal"}


def obey(world: World, tenant: Tenant, verb: str, body: dict[str, Any]) -> Any:
    """Do it now; the incident or alert that came of it, if any.

    What cannot be done raises KeyError, TypeError or ValueError and is not written down.
    """
    with world.lock:
        at = world.now
        tenant.advance(at)
        result = done(tenant, at, verb, body)
        if world.journal:
            world.journal.write(at, tenant.id, verb, body)
    return result


def redirect(world: World, body: dict[str, Any]) -> None:
    """Register where a browser may be sent back to; ValueError when that is no address."""
    with world.lock:
        world.register_redirects(**body)
        if world.journal:
            world.journal.write(world.now, "", "redirects", body)


def replay(world: World, journal: Journal) -> None:
    """Plan what the journal holds; from now on it is written to. Unreadable when an order is for nobody."""
    for order in journal.orders():
        directory = world.directory(order.tenant)
        if order.tenant == "" and order.verb == "redirects":
            world.register_redirects(**order.body)
        elif directory is None:
            raise Unreadable(f"{journal.path} has an order for a directory that is not there: {order.tenant!r}.")
        else:
            directory.plan(order.at, again(directory, order))
    world.journal = journal


def again(tenant: Tenant, order: Order) -> Callable[[datetime], None]:
    def happen(at: datetime) -> None:
        try:
            done(tenant, at, order.verb, order.body)
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"The journal's order of {order.at}, {order.verb!r}, cannot be done again.") from error

    return happen


def done(tenant: Tenant, at: datetime, verb: str, body: dict[str, Any]) -> Any:
    match verb:
        case "grant":
            roles = set(body["roles"]) if "roles" in body else None
            tenant.grant(roles, delay=float(body.get("delay", 0)), at=at)
        case "revoke":
            tenant.revoke()
        case "order":
            tenant.order = str(body["order"])
        case "throttle":
            tenant.throttle(int(body["every"]))
        case "happen":
            return events.happen_once(tenant, at)
        case "story":
            return tenant.add_story(at, **body)
        case "late":
            return tenant.add_late(at, **body)
        case "poison":
            tenant.poison.add(str(body["id"]))
        case "heal":
            tenant.poison.discard(str(body["id"]))
        case "alert":
            return tenant.add_alert(at)
        case "touch":
            return tenant.touch(body["incident"], at, **{name: body[name] for name in body if name != "incident"})
        case "merge":
            tenant.merge(at, body["loser"], body["survivor"])
        case "patch":
            changes.change(tenant, at, body["collection"], body["id"], body["changes"])
        case "comment":
            changes.say(tenant, at, body["collection"], body["id"], body["comment"])
        case _:
            raise ValueError(f"There is no order {verb!r}.")
    return None
