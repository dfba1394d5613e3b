"""How far the past of a new directory has been read, and how long the rest will take."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from incidents.models import Backfill, SyncState
from tenants.models import Tenant

# Before that the rate is a guess.
SLICES = 2


@dataclass(frozen=True)
class Progress:
    """`done` is the share of the time that has been read, from 0 to 1; `left` is None while nobody can know.

    `reached` is how far back everything is here, `waits_until` when Microsoft wants to be asked again.
    """

    done: float
    reached: datetime
    left: timedelta | None = None
    waits_until: datetime | None = None

    @property
    def percent(self) -> int:
        """Never 100: then it would be over."""
        return min(int(self.done * 100), 99)

    @property
    def words(self) -> str:
        """How long it will take, '' while nobody can know."""
        if self.left is None:
            return ""
        minutes = self.left.total_seconds() / 60
        if minutes < 1:
            return _("less than a minute left")
        if minutes < 90:
            number = math.ceil(minutes)
            return ngettext("about %(n)s minute left", "about %(n)s minutes left", number) % {"n": number}
        if minutes < 36 * 60:
            number = round(minutes / 60)
            return ngettext("about %(n)s hour left", "about %(n)s hours left", number) % {"n": number}
        number = round(minutes / 60 / 24)
        return ngettext("about %(n)s day left", "about %(n)s days left", number) % {"n": number}


def by_tenant(user: User) -> dict[int, Progress]:
    """Of each connected directory whose past is still being read."""
    unfinished = Backfill.objects.filter(tenant=OuterRef("tenant"), finished_at=None)
    parked = SyncState.objects.filter(tenant=OuterRef("tenant"), parked_until__gt=Now()).order_by("-parked_until")
    pasts: dict[int, list[Any]] = defaultdict(list)
    mine = Backfill.objects.visible_to(user).filter(Exists(unfinished), tenant__state=Tenant.State.CONNECTED)
    for past in mine.annotate(parked_until=Subquery(parked.values("parked_until")[:1])):
        pasts[past.tenant_id].append(past)
    return {tenant: progress(found) for tenant, found in pasts.items()}


def progress(pasts: Sequence[Any]) -> Progress:
    """Of the streams of one directory together, by the time that they have to go back through."""
    whole = sum((past.until_at - past.from_at for past in pasts), timedelta())
    read = sum((past.until_at - past.reached_at for past in pasts), timedelta())
    done = read / whole if whole else 1.0
    began = min(past.started_at for past in pasts)
    known = done > 0 and sum(past.slices for past in pasts) >= SLICES
    left = (timezone.now() - began) * ((1 - done) / done) if known else None
    return Progress(done, max(past.reached_at for past in pasts), left, pasts[0].parked_until)
