"""What must be set before an installation starts; commands that need less ask for less."""

from pathlib import Path

from django.conf import settings


def problem() -> str:
    """One sentence about the first setting that is missing or malformed; '' when all is well."""
    for name in ("ENTRA_CLIENT_ID", "ENTRA_HOME_TENANT_ID"):
        if not getattr(settings, name):
            return f"{name} is not set; .env.example explains it."
    if bool(settings.ENTRA_CLIENT_SECRET) == bool(settings.ENTRA_CERTIFICATE):
        return "Exactly one of ENTRA_CLIENT_SECRET and ENTRA_CERTIFICATE must be set."
    return certificate_problem() if settings.ENTRA_CERTIFICATE else ""


def certificate_problem() -> str:
    path = Path(settings.ENTRA_CERTIFICATE)
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return f"ENTRA_CERTIFICATE names a file that cannot be read: {path}"
    if "PRIVATE KEY-----" not in text or "BEGIN CERTIFICATE-----" not in text:
        return f"ENTRA_CERTIFICATE must name a PEM file with a private key and its certificate: {path}"
    return ""
