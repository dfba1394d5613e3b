"""The long runs of the walls: every payload in every field of an incident, and ten thousand forged answers."""

from typing import Any
from uuid import UUID

import pytest

from accounts import limits
from accounts.models import User
from simulator.world import Tenant as Directory
from simulator.world import World
from tenants.models import Tenant
from tests.walls import forging, hostile
from tests.walls.test_hostile import inspect, reports, watch
from tests.walls.watching import Reports, Watch

__all__ = ["reports", "watch"]
FORGED = 10_000


@pytest.mark.django_db(transaction=True)
def test_every_payload_in_every_field(
    settings: Any, watch: Watch, world: World, directory: Directory, tenant: Tenant, operator: User, reports: Reports,
    figures: dict[str, str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # Nobody looks at so many pages in a minute.
    monkeypatch.setattr(limits, "PAGES", limits.Limit("pages", 1_000_000, 60))
    hostile.install(settings, watch.address, world, reports)
    inspect(hostile.Run(watch, hostile.WHOLE, tenant, directory), operator, reports, figures)


@pytest.mark.django_db
def test_ten_thousand_forged_answers_link_nothing_and_the_legal_one_does(
    settings: Any, world: World, directory: Directory, figures: dict[str, str]
) -> None:
    forger = forging.arrive(settings, world, directory)
    while forger.callbacks < FORGED:
        forging.forge(forger, batches=500)
    assert (forger.wrong, forger.linked) == ([], 0)
    assert forging.link_for_good(forger).entra_id == UUID(directory.id)
    figures["forged callbacks"] = forging.told(forger)
