from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from incidents import tenant_list


def page(request: HttpRequest) -> dict[str, Any]:
    """The number beside Tenants; it is counted when a page shows it."""
    return {"attention": SimpleLazyObject(lambda: tenant_list.attention(request.user))}
