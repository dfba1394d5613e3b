"""How long the monitor credential lasts: a worker, which has it, writes down for the web what can be told of it."""

import logging

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from tenants import cloud, diagnosis
from tenants.models import CredentialStatus

log = logging.getLogger(__name__)


def look() -> None:
    """Write down what the settings of this process hold; a process without any says nothing."""
    found = [status(name) for name in cloud.named()]
    if not found:
        return
    before = {known.setting: known.level for known in CredentialStatus.objects.all()}
    for each in found:
        if each.level and each.level != before.get(each.setting):
            log.warning("%s: %s", each.setting, each.problem or f"it expires in {each.days_left} days.")
    with transaction.atomic():
        CredentialStatus.objects.exclude(setting__in=[each.setting for each in found]).delete()
        for each in found:
            each.save()


def status(name: str) -> CredentialStatus:
    seen = CredentialStatus(setting=name, seen_at=timezone.now())
    if not seen.is_certificate:
        return seen
    try:
        certificate = diagnosis.certificate(name)
    except (diagnosis.Unwell, ImproperlyConfigured) as error:
        seen.problem = str(error)[:300]
    else:
        seen.expires_at, seen.fingerprint = certificate.expires_at, certificate.thumbprint[-8:]
    return seen
