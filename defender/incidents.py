"""Incidents and alerts of one tenant: what changed, one of them, and what we change."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from defender import errors, windows
from defender.graph import Graph, raw_page
from defender.shapes import Alert, Broken, Comment, Incident, Record, reading
from defender.windows import Page, Range

INCIDENTS = "/security/incidents"
ALERTS = "/security/alerts_v2"


def changed_incidents(
    graph: Graph, since: str, *, position: str = "", until: str = "", without: Sequence[Range] = ()
) -> Iterator[Page]:
    """Incidents changed since the time, without their alerts: expanding them fails on large tenants."""
    return windows.pages(graph, INCIDENTS, reading.incidents, since, position, until, without=without)


def changed_alerts(
    graph: Graph, since: str, *, position: str = "", until: str = "", without: Sequence[Range] = ()
) -> Iterator[Page]:
    """Alerts with their evidence changed since the time, those without incident among them."""
    return windows.pages(graph, ALERTS, reading.alerts, since, position, until, without=without)


def incident(graph: Graph, microsoft_id: str) -> Record[Incident]:
    return one_incident(graph.get(f"{INCIDENTS}/{segment(microsoft_id)}"))


def alert(graph: Graph, microsoft_id: str) -> Record[Alert]:
    return one_alert(graph.get(f"{ALERTS}/{segment(microsoft_id)}"))


def alerts_of(graph: Graph, microsoft_id: str) -> tuple[list[Record[Alert]], list[Broken]]:
    """The alerts that belong to an incident at this moment, all pages of them."""
    page = graph.page(f"{INCIDENTS}/{segment(microsoft_id)}/alerts")
    good, broken = reading.alerts(page.entries)
    followed: set[str] = set()
    while page.next_link:
        if page.next_link in followed:
            raise errors.MicrosoftFault(windows.REPEATS)
        followed.add(page.next_link)
        page = graph.linked_page(page.next_link)
        more, worse = reading.alerts(page.entries)
        good, broken = good + more, broken + worse
    return good, broken


def update_incident(graph: Graph, microsoft_id: str, changes: Mapping[str, object]) -> Record[Incident]:
    """Change only the properties named; the answer is the incident as it is now."""
    return one_incident(graph.patch(f"{INCIDENTS}/{segment(microsoft_id)}", changes))


def update_alert(graph: Graph, microsoft_id: str, changes: Mapping[str, object]) -> Record[Alert]:
    return one_alert(graph.patch(f"{ALERTS}/{segment(microsoft_id)}", changes))


def comment_incident(graph: Graph, microsoft_id: str, text: str) -> list[Comment]:
    return commented(graph, f"{INCIDENTS}/{segment(microsoft_id)}/comments", text)


def comment_alert(graph: Graph, microsoft_id: str, text: str) -> list[Comment]:
    return commented(graph, f"{ALERTS}/{segment(microsoft_id)}/comments", text)


def commented(graph: Graph, path: str, text: str) -> list[Comment]:
    """Add a comment; Microsoft answers with all comments there are."""
    body = graph.post(path, {"@odata.type": "microsoft.graph.security.alertComment", "comment": text})
    return [comment for entry in raw_page(body).entries if (comment := reading.comment(entry)) is not None]


def one_incident(body: bytes) -> Record[Incident]:
    return whole(reading.incident(body))


def one_alert(body: bytes) -> Record[Alert]:
    return whole(reading.alert(body))


def whole(record: Any) -> Any:
    if isinstance(record, Broken):
        raise errors.MicrosoftFault(f"Graph's answer is no item: {record.reason}")
    return record


def segment(microsoft_id: str) -> str:
    """An id as one segment of a path; RequestRejected when it cannot be one, since dots would lead to another path."""
    if microsoft_id in ("", ".", "..") or not microsoft_id.isprintable():
        raise errors.RequestRejected("The item has an ID that cannot be asked for.")
    return quote(microsoft_id, safe="")
