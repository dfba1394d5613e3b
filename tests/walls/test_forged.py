"""Hundreds of forged answers link nothing; the legal one, given after them, does."""

from typing import Any
from uuid import UUID

import pytest

from simulator.world import Tenant as Directory
from simulator.world import World
from tests.walls import forging

pytestmark = pytest.mark.django_db


@pytest.fixture
def forger(settings: Any, world: World, directory: Directory) -> forging.Forger:
    return forging.arrive(settings, world, directory)


def test_no_forged_answer_links_anything_and_the_legal_one_does(
    forger: forging.Forger, figures: dict[str, str]
) -> None:
    forging.forge(forger, batches=60)
    assert forger.callbacks >= 100
    assert (forger.wrong, forger.linked) == ([], 0)
    tenant = forging.link_for_good(forger)
    figures["forged callbacks"] = forging.told(forger)
    assert tenant.entra_id == UUID(forger.directory.id)


def test_a_link_would_be_noticed(forger: forging.Forger) -> None:
    """The answer that departs in nothing is no forgery, and is counted as a link."""
    forger.attempt([({}, {})])
    assert forger.linked == 1
