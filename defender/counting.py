"""How many items Microsoft has of a time, without reading them: what the store is held against."""

import msgspec

from defender import errors
from defender.graph import Graph


class Counted(msgspec.Struct):
    value: list[msgspec.Raw]
    count: int | None = msgspec.field(default=None, name="@odata.count")


def created(graph: Graph, path: str, low: str, high: str) -> int | None:
    """The number of items created from `low` on and before `high`; None when Microsoft gives none to be believed."""
    condition = f"createdDateTime ge {low} and createdDateTime lt {high}"
    try:
        body = graph.get(path, filter=condition, top=1, count="true")
    except errors.RequestRejected:
        return None
    try:
        answer = msgspec.json.decode(body, type=Counted)
    except msgspec.DecodeError:
        return None
    # A count of less than what was listed beside it is none.
    return answer.count if answer.count is not None and answer.count >= len(answer.value) else None
