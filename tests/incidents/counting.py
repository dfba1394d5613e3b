"""Days of a directory, and the turns in which they are counted and listed."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from incidents import completeness, days, leases
from incidents.models import DayCount, SyncState
from simulator.stories import STORIES
from tenants import cloud

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def day(age):
    """The UTC day so many days ago, seen from what is old enough to be counted."""
    return (datetime.now(UTC) - completeness.SETTLING).date() - age * DAY


def noon(age):
    return days.start(day(age)) + 12 * HOUR


def story(directory, world, age, number=1):
    """Incidents of that day, unchanged since."""
    made = []
    for index in range(number):
        at = noon(age) + timedelta(seconds=index)
        made.append(directory.add_story(at, STORIES[index % len(STORIES)], hostile=False))
    world.advance(0)
    return made


def claimed(tenant, stream="completeness"):
    """The work's row of the ledger, taken as by a new process."""
    SyncState.objects.get_or_create(tenant=tenant, customer=tenant.customer, stream=stream)
    SyncState.objects.update(leased_until=None)
    return leases.claim(tenant, stream)


def turn(tenant):
    return completeness.read(claimed(tenant), cloud.graph(tenant))


def turns(tenant):
    """Count and list until nothing is due any more."""
    number = 1
    while turn(tenant) <= timezone.now():
        number += 1
        assert number < 50
    return number


def again(world):
    """Everything was counted and listed a day ago; the minute in which Microsoft counts our requests is over too."""
    world.requests.clear()
    DayCount.objects.update(counted_at=timezone.now() - DAY, listed_at=timezone.now() - DAY)


def counted(stream="incidents"):
    """Days of which either side has something."""
    rows = DayCount.objects.filter(stream=stream).exclude(expected=0, found=0).order_by("-day")
    return [(row.expected, row.found) for row in rows]


def asked(world, directory):
    return len(world.requests.get((directory.id, world.client_id), ()))
