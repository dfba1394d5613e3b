"""The secret key of an installation that was given none."""

import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def made_once(path: Path) -> str:
    """The text of the file, made at the first start; of two starters at one moment the first one's counts."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh.touch(mode=0o600)
        except OSError as error:
            raise ImproperlyConfigured(f"SECRET_KEY is not set, and none can be kept in {path.parent}.") from error
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        fresh.unlink()
    return path.read_text().strip()
