"""The gate: every object of a customer is asked for here, and a stranger gets the 404 of an unknown id."""

from typing import Any, Protocol, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import models

from accounts.gates import OutOfScope
from accounts.models import User

Row = TypeVar("Row", bound=models.Model, covariant=True)


class VisibleTo(Protocol[Row]):
    def visible_to(self, user: User) -> Any: ...


def get(rows: VisibleTo[Row], user: User, **lookup: Any) -> Row:
    """The one row among those that the person may see; OutOfScope, a 404, when there is none, whatever the reason."""
    found = rows.visible_to(user)
    try:
        row: Row = found.get(**lookup)
    except ObjectDoesNotExist:
        kind = found.model._meta.verbose_name
        raise OutOfScope(kind, " ".join(str(value) for value in lookup.values())) from None
    return row
