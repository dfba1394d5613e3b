"""Everything that can go wrong with Microsoft, as one tree; the owner is who must act.

DefenderError
  OurFault (us)
    CredentialRejected, CredentialExpired, ClockSkew, RequestRejected
      SkipTokenRefused, PageSizeRefused      answers to a request of ours that the client knows how to mend
  CustomerFault (customer)
    ConsentMissing, RoleMissing, LicenceMissing, AppDisabled, TenantNotFound, WrongCloud, BlockedByPolicy
  Throttled, NotFound, MicrosoftFault (microsoft)
    Unreachable, Untrustworthy, TooLarge, ServerFault, Unreadable, Endless
"""

from typing import ClassVar


class DefenderError(Exception):
    """`str()` is one sentence that may be shown to an operator; it never holds a secret."""

    kind: ClassVar[str] = "error"
    owner: ClassVar[str] = "microsoft"

    def __init__(self, message: str, *, code: str = "", retry_after: float | None = None, request_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after
        self.request_id = request_id


class OurFault(DefenderError):
    """Hits every tenant at once; no customer is to be blamed for it."""

    owner = "us"


class CredentialRejected(OurFault):
    kind = "credential_rejected"


class CredentialExpired(OurFault):
    kind = "credential_expired"


class ClockSkew(OurFault):
    kind = "clock_skew"


class RequestRejected(OurFault):
    kind = "request_rejected"


class SkipTokenRefused(RequestRejected):
    kind = "skip_token_refused"


class PageSizeRefused(RequestRejected):
    kind = "page_size_refused"

    def __init__(self, message: str, limit: int, *, code: str = "", request_id: str = "") -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.limit = limit


class CustomerFault(DefenderError):
    """Only somebody in the customer's directory can mend it."""

    owner = "customer"


class ConsentMissing(CustomerFault):
    kind = "consent_missing"


class RoleMissing(CustomerFault):
    kind = "role_missing"

    def __init__(self, roles: tuple[str, ...], *, code: str = "", request_id: str = "") -> None:
        names = " and ".join(roles) or "that this call needs"
        word = "role" if len(roles) == 1 else "roles"
        super().__init__(f"The consent lacks the application {word} {names}.", code=code, request_id=request_id)
        self.roles = roles


class LicenceMissing(CustomerFault):
    kind = "licence_missing"


class AppDisabled(CustomerFault):
    kind = "app_disabled"


class TenantNotFound(CustomerFault):
    kind = "tenant_not_found"


class WrongCloud(CustomerFault):
    kind = "wrong_cloud"


class BlockedByPolicy(CustomerFault):
    kind = "blocked_by_policy"


class Throttled(DefenderError):
    """Too many requests for this app in this tenant; `retry_after` is in seconds, None when Microsoft did not say."""

    kind = "throttled"


class NotFound(DefenderError):
    kind = "not_found"


class MicrosoftFault(DefenderError):
    kind = "microsoft_fault"


class Unreachable(MicrosoftFault):
    kind = "unreachable"


class TooLarge(MicrosoftFault):
    kind = "too_large"


class Untrustworthy(MicrosoftFault):
    """An answer that would lead us astray: a link elsewhere, a token of another tenant."""

    kind = "untrustworthy"


class ServerFault(MicrosoftFault):
    """A status of 500 or more: of this request, or of all."""


class Unreadable(MicrosoftFault):
    """An answer that is no JSON, or not what was asked for."""


class Endless(MicrosoftFault):
    """A list that goes round in circles."""
