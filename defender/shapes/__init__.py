"""The shapes of what Microsoft sends: frozen, lenient, with the raw JSON kept beside them."""

from defender.shapes.base import Evidence
from defender.shapes.items import Alert, Comment, Incident
from defender.shapes.kinds import GenericEvidence, detail, kind, label, name
from defender.shapes.reading import Broken, Record
from defender.shapes.times import moment, nanoseconds

__all__ = [
    "Alert",
    "Broken",
    "Comment",
    "Evidence",
    "GenericEvidence",
    "Incident",
    "Record",
    "detail",
    "kind",
    "label",
    "moment",
    "name",
    "nanoseconds",
]
