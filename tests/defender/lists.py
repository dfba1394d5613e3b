"""A small Graph: one list of incidents that misbehaves as told."""

import json
import re
from collections.abc import Callable, Iterable

import httpx

from defender import incidents
from defender.shapes import nanoseconds

BASE = "https://graph.microsoft.com/v1.0/security/incidents"
SINCE = "2024-01-01T00:00:00Z"


def text(ticks: int) -> str:
    """Microsoft writes ticks of 100 ns and drops zeros at the end."""
    fraction = f"{ticks % 10_000_000:07d}".rstrip("0")
    return f"2024-01-01T00:00:{ticks // 10_000_000:02d}{'.' + fraction if fraction else ''}Z"


def ticks(date: str) -> int:
    return ((nanoseconds(date) or 0) - (nanoseconds(SINCE) or 0)) // 100


class List:
    """Graph's list of incidents: pages by skip tokens over whatever the list is at that moment."""

    def __init__(self, times: Iterable[int], *, order: str = "rising", most: int = 50, links: bool = True) -> None:
        self.times = {str(number): time for number, time in enumerate(times)}
        self.order, self.most, self.links = order, most, links
        self.orderby = True
        self.property = "lastUpdateDateTime"
        self.poison: set[str] = set()  # a page that would hold one of them fails
        self.down: Callable[[dict[str, str]], httpx.Response | None] = lambda query: None
        self.between: Callable[[int], None] = lambda served: None
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        self.asked.append(query)
        if instead := self.down(query):
            return instead
        if int(query.get("$top", 0)) > self.most:
            return refused(f"The limit of '{self.most}' for Top query has been exceeded.")
        if "$orderby" in query and not self.orderby:
            return refused("$orderby is not supported.")
        at = int(query.get("$skip", 0))
        if "$skiptoken" in query:
            if not self.links:
                return refused("SkipToken not allowed")
            at, query["$top"], query["$filter"] = json.loads(query["$skiptoken"])
        answer = self.page(query["$filter"], at, min(int(query["$top"]), self.most))
        self.between(len(self.asked))
        return answer

    def page(self, condition: str, at: int, top: int) -> httpx.Response:
        low = re.search(r"ge (\S+)", condition)
        high = re.search(r"le (\S+)", condition)
        end = re.search(r"lt (\S+)", condition)
        found = [
            (time, name)
            for name, time in self.times.items()
            if (not low or time >= ticks(low[1]))
            and (not high or time <= ticks(high[1]))
            and (not end or time < ticks(end[1]))
        ]
        mixed = self.order == "mixed"
        found.sort(key=lambda entry: (entry[0] * 7919 % 10_007 if mixed else entry[0], int(entry[1])))
        if self.order == "falling":
            found.reverse()
        shown = found[at : at + top]
        if self.poison.intersection(name for _, name in shown):
            return httpx.Response(500, json={"error": {"code": "InternalServerError", "message": ""}})
        page = {"value": [{"id": name, self.property: text(time)} for time, name in shown]}
        if at + top < len(found):
            token = str(httpx.QueryParams({"$skiptoken": json.dumps([at + top, top, condition])}))
            page["@odata.nextLink"] = f"{BASE}?{token}"
        return httpx.Response(200, json=page)


def refused(message: str) -> httpx.Response:
    return httpx.Response(400, json={"error": {"code": "BadRequest", "message": message}})


def window(microsoft, listed, since=SINCE, position="", **options):
    microsoft.answer = listed
    return list(incidents.changed_incidents(microsoft.graph(), since, position=position, **options))


def ids(pages) -> set[str]:
    return {item.id for page in pages for item in page.items}
