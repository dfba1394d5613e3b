"""What an answer of Graph's that is no success means."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from defender import errors

LONGEST_WAIT = 3600.0
NOT_ONBOARDED = re.compile(r"not onboarded|licen[cs]e|not provisioned|subscription", re.IGNORECASE)
ROLES_NEEDED = re.compile(r"API required roles: ([\w.,\s]+?)(?:, application roles|\.?$)")
PERMISSION_CODES = {"Authorization_RequestDenied", "Authentication_MSGraphPermissionMissing"}
TOP_LIMIT = re.compile(r"limit of '(\d+)' for Top", re.IGNORECASE)


def retry_after(value: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float | None:
    """Retry-After in seconds, at most an hour; None when it is missing or unreadable."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
            seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now()).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else None


def error_of(
    status: int, headers: Mapping[str, str], body: bytes, roles: frozenset[str] = frozenset()
) -> errors.DefenderError:
    """The error for an answer with status 400 or more; `roles` are those of the token that was sent."""
    code, message, request_id = described(body)
    request_id = request_id or headers.get("request-id", "")[:64]
    if status == 429:
        wait = retry_after(headers.get("Retry-After"))
        return errors.Throttled("Graph has asked us to slow down.", code=code, retry_after=wait, request_id=request_id)
    if status == 400 or status == 410:
        return rejected(status, code, message, request_id)
    if status == 401:
        return errors.MicrosoftFault("Graph does not accept the token it was given.", code=code, request_id=request_id)
    if status == 403:
        return forbidden(code, message, request_id, roles)
    if status == 404:
        return errors.NotFound("Graph knows no such item in this directory.", code=code, request_id=request_id)
    wait = retry_after(headers.get("Retry-After"))
    kind = errors.ServerFault if status >= 500 else errors.MicrosoftFault
    return kind(f"Graph answered with status {status}.", code=code, retry_after=wait, request_id=request_id)


def rejected(status: int, code: str, message: str, request_id: str) -> errors.DefenderError:
    limit = TOP_LIMIT.search(message)
    if limit:
        return errors.PageSizeRefused("Graph refused the page size.", int(limit[1]), code=code, request_id=request_id)
    if status == 410 or re.search(r"skip\s?token|syncState", message + code, re.IGNORECASE):
        return errors.SkipTokenRefused("Graph refused the link to the next page.", code=code, request_id=request_id)
    return errors.RequestRejected(f"Graph rejected our request ({code or status}).", code=code, request_id=request_id)


def forbidden(code: str, message: str, request_id: str, roles: frozenset[str]) -> errors.DefenderError:
    """A 403 says one thing for two: what the token may do decides between a missing role and a missing licence."""
    needed = [role.strip() for role in found[1].split(",")] if (found := ROLES_NEEDED.search(message)) else []
    if needed and not roles.intersection(needed):
        # The roles are alternatives: naming the first, the least, is what an administrator needs.
        return errors.RoleMissing((needed[0],), code=code, request_id=request_id)
    if code in PERMISSION_CODES or not (roles or NOT_ONBOARDED.search(message)):
        return errors.RoleMissing((), code=code, request_id=request_id)
    return errors.LicenceMissing("Defender XDR is not set up or licensed in this directory.", code=code,
                                 request_id=request_id)  # fmt: skip


def described(body: bytes) -> tuple[str, str, str]:
    """Code, message and request id of an error body; all empty when it is not Graph's JSON."""
    try:
        error = json.loads(body)["error"]
        inner = error.get("innerError") or {}
        return str(error.get("code") or "")[:80], str(error.get("message") or "")[:2000], identifier(inner)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", "", ""


def identifier(inner: Any) -> str:
    return str(inner.get("request-id") or "")[:64] if isinstance(inner, dict) else ""
