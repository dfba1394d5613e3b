"""The people who sign in: the provider's own, and three of each customer with different rights."""

import random
import uuid
from dataclasses import dataclass

from simulator import cast

GLOBAL, CLOUD_APPLICATION = "Global Administrator", "Cloud Application Administrator"
STAFF = (
    ("Ines Ahlgren", "ines.ahlgren", GLOBAL),
    ("Jonas Dahl", "jonas.dahl", "Security Analyst"),
    ("Elif Okafor", "elif.okafor", "Security Analyst"),
    ("Karin Moreau", "karin.moreau", "Service Manager"),
    ("Hugo Becker", "hugo.becker", "Office Services"),
)
TITLES = (GLOBAL, CLOUD_APPLICATION, "Employee")


@dataclass
class Person:
    """Somebody with an account in the directory `tid`; `email` is empty for who has no mailbox."""

    tid: str
    oid: str
    name: str
    username: str
    title: str
    email: str = ""
    roles: tuple[str, ...] = ()  # app roles, which an ID token names

    @property
    def may_consent(self) -> bool:
        """Graph's application permissions are for a Global Administrator to grant, and for no lesser one."""
        return self.title == GLOBAL


def staff(seed: int, tid: str, domain: str) -> list[Person]:
    """The provider's administrator, analysts and manager, and one who has nothing to do with security."""
    return [made(seed, tid, domain, *entry) for entry in STAFF]


def employees(seed: int, tid: str, domain: str) -> list[Person]:
    """The first of the organisation's people whose names differ, one for each title."""
    names = list(dict.fromkeys(cast.person(tid, index) for index in range(40)))
    pairs = zip(names, TITLES, strict=False)
    return [made(seed, tid, domain, name, login, title) for (name, login), title in pairs]


def made(seed: int, tid: str, domain: str, name: str, login: str, title: str) -> Person:
    chance = random.Random(f"{seed}{tid}{login}")
    oid = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    username = f"{login}@{domain}"
    return Person(tid, oid, name, username, title, email="" if title == CLOUD_APPLICATION else username)
