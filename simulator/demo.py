"""The world of the demo: one customer has not consented yet, one is throttled, and there is news all the time."""

import random

from simulator import orders
from simulator.world import World

WAITING, THROTTLED = "Vesper Hotels", "Halden Energi"
ONE_IN = 6  # requests to the throttled directory of which one is answered
DELAY = 3.0  # seconds until a consent has spread
PAUSE = (40.0, 60.0)  # seconds between two incidents that come on top


def arrange(world: World) -> None:
    """How the customers stand before anything was ordered from outside."""
    world.consent_delay = DELAY
    for tenant in world.tenants.values():
        if tenant.name == WAITING:
            tenant.revoke()
        elif tenant.name == THROTTLED:
            tenant.throttle(ONE_IN)


def pause() -> float:
    return random.uniform(*PAUSE)


def go_on(world: World) -> None:
    """One more incident at a customer who is connected and has some at all."""
    lively = [tenant for tenant in world.tenants.values() if tenant.rate and tenant.consented and not tenant.throttled]
    if lively:
        chosen = random.choices(lively, [tenant.rate for tenant in lively])[0]
        orders.obey(world, chosen, "happen", {})
