"""Requests of tests come to the database as the web does in earnest; the test around them is the owner."""

import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import CaptureQueriesContext

from tenants.roles import WEB


class AsWeb:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Past Django's cursor, so that nobody counts these two as queries of a page."""
        connection.ensure_connection()
        raw: Any = connection.connection
        raw.execute(f"SET ROLE {WEB}")
        try:
            return self.get_response(request)
        finally:
            raw.execute("RESET ROLE")


def in_earnest(queries: CaptureQueriesContext) -> list[str]:
    """Those that a request makes when it has a transaction of its own, not one inside the transaction of a test."""
    statements = [str(query["sql"]) for query in queries]
    return [one for one in statements if not re.match(r"(RELEASE )?SAVEPOINT|SELECT set_config", one)]
