from django.conf import settings
from django.http import HttpRequest


def provider(request: HttpRequest) -> dict[str, str]:
    """Who the provider is to its customers."""
    return {"provider": settings.PROVIDER_NAME, "contact": settings.PROVIDER_CONTACT}
