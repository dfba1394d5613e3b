"""The gate: every object of a customer is asked for here, and a stranger gets the 404 of an unknown id."""

from typing import Any, Protocol, TypeVar

from django.db import models
from django.shortcuts import get_object_or_404

from accounts.models import User

Row = TypeVar("Row", bound=models.Model, covariant=True)


class VisibleTo(Protocol[Row]):
    def visible_to(self, user: User) -> Any: ...


def get(rows: VisibleTo[Row], user: User, **lookup: Any) -> Row:
    """The one row among those that the person may see; Http404 when there is none, whatever the reason."""
    row: Row = get_object_or_404(rows.visible_to(user), **lookup)
    return row
