"""The answers of a faulty Microsoft: instead of the right one, or the right one spoilt."""

import copy
import json
import time
from typing import Any

from werkzeug.wrappers import Response

from simulator.answers import answer, graph_error
from simulator.faults import Fault
from simulator.world import Tenant

HTML = "<!doctype html><html><body><h1>Our services are not available right now</h1></body></html>"


def instead(fault: Fault) -> Response | None:
    """The whole answer when the fault replaces it, None when it spoils the right one."""
    value = fault.value
    if fault.kind == "slow":
        time.sleep(float(value))
        return None
    if fault.kind == "throttle":
        headers = {"Retry-After": str(value)} if value is not None else {}
        return graph_error(429, "TooManyRequests", "Too many requests.", headers)
    if fault.kind == "status":
        return graph_error(int(value), "UnknownError", "")
    if fault.kind == "html":
        return Response(HTML, int(value or 200), content_type="text/html")
    if fault.kind == "empty":
        return Response("", 200)
    if fault.kind == "redirect":
        return Response("", 302, {"Location": "https://elsewhere.example/"})
    if fault.kind == "skip_token":
        return graph_error(400, "BadRequest", "SkipToken is not allowed or has expired.")
    return None


def spoilt(fault: Fault, body: Any, tenant: Tenant) -> Response:
    """The right answer with the fault in it; `value` of a "page" fault is put before the items as raw JSON."""
    text = json.dumps(body, ensure_ascii=False)
    if fault.kind == "cut":
        return Response(text[: len(text) // 2], 200, content_type="application/json")
    if fault.kind == "partial":
        return answer(body, 206, {"Warning": '199 - "Vendor/Provider/504/10000"'})
    if fault.kind == "next_link":
        return answer({**copy.deepcopy(body), "@odata.nextLink": fault.value})
    if fault.kind == "item":
        comma = "," if body.get("value") else ""
        return Response(text.replace('"value": [', f'"value": [{fault.value}{comma}', 1), 200,
                        content_type="application/json")  # fmt: skip
    return answer(body)
