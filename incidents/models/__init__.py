"""What was received from Microsoft, and the ledger of how it is being read."""

from incidents.models.ledger import Breaker, Budget, SetAside, SyncState
from incidents.models.owned import Owned
from incidents.models.received import Alert, Evidence, Incident

__all__ = ["Alert", "Breaker", "Budget", "Evidence", "Incident", "Owned", "SetAside", "SyncState"]
