"""The wall around each request: one transaction, in which the database has the rows of the person's customers only."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.models import User
from tenants import scope


class Walls:
    """Without a person there is no scope, and so no customer's row. An answer that failed takes back what it wrote."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.get_response(request)
        with scope.person(request.user):
            response: Any = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        if response.streaming:
            response.streaming_content = streamed(request.user, response.streaming_content)
        return response


def streamed(user: User, parts: Iterator[bytes]) -> Iterator[bytes]:
    """What is made after the request has ended, in a transaction of its own with what the person may see by then."""
    with scope.person(user):
        yield from parts
