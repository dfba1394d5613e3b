"""How Microsoft's services put an answer on the wire."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

JSON = "application/json; charset=utf-8"


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, headers, content_type=JSON)


def graph_error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    identity = str(uuid.uuid4())
    inner = {"date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}", "request-id": identity, "client-request-id": identity}
    body = {"error": {"code": code, "message": message, "innerError": inner}}
    return answer(body, status, {"request-id": identity, **(headers or {})})


def stamped(request: Request, response: Response) -> Response:
    """The headers that every answer of Graph has; the client's own id comes back."""
    identity = response.headers.setdefault("request-id", str(uuid.uuid4()))
    response.headers["client-request-id"] = request.headers.get("client-request-id", identity)
    response.headers["Date"] = http_date()
    response.headers["Cache-Control"] = "no-cache"
    return response
