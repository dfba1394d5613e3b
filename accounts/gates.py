"""Gates before pages: to whoever may not pass, the page does not exist, and the audit trail says who stood there."""

from collections.abc import Callable, Container
from functools import wraps
from typing import Any, TypeAlias

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from accounts.models import User

View: TypeAlias = Callable[..., HttpResponse]


class OutOfScope(Http404):
    """A signed-in person asked for what is not theirs, or for what nobody has: the answer is the same."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__()
        self.kind = kind
        self.key = key


def for_roles(roles: Container[object]) -> Callable[[View], View]:
    """For the people of these roles; to all others the page does not exist. A link that it shows is not kept."""

    def decorated(view: View) -> View:
        @wraps(view)
        def gate(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
            if request.user.role not in roles:
                raise OutOfScope("page", request.path)
            return view(request, *args, **options)

        return never_cache(gate)

    return decorated


staff = for_roles(User.STAFF)
administrators = for_roles([User.Role.ADMINISTRATOR])
# Who works on incidents: managers and customers look on.
triagers = for_roles([User.Role.ADMINISTRATOR, User.Role.ANALYST])
