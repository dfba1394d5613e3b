from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from incidents import tenant_list
from incidents.triage import toasts


def page(request: HttpRequest) -> dict[str, Any]:
    """The number beside Tenants, counted when a page shows it, and what came of the last act, said once."""
    attention = SimpleLazyObject(lambda: tenant_list.attention(request.user))
    return {"attention": attention, "toasts": SimpleLazyObject(lambda: toasts.taken(request))}
