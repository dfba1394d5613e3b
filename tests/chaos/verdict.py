"""What became of it: the source against the store, item by item, once the engine had time to catch up."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.chaos.ledger import Ledger
from tests.chaos.microsoft import Microsoft

CATCH_UP_SECONDS = 240.0
SHOWN = 5


@dataclass
class Verdict:
    """`lost` and `different` name items; all counts are over all tenants."""

    incidents: int = 0
    alerts: int = 0
    lost: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    doubled: int = 0
    unfinished: int = 0
    caught_up_after: float = 0.0
    blows: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    wanted_hits: int = 0
    overtaken: int = 0
    starts: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether the store is the source."""
        return not (self.lost or self.different or self.unknown or self.doubled or self.unfinished)

    @property
    def good(self) -> bool:
        return self.whole and self.hits >= self.wanted_hits

    def text(self) -> str:
        lines = [f"{number:6}  {kind}" for kind, number in sorted(self.faults.items())]
        lines += ["", *(f"{number:6}  {blow}" for blow, number in sorted(self.blows.items()))]
        lines += ["", f"{sum(self.faults.values()):6}  faults met a request", f"{sum(self.blows.values()):6}  blows"]
        lines += [f"{self.hits:6}  processes killed while they held a lease, {self.wanted_hits} wanted",
                  f"{self.overtaken:6}  stopped readers whose lease was taken over", f"{self.starts:6}  starts",
                  f"{self.incidents:6}  incidents", f"{self.alerts:6}  alerts"]  # fmt: skip
        for name in ("lost", "different", "unknown"):
            items = getattr(self, name)
            lines.append(f"{len(items):6}  {name}  {', '.join(items[:SHOWN])}")
        lines += [f"{self.doubled:6}  doubled", f"{self.unfinished:6}  streams unfinished"]
        lines.append(f"{self.caught_up_after:6.0f}  seconds to catch up")
        return "\n".join([*lines, "", "Good." if self.good else "BAD."])


def judged(microsoft: Microsoft, ledger: Ledger) -> Verdict:
    """The verdict as soon as it is a good one, or else the last one."""
    wanted, began, deadline = microsoft.ask("source"), datetime.now(UTC), time.monotonic() + CATCH_UP_SECONDS
    while True:
        # Again and again: an answer that was under way may still park somebody.
        ledger.let_an_hour_pass()
        ledger.let_a_day_pass()
        verdict = compared(wanted, ledger.stored())
        verdict.doubled, verdict.unfinished = ledger.doubled(), ledger.unfinished(began)
        if verdict.whole or time.monotonic() > deadline:
            return verdict
        time.sleep(2)


def compared(wanted: Mapping[str, Any], stored: Mapping[str, Any]) -> Verdict:
    verdict = Verdict()
    for tenant, held in wanted.items():
        verdict.incidents += len(held["incidents"])
        verdict.alerts += len(held["alerts"])
        for kind, items in held.items():
            found = stored.get(tenant, {}).get(kind, {})
            name = f"{kind[:-1]} {tenant[:8]}/"
            verdict.lost += [name + key for key in items.keys() - found.keys()]
            verdict.unknown += [name + key for key in found.keys() - items.keys()]
            verdict.different += [name + key for key in items.keys() & found.keys() if items[key] != found[key]]
    return verdict
