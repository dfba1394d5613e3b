"""What a person's sign-in has earned: sessions of browsers, authorisation codes and refresh tokens."""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

CODE_LIFE, REFRESH_LIFE = timedelta(minutes=10), timedelta(days=90)


@dataclass
class Grant:
    """What a person allowed a client; the last four bind the code and are empty for a refresh token."""

    client_id: str
    oid: str
    tid: str
    scopes: tuple[str, ...]
    ends_at: datetime
    nonce: str = ""
    redirect_uri: str = ""
    challenge: str = ""
    redeemed: bool = False


@dataclass
class Grants:
    """Each is known by a name that nobody can guess."""

    sessions: dict[str, str] = field(default_factory=dict)  # to the person's oid
    codes: dict[str, Grant] = field(default_factory=dict)
    refreshes: dict[str, Grant] = field(default_factory=dict)

    def session(self, oid: str) -> str:
        name = secrets.token_urlsafe(24)
        self.sessions[name] = oid
        return name

    def code(self, grant: Grant) -> str:
        name = f"1.{secrets.token_urlsafe(48)}"
        self.codes[name] = grant
        return name

    def refresh(self, grant: Grant, now: datetime) -> str:
        name = f"1.{secrets.token_urlsafe(64)}"
        self.refreshes[name] = replace(
            grant, ends_at=now + REFRESH_LIFE, nonce="", redirect_uri="", challenge="", redeemed=False
        )
        return name
