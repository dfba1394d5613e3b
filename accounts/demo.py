"""The people of a simulated cloud, as the demo wrote them down: the sign-in page lists them."""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings


@dataclass(frozen=True)
class Pretended:
    name: str
    username: str
    title: str
    role: str


def people() -> list[Pretended]:
    """Those in STATE_DIR/people.json; nobody when the cloud is Microsoft's own, or nothing can be read there."""
    if not settings.MICROSOFT_CLOUD_URL:
        return []
    try:
        listed = json.loads((settings.STATE_DIR / "people.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [pretended(each) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def pretended(each: dict[str, Any]) -> Pretended:
    name, username, title, role = (str(each.get(key) or "") for key in ("name", "username", "title", "role"))
    return Pretended(name, username, title, role)
