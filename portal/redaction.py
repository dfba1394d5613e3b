"""No secret reaches a log, whoever writes there: every record of the process is cleared of them when it is made.

A filter would have to stand on each handler, and libraries bring their own; the record itself passes through all.
"""

import logging
import logging.config
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.views.debug import SafeExceptionReporterFilter

REDACTED = "[redacted]"
SHORTEST_SECRET = 6
# What OAuth, our forms and our cookies call what nobody else may know.
NAMES = (
    "access_token|assertion|client_assertion|client_secret|code|code_verifier|csrfmiddlewaretoken|id_token|nonce|"
    "password|recovery_code|refresh_token|session_state|state|utkik-csrf|utkik-session|x-csrftoken|authorization"
)
RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), REDACTED),
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]{4,}(\.[\w-]*)?", re.ASCII), REDACTED),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE | re.ASCII), rf"\1 {REDACTED}"),
    # As a query or a cookie has it, and as JSON or Python shows it.
    (re.compile(rf"(?<![\w-])({NAMES})=[^&\s;\"'<>]+", re.IGNORECASE), rf"\1={REDACTED}"),
    (re.compile(rf"(b?[\"']({NAMES})[\"']\s*[:,]\s*)b?([\"']).*?(?<!\\)\3", re.IGNORECASE), rf"\1\3{REDACTED}\3"),
    (re.compile(r"(?<=/connect/)(?!identity|callback)[^/\s\"'?&]+"), REDACTED),
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"), rf"\1{REDACTED}"),
)


class Redaction:
    """Takes from a text what looks like a secret, and what is one of this installation's."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {form for one in secrets if len(one) >= SHORTEST_SECRET for form in (one, quote(one, safe=""))}
        longest_first = sorted(spellings, key=len, reverse=True)
        self.known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self.known:
            text = self.known.sub(REDACTED, text)
        for pattern, replacement in RULES:
            text = pattern.sub(replacement, text)
        return text


redact = Redaction()


class Record(logging.LogRecord):
    """A record without secrets: in its message, its traceback and its stack."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.exc_info and self.exc_info[0]:
            # A formatter takes this text in place of one of its own.
            self.exc_text = redact("".join(traceback.format_exception(*self.exc_info)).rstrip("\n"))
        if self.stack_info:
            self.stack_info = redact(self.stack_info)

    def getMessage(self) -> str:  # noqa: N802
        return redact(super().getMessage())


class ErrorReport(SafeExceptionReporterFilter):
    """What Django's own page of an error shows with DEBUG: no variable's value, no setting that may be secret."""

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|CERTIFICATE|DATABASE|REDIS|ENVIRON", re.IGNORECASE
    )

    def is_active(self, request: Any) -> bool:
        return True

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> list[tuple[str, Any]]:
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]


def configure(config: dict[str, Any]) -> None:
    """Set up logging, as Django asks at the start of every process."""
    global redact
    redact = Redaction(secrets())
    logging.setLogRecordFactory(Record)
    sys.excepthook, threading.excepthook = uncaught, uncaught_in_thread
    logging.config.dictConfig(config)


def secrets() -> Iterable[str]:
    """The secrets that this process holds."""
    yield settings.SECRET_KEY
    for name in ("ENTRA_CLIENT_SECRET", "ENTRA_CLIENT_SECRET_NEXT", "ENTRA_SIGNIN_CLIENT_SECRET"):
        yield getattr(settings, name)
    for database in settings.DATABASES.values():
        yield database.get("PASSWORD") or ""
    yield urlsplit(settings.REDIS_URL).password or ""


def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit and args.exc_value is not None:
        uncaught(args.exc_type, args.exc_value, args.exc_traceback)
