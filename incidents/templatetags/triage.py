"""The acts and marks of one incident or alert, with all that they need: a page names the item only."""

from typing import Any

from django import template

from incidents.models import Alert, Hold, Incident
from incidents.triage import marks, owners, values

register = template.Library()


@register.inclusion_tag("triage/_acts.html", takes_context=True)
def triage_acts(context: dict[str, Any], item: Any) -> dict[str, Any]:
    """The buttons with their forms; nothing for who does not triage, and for what has been merged."""
    request = context["request"]
    if request.user.role not in owners.ROLES or item.status == Incident.Status.REDIRECTED:
        return {}
    alone = isinstance(item, Alert)
    return {
        "item": item,
        "is_alert": alone,
        "user": request.user,
        "after": shown_page(request),
        "people": owners.of_customers([item.customer_id]),
        "is_mine": item.assigned_to.casefold() == owners.written(request.user).casefold(),
        "pairs": grouped_pairs(item),
        "is_resolved": item.status == Incident.Status.RESOLVED,
        "hold": None if alone else Hold.objects.filter(incident=item, ended_at=None).first(),
    }


def shown_page(request: Any) -> str:
    """Where the person is: for a part of a page, that page."""
    htmx = getattr(request, "htmx", None)
    return str((htmx and htmx.current_url_abs_path) or request.get_full_path())


def grouped_pairs(item: Any) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """For the choice: each classification with its types, and which of them the item has."""
    return [
        (
            str(label),
            [
                (
                    f"{key}/{one}",
                    str(values.DETERMINATIONS[one]),
                    (key, one) == (item.classification, item.determination),
                )
                for one in values.PAIRS[key]
            ],
        )
        for key, label in values.CLASSIFICATIONS.items()
    ]


@register.inclusion_tag("triage/_pending.html", takes_context=True)
def triage_marks(context: dict[str, Any], item: Any) -> dict[str, Any]:
    """What of the item is pending, in conflict or refused; of a list use `marks.attach` first."""
    return {**marks.shown_to(context["request"].user, item), "after": shown_page(context["request"])}
