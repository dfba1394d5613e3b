"""What the counts prove, for pages: how much of what Microsoft has of the last thirty days is here, and as of when."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils import timezone

from accounts.models import User
from incidents.days import DAY, DAYS
from incidents.models import DayCount, Gap
from tenants.models import Tenant

STALE = timedelta(hours=2)
STREAMS = ("incidents", "alerts")
NUMBERED = Q(expected__isnull=False)


@dataclass(frozen=True)
class Tally:
    """One stream: what is `there` at Microsoft, what of it is `here`, and what is here only.

    `gaps` are still open, `unnumbered` days are those that Microsoft gives no number of.
    """

    there: int = 0
    here: int = 0
    ours: int = 0
    gaps: int = 0
    unnumbered: int = 0

    @property
    def missing(self) -> int:
        return self.there - self.here


@dataclass(frozen=True)
class Proof:
    """What is proven of one directory or of several; `as_of` is when the one was counted that waits longest.

    `partly` is the number of directories of which some day is still to be counted, or its ids to be compared.
    """

    incidents: Tally = field(default_factory=Tally)
    alerts: Tally = field(default_factory=Tally)
    partly: int = 0
    as_of: datetime | None = None

    @property
    def both(self) -> Tally:
        return total([self.incidents, self.alerts])

    @property
    def is_stale(self) -> bool:
        return self.as_of is not None and self.as_of < timezone.now() - STALE

    @property
    def level(self) -> str:
        """The glyph: ok only when every day is counted and listed, lately, and nothing is missing."""
        if self.as_of is None:
            return "pend"
        if self.is_stale or self.both.gaps or self.both.missing or self.both.unnumbered:
            return "warn"
        return "pend" if self.partly else "ok"


def overall(user: User, connected: int) -> Proof:
    """Of all directories that the person may see, of which so many are connected."""
    found = list(by_tenant(user).values())
    return Proof(
        total(proof.incidents for proof in found),
        total(proof.alerts for proof in found),
        sum(proof.partly for proof in found) + max(connected - len(found), 0),
        min((proof.as_of for proof in found if proof.as_of), default=None),
    )


def by_tenant(user: User) -> dict[int, Proof]:
    """Of each directory that is connected and has been counted."""
    rows: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in tallies(user):
        rows[row.pop("tenant")][row.pop("stream")] = row
    return {tenant: proof_of(streams) for tenant, streams in rows.items()}


def proof_of(streams: dict[str, dict[str, Any]]) -> Proof:
    as_of = min(row.pop("as_of") for row in streams.values())
    # Today has begun for us before it is counted and listed.
    whole = [stream for stream, row in streams.items() if row.pop("days") >= DAYS - 1]
    tally = {stream: Tally(**row) for stream, row in streams.items()}
    return Proof(tally.get("incidents", Tally()), tally.get("alerts", Tally()), int(len(whole) < len(STREAMS)), as_of)


def tallies(user: User) -> Iterable[dict[str, Any]]:
    """A row for each stream of each directory, all in one query."""
    since = timezone.now().date() - DAY * (DAYS - 1)
    counts = DayCount.objects.visible_to(user).filter(
        tenant__state=Tenant.State.CONNECTED, stream__in=STREAMS, day__gte=since
    )
    gaps = Gap.objects.filter(tenant=OuterRef("tenant"), stream=OuterRef("stream"), closed_at=None).order_by()
    return (
        counts.order_by().values("tenant", "stream").annotate(
            there=Sum("expected", default=0),
            here=Sum(Greatest(Least("found", F("expected") - F("missing")), 0), filter=NUMBERED, default=0),
            ours=Sum(Greatest(F("found") - F("expected"), "gone", 0), filter=NUMBERED, default=0),
            gaps=Coalesce(Subquery(gaps.values("tenant").annotate(number=Count("pk")).values("number")), 0),
            unnumbered=Count("pk", filter=~NUMBERED), days=Count("listed_at"), as_of=Max("counted_at"),
        )
    )  # fmt: skip


def total(tallies: Iterable[Tally]) -> Tally:
    found = list(tallies)
    return Tally(**{name: sum(getattr(tally, name) for tally in found) for name in Tally.__dataclass_fields__})
