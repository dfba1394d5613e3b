"""How Microsoft's services put an answer on the wire."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Response


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status, headers, content_type="application/json; charset=utf-8")


def graph_error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    request_id = secrets.token_hex(16)
    inner = {
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
        "request-id": request_id,
        "client-request-id": request_id,
    }
    body = {"error": {"code": code, "message": message, "innerError": inner}}
    return answer(body, status, {"request-id": request_id, **(headers or {})})
