"""Wake-ups for the proof of consents: a message carries no work, the database does."""

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from tenants import credentials, proving

PROOFS_A_WAKE = 20
# What is due later than this, the next tick finds.
TICK_SECONDS = 10.0

log = logging.getLogger(__name__)


@shared_task
def prove() -> None:
    """Make the proofs that are due, one after another, each under its own lease."""
    for _ in range(PROOFS_A_WAKE):
        invitation = proving.claim_due()
        if invitation is None:
            return
        pause = proving.attempt(invitation)
        if pause is not None and pause.total_seconds() < TICK_SECONDS:
            wake(pause.total_seconds())


@shared_task
def look_at_credentials() -> None:
    """Tell the web how long the credentials of this worker last."""
    credentials.look()


def wake(seconds: float = 0) -> None:
    """Have a worker look after so many seconds; a wake-up that cannot be sent costs one tick."""
    try:
        prove.apply_async(countdown=seconds, expires=seconds + TICK_SECONDS, retry=False)
    except OperationalError:
        log.warning("No worker could be woken; the next tick finds what is due.")
