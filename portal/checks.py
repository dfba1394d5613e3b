"""What must be set before an installation starts; commands that need less ask for less."""

from pathlib import Path

from django.conf import settings

CERTIFICATES = ("ENTRA_CERTIFICATE", "ENTRA_CERTIFICATE_NEXT")
SHARED = (
    "ENTRA_SIGNIN_CLIENT_ID is not set: people sign in with the monitor registration, and the web holds the credential "
    "that opens every customer's directory. docs/entra.md says how to register sign-in."
)


def problem(*, with_credential: bool = True) -> str:
    """One sentence about the first setting that is missing or malformed; '' when all is well."""
    for name in ("ENTRA_CLIENT_ID", "ENTRA_HOME_TENANT_ID"):
        if not getattr(settings, name):
            return f"{name} is not set; .env.example explains it."
    return credential_problem() if with_credential else ""


def credential_problem() -> str:
    if bool(settings.ENTRA_CLIENT_SECRET) == bool(settings.ENTRA_CERTIFICATE):
        return "Exactly one of ENTRA_CLIENT_SECRET and ENTRA_CERTIFICATE must be set."
    if settings.ENTRA_CLIENT_SECRET_NEXT and settings.ENTRA_CERTIFICATE_NEXT:
        return "ENTRA_CLIENT_SECRET_NEXT and ENTRA_CERTIFICATE_NEXT are both set: only one may be."
    problems = [certificate_problem(name) for name in CERTIFICATES if getattr(settings, name)]
    return next(filter(None, problems), "")


def certificate_problem(name: str) -> str:
    path = Path(getattr(settings, name))
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return f"{name} names a file that cannot be read: {path}"
    if "PRIVATE KEY-----" not in text or "BEGIN CERTIFICATE-----" not in text:
        return f"{name} must name a PEM file with a private key and its certificate: {path}"
    return ""


def warning() -> str:
    """One sentence about a credential that is shared by parts that should not; '' when all is well."""
    shared = settings.ENTRA_CLIENT_SECRET or settings.ENTRA_CERTIFICATE
    return SHARED if shared and not settings.ENTRA_SIGNIN_CLIENT_ID else ""
