import os
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base

from portal.embedded import postgres


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        # By it an operator finds the process behind a session.
        params["application_name"] = f"utkik {os.getpid()}"
        if not settings.DATABASE_URL:
            params |= {"host": str(postgres.socket_folder(settings.STATE_DIR)), "user": postgres.ROLE}
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if not settings.DATABASE_URL:
            postgres.ensure(settings.STATE_DIR)
        connection = super().get_new_connection(conn_params)
        refuse_another_cloud(connection)
        return connection


def refuse_another_cloud(connection: Any) -> None:
    """A database made for one cloud is never used with another: their incidents would mix."""
    made_for = cloud_of(connection)
    if made_for is not None and place(made_for) != place(settings.MICROSOFT_CLOUD_URL):
        connection.close()
        raise ImproperlyConfigured(
            f"This database was made for {made_for or 'the real Microsoft cloud'} and is refused with "
            f"{settings.MICROSOFT_CLOUD_URL or 'the real one'}: choose another STATE_DIR or DATABASE_URL."
        )


def cloud_of(connection: Any) -> str | None:
    """The cloud that the database was made for; None while it is empty."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('tenants_cloud')")
        row = cursor.fetchone()
        if row[0] is not None:
            cursor.execute("SELECT url FROM tenants_cloud")
            row = cursor.fetchone() or (None,)
    connection.rollback()
    return None if row is None or row[0] is None else str(row[0])


def place(url: str) -> tuple[str, str | None]:
    """Scheme and host; the port of a simulated cloud may change from one start to the next."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname
