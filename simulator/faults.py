"""What can go wrong on order: each fault waits for the requests that it is meant for."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Fault:
    """`kind` on the next `times` requests to `host` ("graph" or "entra") of the tenant whose path holds `path`."""

    kind: str
    tenant: str = ""
    host: str = "graph"
    path: str = ""
    times: int = 1
    value: Any = None


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def add(self, kind: str, **options: Any) -> None:
        self.waiting.append(Fault(kind, **options))

    def clear(self) -> None:
        self.waiting.clear()

    def take(self, host: str, tenant: str, path: str) -> Fault | None:
        for fault in self.waiting:
            if fault.host == host and fault.tenant in ("", tenant) and fault.path in path:
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None

    def entra_code(self, tenant: str) -> int:
        """The AADSTS code ordered for the tenant's next token, 0 when none is."""
        fault = self.take("entra", tenant, "")
        return int(fault.value) if fault else 0
