"""Attack stories: what happens, how bad it is, which product sees it, and what it leaves behind."""

from simulator.stories import clouds, endpoint, identity, mail
from simulator.stories.shapes import Step, Story

__all__ = ["ALONE", "STORIES", "Step", "Story", "named"]

STORIES = (
    identity.REPLAY,
    endpoint.RANSOMWARE,
    mail.CONSENT,
    identity.SPRAY,
    endpoint.MALWARE,
    identity.LATERAL,
    clouds.CONTAINER,
    clouds.STORAGE,
    identity.DOWNLOADS,
    mail.TEAMS,
    mail.REPORTED,
    clouds.REPOSITORY,
    endpoint.CAMERA,
    mail.ASSISTANT,
    endpoint.PERSISTENCE,
    clouds.INVENTORY,
    identity.RECONNAISSANCE,
    identity.INSIDER,
    mail.REMOVED,
    mail.UNUSED,
    endpoint.EXPERTS,
    endpoint.INFRASTRUCTURE,
    clouds.ANALYTICS,
)
ALONE = (mail.REPORTED, mail.REMOVED, endpoint.MALWARE)  # what raises alerts that belong to no incident


def named(kind: str) -> Story:
    """The story of that kind; KeyError when there is none."""
    return {story.kind: story for story in STORIES}[kind]
