"""What several files of tests begin with."""

import pytest
from django.utils import timezone

from incidents import backfill, sync
from incidents.models import Backfill
from tests.incidents.counting import story


@pytest.fixture
def read(tenant, directory, world):
    """Halden Energi read to the present, with five days of incidents and nothing of its past left to read."""
    for age in (1, 2, 3, 10, 29):
        story(directory, world, age, 2)
    sync.pull(tenant)
    backfill.begin(tenant)
    Backfill.objects.update(finished_at=timezone.now())
    return tenant
