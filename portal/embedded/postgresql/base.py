import os
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from portal.embedded import postgres
from portal.embedded.postgresql import refusals
from tenants.roles import ROLES

# A page that takes longer is nobody's: the person has gone, and others wait.
WEB_LIMITS = "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        # By it an operator finds the process behind a session.
        params["application_name"] = f"utkik {os.getpid()}"
        if self.settings_dict["EMBEDDED"]:
            user = ROLES[self.settings_dict["ROLE"]]
            params |= {"host": str(postgres.socket_folder(settings.STATE_DIR)), "user": user}
        if self.settings_dict["ROLE"] == "web":
            params.setdefault("options", WEB_LIMITS)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if self.settings_dict["EMBEDDED"]:
            postgres.ensure(settings.STATE_DIR)
        connection = super().get_new_connection(conn_params)
        refusals.of_another_cloud(connection)
        refusals.of_another_role(connection, self.settings_dict["ROLE"])
        return connection
