"""How the engine stands: one answer for a load balancer, one row a tenant for administrators."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.db.models.functions import Now
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents import budget
from incidents.models import Breaker, Budget, Gap, SetAside, SyncState
from tenants.models import Tenant

WORST_FIRST = ("us", "customer", "microsoft")
MUST_ACT = {
    "us": _("We must act."),
    "customer": _("The customer must act."),
    "microsoft": _("Microsoft's side; it is tried again."),
}


def is_alive() -> bool:
    """Whether a stream was claimed, or none was due, in the last two intervals; a process that answers is no sign."""
    lately = Now() - timedelta(seconds=2 * settings.SYNC_INTERVAL_SECONDS)
    waiting = SyncState.objects.filter(tenant__state=Tenant.State.CONNECTED, due_at__lt=lately)
    overdue = waiting.exclude(parked_until__gt=lately).exists()
    return not overdue or SyncState.objects.filter(claimed_at__gt=lately).exists()


@dataclass
class Row:
    """One directory: its streams by name, what may still be asked, and how much is set aside or missing."""

    tenant: Tenant
    streams: dict[str, SyncState] = field(default_factory=dict)
    budget: Budget | None = None
    set_aside: int = 0
    gaps: int = 0

    @property
    def live(self) -> list[SyncState]:
        return [self.streams[stream] for stream in SyncState.LIVE if stream in self.streams]

    @property
    def read_at(self) -> datetime | None:
        """When both live streams were complete; None while one of them never was."""
        times = [state.completed_at for state in self.live]
        return None if not times or None in times else min(time for time in times if time)

    @cached_property
    def failing(self) -> SyncState | None:
        """The stream whose error matters most: ours first, Microsoft's last."""
        failing = [state for state in self.streams.values() if state.error]
        return min(failing, key=lambda state: (rank(state.error_owner), not state.is_live), default=None)

    @property
    def must_act(self) -> Any:
        return MUST_ACT.get(self.failing.error_owner, "") if self.failing else ""

    @property
    def next_at(self) -> datetime | None:
        """When the next live stream is read again; None while one is being read."""
        if any(state.leased_until for state in self.live):
            return None
        return min((max(state.due_at, state.parked_until or state.due_at) for state in self.live if state.due_at),
                   default=None)  # fmt: skip

    @property
    def remaining(self) -> int:
        """An overdrawn budget has none left."""
        return max(0, round(budget.now_remaining(self.budget))) if self.budget else 0

    @property
    def level(self) -> str:
        """The look of the row: '' for a disconnected one."""
        if self.tenant.state != Tenant.State.CONNECTED:
            return ""
        if not self.failing:
            return "ok" if self.read_at else "run"
        return "warn" if self.failing.error_owner == "microsoft" else "err"


def rank(owner: str) -> int:
    return WORST_FIRST.index(owner) if owner in WORST_FIRST else len(WORST_FIRST)


def rows(user: User) -> list[Row]:
    return rows_of(Tenant.objects.visible_to(user).select_related("customer"))


def rows_of(tenants: Iterable[Tenant]) -> list[Row]:
    """These directories, those in trouble first, then by name; as many queries for one as for all."""
    found = {tenant.pk: Row(tenant) for tenant in tenants}
    for state in SyncState.objects.filter(tenant__in=found):
        found[state.tenant_id].streams[state.stream] = state
    for each in Budget.objects.filter(tenant__in=found):
        found[each.tenant_id].budget = each
    aside = SetAside.objects.filter(tenant__in=found).values_list("tenant").annotate(Count("pk"))
    for tenant, number in aside.order_by():
        found[tenant].set_aside = number
    gaps = Gap.objects.filter(tenant__in=found, closed_at=None).values_list("tenant").annotate(Count("pk"))
    for tenant, number in gaps.order_by():
        found[tenant].gaps = number
    return sorted(found.values(), key=order)


def order(row: Row) -> tuple[Any, ...]:
    trouble = {"err": 0, "warn": 1, "run": 2, "ok": 3, "": 4}[row.level]
    return trouble, row.tenant.customer.name.casefold(), row.tenant.pk


def outage() -> Breaker | None:
    """What keeps us out of every directory at once, if anything does."""
    return Breaker.objects.filter(opened_at__isnull=False).first()
