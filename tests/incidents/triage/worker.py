"""A worker of its own process that carries one edit: told the test's database and cloud, to be killed under way."""

import os
import sys


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.conf import settings

    name, settings.MICROSOFT_CLOUD_URL, settings.ENTRA_CLIENT_ID, settings.ENTRA_CLIENT_SECRET = sys.argv[1:]
    settings.DATABASES["default"]["NAME"] = name
    django.setup()
    from incidents.triage import carrying, claims

    (edit,) = claims.claim_due()
    carrying.carry(edit)


if __name__ == "__main__":
    main()
