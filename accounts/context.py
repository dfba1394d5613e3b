from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import break_glass
from accounts.models import User


def page(request: HttpRequest) -> dict[str, Any]:
    """What every page shows of the person and the installation."""
    user = getattr(request, "user", None)
    theme = user.theme if user is not None and user.is_authenticated else "system"
    shown = {"simulated": bool(settings.MICROSOFT_CLOUD_URL), "theme": theme}
    return shown if user is None else shown | {"alarms": break_glass.alarms(user), "is_break_glass": is_own(user)}


def is_own(user: User) -> SimpleLazyObject:
    return SimpleLazyObject(lambda: break_glass.is_own(user))
