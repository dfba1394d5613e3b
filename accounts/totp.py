"""Codes of an authenticator app: RFC 6238 as every app speaks it, with SHA-1, six digits and thirty seconds."""

import base64
import hmac
import secrets
import struct
import time
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
KEY_BYTES = 20
# Clocks differ, and people take their time: the step before and the one after are good too.
EARLIER, LATER = 1, 1


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def code(key: bytes, step: int, digits: int = DIGITS) -> str:
    digest = hmac.digest(key, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 0x0F
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return str((number & 0x7FFFFFFF) % 10**digits).zfill(digits)


def step_now() -> int:
    return int(time.time()) // STEP_SECONDS


def step_of(key: bytes, given: str) -> int | None:
    """The step that the code belongs to, None when it is no code of these minutes."""
    now = step_now()
    around = range(now - EARLIER, now + LATER + 1)
    fitting = [step for step in around if hmac.compare_digest(code(key, step).encode(), given.encode())]
    return fitting[-1] if fitting else None


def spelled(key: bytes) -> str:
    """The key as people type it into an app."""
    return base64.b32encode(key).decode().rstrip("=")


def address(key: bytes, issuer: str, name: str) -> str:
    """What the QR code says."""
    label = quote(f"{issuer}:{name}")
    return f"otpauth://totp/{label}?secret={spelled(key)}&issuer={quote(issuer)}"
