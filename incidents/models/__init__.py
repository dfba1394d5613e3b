"""What was received from Microsoft, its history, and the ledger of how it is being read."""

from incidents.models.completeness import Backfill, DayCount, ListedItem, Listing
from incidents.models.edits import Edit
from incidents.models.history import Change
from incidents.models.holds import Hold
from incidents.models.ledger import Breaker, Budget, SetAside, SyncState
from incidents.models.owned import Owned
from incidents.models.reads import DetailRead, Gap, Unstored
from incidents.models.received import Alert, Evidence, Incident

__all__ = [
    "Alert",
    "Backfill",
    "Breaker",
    "Budget",
    "Change",
    "DayCount",
    "DetailRead",
    "Edit",
    "Evidence",
    "Gap",
    "Hold",
    "Incident",
    "ListedItem",
    "Listing",
    "Owned",
    "SetAside",
    "SyncState",
    "Unstored",
]
